import { keptIds } from "../core/apply/kept-objects.ts";
import { FleetError } from "../core/errors.ts";
import type { ObjectId } from "../core/model/kube-object.ts";
import type { TreeId, Variant } from "../core/render/rendered.ts";
import type { MirrorRepository } from "./mirror-repository.ts";
import type { MirrorSnapshot } from "./mirror-snapshot.ts";
import type { ReadMirror } from "./planner-input.ts";
import type { Rendering } from "./rendering.ts";
import { readVariant, standingTrees } from "./standing-variants.ts";

/** A tree that cannot be read holds up nothing: nothing of it is known to be kept. */
async function readOrNull({ store }: MirrorRepository, tree: TreeId): Promise<Variant | null> {
  try {
    return await readVariant(store, tree);
  } catch (error) {
    if (error instanceof FleetError && error.code === "STATE_CORRUPT") return null;
    throw error;
  }
}

const none: ReadonlySet<ObjectId> = new Set();

/**
 * Which objects of the trees that stand at sites are let go of instead of deleted. A tree that was not looked at keeps
 * nothing: then more is counted as deleted than will be, never less.
 */
export class KeptTrees {
  readonly #kept = new Map<TreeId, ReadonlySet<ObjectId>>();
  readonly #known = new Set<TreeId>();
  readonly #seen = new WeakSet<MirrorSnapshot>();

  /** Looks at what has come to stand since the last time; reads only what is not rendered. */
  async learn(
    mirrors: readonly ReadMirror[],
    rendering: Pick<Rendering, "variant">,
  ): Promise<void> {
    for (const { mirror, snapshot } of mirrors) {
      if (this.#seen.has(snapshot)) continue;
      for (const tree of standingTrees(snapshot)) {
        if (this.#known.has(tree)) continue;
        const variant = rendering.variant(tree) ?? (await readOrNull(mirror, tree));
        const kept = variant === null ? none : keptIds(variant.objects);
        if (kept.size > 0) this.#kept.set(tree, kept);
        this.#known.add(tree);
      }
      this.#seen.add(snapshot);
    }
  }

  of(tree: TreeId): ReadonlySet<ObjectId> {
    return this.#kept.get(tree) ?? none;
  }
}
