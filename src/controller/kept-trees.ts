import { keptIds } from "../core/apply/kept-objects.ts";
import { madeAnewIds } from "../core/apply/made-anew.ts";
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
const noDigests: ReadonlyMap<ObjectId, string> = new Map();

/**
 * Which objects of the trees that stand at sites are let go of instead of deleted, or may be deleted to be made anew. A
 * tree that was not looked at keeps nothing: then more is counted as deleted than will be, never less.
 */
export class KeptTrees {
  readonly #kept = new Map<TreeId, ReadonlySet<ObjectId>>();
  readonly #madeAnew = new Map<TreeId, ReadonlyMap<ObjectId, string>>();
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
        this.#note(tree, rendering.variant(tree) ?? (await readOrNull(mirror, tree)));
      }
      this.#seen.add(snapshot);
    }
  }

  #note(tree: TreeId, variant: Variant | null): void {
    const objects = variant === null || variant.isOrdinary === true ? [] : variant.objects;
    const kept = keptIds(objects);
    if (kept.size > 0) this.#kept.set(tree, kept);
    const madeAnew = madeAnewIds(objects);
    if (madeAnew.size > 0) this.#madeAnew.set(tree, madeAnew);
    this.#known.add(tree);
  }

  /** Of a tree that does not stand yet, what its rendering says; undefined where there is none. */
  madeAnewOf(
    tree: TreeId,
    rendering: Pick<Rendering, "variant">,
  ): ReadonlyMap<ObjectId, string> | undefined {
    if (!this.#known.has(tree)) {
      const variant = rendering.variant(tree);
      if (variant === undefined) return undefined;
      this.#note(tree, variant);
    }
    return this.#madeAnew.get(tree) ?? noDigests;
  }

  of(tree: TreeId): ReadonlySet<ObjectId> {
    return this.#kept.get(tree) ?? none;
  }
}
