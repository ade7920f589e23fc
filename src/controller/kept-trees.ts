import { keptIds } from "../core/apply/kept-objects.ts";
import type { ObjectId } from "../core/model/kube-object.ts";
import type { TreeId } from "../core/render/rendered.ts";
import type { MirrorSnapshot } from "./mirror-snapshot.ts";
import type { ReadMirror } from "./planner-input.ts";
import type { Rendering } from "./rendering.ts";
import { readVariant, standingTrees } from "./standing-variants.ts";

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
  async learn(mirrors: readonly ReadMirror[], rendering: Rendering): Promise<void> {
    for (const { mirror, snapshot } of mirrors) {
      if (this.#seen.has(snapshot)) continue;
      for (const tree of standingTrees(snapshot)) {
        if (this.#known.has(tree)) continue;
        const { objects } = rendering.variant(tree) ?? (await readVariant(mirror.store, tree));
        const kept = keptIds(objects);
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
