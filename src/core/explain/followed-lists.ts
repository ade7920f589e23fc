/** How the items of lists without names are followed through the versions of an object. */
import { type Json, isSameJson } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { MergeSchema } from "../render/merge-schema.ts";
import type { FieldSetting } from "./field-setting.ts";
import { type FieldStep, type Lists, findField, leafFields } from "./field-steps.ts";

/** An object behind a change, and what that change says of a field. */
export interface Version {
  readonly object: KubeObject;
  tell(steps: readonly FieldStep[]): Omit<FieldSetting, "value" | "isRemoved">;
  /** The value that stands where `tell` finds the field; undefined where that is not known. */
  says(steps: readonly FieldStep[]): Json | undefined;
}

/** The lists of an object. Versions: oldest first. */
export function followedLists(versions: readonly Version[], schema: MergeSchema): Lists {
  const known = new Map<string, boolean>();
  const keyOf = (list: readonly FieldStep[]): string | undefined => mergeKeyAt(schema, list);
  const whole: Lists = { keyOf, isByPosition: () => true };
  return {
    keyOf,
    isByPosition(list) {
      const id = JSON.stringify(list);
      const isByPosition = known.get(id) ?? keepsPositions(list, { versions, lists: whole });
      known.set(id, isByPosition);
      return isByPosition;
    },
  };
}

/** The key by which patches merge the items of a list; undefined where there is none, or several. */
function mergeKeyAt(schema: MergeSchema, list: readonly FieldStep[]): string | undefined {
  let at = schema;
  let keys: readonly string[] = [];
  for (const step of list) {
    if (!("key" in step)) continue;
    const field = at.field(step.key);
    keys = field.strategy === "merge" ? field.keys : [];
    at = field.items;
  }
  return keys.length === 1 ? keys[0] : undefined;
}

/** Whether each change says itself what it put at a position: then it has moved no item to another one. */
function keepsPositions(
  list: readonly FieldStep[],
  { versions, lists }: { readonly versions: readonly Version[]; readonly lists: Lists },
): boolean {
  return versions.every((version, index) => {
    const before = versions[index - 1]?.object;
    const { value } = findField(version.object, list);
    const fields = value === undefined ? [] : leafFields(value, { lists, above: list });
    return fields.every((steps) => {
      const item = findField(version.object, steps).value;
      return (
        isSameField(item, findField(before, steps).value) || isSameField(item, version.says(steps))
      );
    });
  });
}

/** Whether a version gives a field a value: another one, or once more with the list that it stands in. */
export function isSet(
  version: Version,
  before: KubeObject | undefined,
  steps: readonly FieldStep[],
): boolean {
  const { value } = findField(version.object, steps);
  if (!isSameField(value, findField(before, steps).value)) return true;
  const depth = steps.findIndex((step) => "position" in step);
  if (value === undefined || depth < 0) return false;
  const list = steps.slice(0, depth);
  const isSameList = isSameField(
    findField(version.object, list).value,
    findField(before, list).value,
  );
  return !isSameList && isSameField(value, version.says(steps));
}

/** Whether two fields are the same; one that is not there is no other. */
export function isSameField(a: Json | undefined, b: Json | undefined): boolean {
  return a === undefined || b === undefined ? a === b : isSameJson(a, b);
}
