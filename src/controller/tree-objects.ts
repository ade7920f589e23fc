import type { ObjectId } from "../core/model/kube-object.ts";
import type { TreeId } from "../core/render/rendered.ts";
import type { MirrorRepository } from "./mirror-repository.ts";
import type { Rendering } from "./rendering.ts";

/** The objects of any tree that stands in a mirror or was rendered; an empty set for one that nobody knows. */
export function treeObjects(
  rendering: Rendering,
  mirrors: Iterable<MirrorRepository>,
): (tree: TreeId) => ReadonlySet<ObjectId> {
  const all = [...mirrors];
  const known = new Map<TreeId, ReadonlySet<ObjectId>>();
  return (tree) => {
    let objects = known.get(tree);
    if (objects === undefined) {
      objects = find(tree, rendering, all);
      known.set(tree, objects);
    }
    return objects;
  };
}

function find(
  tree: TreeId,
  rendering: Rendering,
  mirrors: readonly MirrorRepository[],
): ReadonlySet<ObjectId> {
  const variant = rendering.variant(tree);
  if (variant !== undefined) return new Set(variant.objects.map(({ id }) => id));
  for (const mirror of mirrors) {
    const objects = mirror.objectsOf(tree);
    if (objects !== undefined) return objects;
  }
  return new Set();
}
