/**
 * Objects that are deleted and made anew where a release changes what cannot be changed: those with the annotation
 * `flotilla.dev/immutable: recreate` in the version before and in the one after. In: objects as they stand in Git. Out:
 * whether an object says so itself. Never a kind of which no immutable field is known, and never what is protected:
 * what is lost with that does not come back.
 */
import { type Json, isJsonObject } from "../model/json.ts";
import { type KubeObject, type ObjectId, keyOf, objectId } from "../model/kube-object.ts";
import { isProtectedByContent, isProtectedKind } from "../rollout/protected-objects.ts";
import { immutableFieldsOf, immutableValues } from "./immutable-fields.ts";
import { innerFields } from "./owned-fields.ts";
import { hashOf } from "./ownership.ts";

const annotation = "flotilla.dev/immutable";
const word = "recreate";

/** Whether the object, in this version, may be deleted to be made anew. */
export function mayBeMadeAnew(object: KubeObject): boolean {
  const { annotations } = object.metadata;
  if (!isJsonObject(annotations) || annotations[annotation] !== word) return false;
  if (immutableFieldsOf(object).length === 0) return false;
  return !isProtectedKind(objectId(keyOf(object))) && !isProtectedByContent(object);
}

/** Whether an object was applied so, by its fields as a row has them (JSON of a FieldsV1, or empty). */
export function wasToBeMadeAnew(owned: string): boolean {
  const fields = owned === "" ? null : (JSON.parse(owned) as Json); // written when it was applied
  if (!isJsonObject(fields)) return false;
  const annotations = innerFields(innerFields(fields, "f:metadata"), "f:annotations");
  return `f:${annotation}` in annotations;
}

/** Whether a refusal is of such a field, by the paths that it names; a parent of one is as good. */
export function isOfFixedField(object: KubeObject, named: readonly string[]): boolean {
  const fields = immutableFieldsOf(object).map((path) => `${path}.`);
  const paths = named.map((path) => `${path.replace(/\[.*$/, "")}.`);
  return paths.some((path) =>
    fields.some((field) => path.startsWith(field) || field.startsWith(path)),
  );
}

/**
 * The objects among these that may be made anew, each with a digest of its fixed fields: in a tree where it has another
 * one, it is another object.
 */
export function madeAnewIds(
  objects: readonly { readonly id: ObjectId; readonly object: KubeObject }[],
): ReadonlyMap<ObjectId, string> {
  const own = objects.filter(({ object }) => mayBeMadeAnew(object));
  return new Map(own.map(({ id, object }) => [id, hashOf(immutableValues(object))]));
}
