/**
 * Objects that go only because their content has changed: their names end in a hash of it, and the same release brings one
 * that differs in the hash alone. That is what a change of content is for an object that cannot be changed in place, and
 * nothing is lost by it: all that they are stands in Git. In: objects that a tree drops, and those that it brings. Out:
 * those dropped that are replaced, one for each that comes.
 */
import { type ObjectId, parseObjectId } from "../model/kube-object.ts";

/** What a tree has that another one has not. */
export interface DroppedObjects {
  readonly objects: readonly ObjectId[];
  /** Those among them of which the other tree has the next version, under another name. */
  readonly replaced: ReadonlySet<ObjectId>;
}

/** Kinds that are named so, by what their hashes look like. */
const hashes: Readonly<Record<string, RegExp>> = {
  // Hooks of charts (`helm.hooks: apply`).
  "batch/Job": /-[0-9a-f]{8}$/,
  // Generators of kustomizations.
  "/ConfigMap": /-[2456789bcdfghkmt]{10}$/,
  "/Secret": /-[2456789bcdfghkmt]{10}$/,
};

/** Those of `dropped` in whose place one of `brought` comes. */
export function replacedObjects(
  dropped: readonly ObjectId[],
  brought: readonly ObjectId[],
): ReadonlySet<ObjectId> {
  const going = Map.groupBy(dropped, stemOf);
  going.delete(undefined);
  if (going.size === 0) return new Set();
  const coming = Map.groupBy(brought, stemOf);
  return new Set(
    [...going].flatMap(([stem, objects]) =>
      objects.toSorted().slice(0, coming.get(stem)?.length ?? 0),
    ),
  );
}

/** What an object is without the hash in its name; undefined where there is none. */
function stemOf(id: ObjectId): string | undefined {
  const key = parseObjectId(id);
  if (key === undefined) return undefined;
  const { group, kind, namespace, name } = key;
  const hash = hashes[`${group}/${kind}`];
  if (hash === undefined || !hash.test(name)) return undefined;
  return JSON.stringify([group, kind, namespace, name.replace(hash, "")]);
}
