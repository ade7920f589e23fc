/** How the items of lists without names are followed through the versions of an object. */
import { type Json, isSameJson } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { FieldSchema, MergeSchema } from "../render/merge-schema.ts";
import type { FieldSetting } from "./field-setting.ts";
import {
  type FieldStep,
  type ItemKey,
  type Lists,
  findField,
  leafFields,
  namedItems,
} from "./field-steps.ts";

/** An object behind a change, and what that change says of a field. */
export interface Version {
  readonly object: KubeObject;
  tell(steps: readonly FieldStep[]): Omit<FieldSetting, "value" | "isRemoved">;
  /** The value that stands where `tell` finds the field; undefined where that is not known. */
  says(steps: readonly FieldStep[]): Json | undefined;
  /** Whether the change gives a field the value that it had before; default: it does not. */
  repeats?(steps: readonly FieldStep[]): boolean;
}

/** The lists of an object. Versions: oldest first. */
export function followedLists(versions: readonly Version[], schema: MergeSchema): Lists {
  const known = new Map<string, boolean>();
  const keys = new Map<string, readonly ItemKey[] | undefined>();
  const keysOf: Lists["keysOf"] = (list) => {
    const id = JSON.stringify(list);
    if (!keys.has(id)) keys.set(id, tellingKeys(list, { versions, schema }));
    return keys.get(id);
  };
  const whole: Lists = { keysOf, isByPosition: () => true };
  return {
    keysOf,
    isByPosition(list) {
      const id = JSON.stringify(list);
      const isByPosition = known.get(id) ?? keepsPositions(list, { versions, lists: whole });
      known.set(id, isByPosition);
      return isByPosition;
    },
  };
}

/** The fewest of the keys of a list that tell its items apart in every version. */
function tellingKeys(
  list: readonly FieldStep[],
  { versions, schema }: { readonly versions: readonly Version[]; readonly schema: MergeSchema },
): readonly ItemKey[] | undefined {
  return possibleKeys(fieldAt(schema, list)).find((keys) =>
    versions.every(({ object }) => {
      const { value } = findField(object, list);
      return !Array.isArray(value) || namedItems(value as readonly Json[], keys) !== undefined; // isArray loses the type of items
    }),
  );
}

/** The keys by which patches merge a list; then those with what else tells its items apart. */
function possibleKeys(field: FieldSchema | undefined): readonly (readonly ItemKey[])[] {
  if (field?.strategy !== "merge" || field.keys.length === 0) return [];
  const { keys, defaults = {}, second } = field;
  const merging = keys.map((by) => itemKey(by, defaults[by]));
  return second === undefined
    ? [merging]
    : [merging, [...merging, itemKey(second.name, second.fallback)]];
}

function itemKey(by: string, fallback: Json | undefined): ItemKey {
  return fallback === undefined ? { by } : { by, fallback };
}

function fieldAt(schema: MergeSchema, list: readonly FieldStep[]): FieldSchema | undefined {
  let at = schema;
  let field: FieldSchema | undefined;
  for (const step of list) {
    if (!("key" in step)) continue;
    field = at.field(step.key);
    at = field.items;
  }
  return field;
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

/** Whether a version gives a field a value: another one, the same once more, or so with the list that it stands in. */
export function isSet(
  version: Version,
  before: KubeObject | undefined,
  steps: readonly FieldStep[],
): boolean {
  const { value } = findField(version.object, steps);
  if (!isSameField(value, findField(before, steps).value)) return true;
  if (value === undefined) return false;
  if (version.repeats?.(steps) === true) return true;
  const depth = steps.findIndex((step) => "position" in step);
  if (depth < 0) return false;
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
