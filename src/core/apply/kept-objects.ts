/**
 * Objects that are let go of, not deleted, when their app drops them or leaves: those with the annotation
 * `flotilla.dev/prune: keep`. Whatever the value, its mere presence keeps: a word that is not known deletes nothing.
 */
import { isJsonObject } from "../model/json.ts";
import type { KubeObject, ObjectId } from "../model/kube-object.ts";

const pruneAnnotation = "flotilla.dev/prune";

/** Its field. */
export const pruneMark = `.metadata.annotations.${pruneAnnotation}`;

/** True for an object that says so itself. */
export function isKept({ metadata: { annotations } }: KubeObject): boolean {
  return isJsonObject(annotations) && annotations[pruneAnnotation] !== undefined;
}

/** True for one that was applied so, by its fields as a row has them: somebody may have taken the annotation off since. */
export function wasKept(owned: string): boolean {
  return owned.includes(`"f:${pruneAnnotation}"`);
}

/** The objects among these that are kept. */
export function keptIds(
  objects: readonly { readonly id: ObjectId; readonly object: KubeObject }[],
): ReadonlySet<ObjectId> {
  return new Set(objects.filter(({ object }) => isKept(object)).map(({ id }) => id));
}
