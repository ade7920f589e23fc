/** Takes out of a merged object what the applier applied last time and no longer does, unless others own it. */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import { type FieldSet, difference, intersection, isSubset, union } from "./field-set.ts";
import type { FieldType } from "./schema.ts";
import { fieldsOfValue, removeFields, withDeclaredFields } from "./value-fields.ts";

/** The sets that decide what stays. */
export interface Pruning {
  /** What the applier owned before. */
  readonly last: FieldSet | undefined;
  /** What it applies now. */
  readonly now: FieldSet;
  /** What other managers own. */
  readonly others: readonly FieldSet[];
}

/** The object without the fields that are to go; a map or list of which nothing is left is null. */
export function pruneFields(merged: JsonObject, pruning: Pruning, type: FieldType): JsonObject {
  const { last, now, others } = pruning;
  if (last === undefined || isSubset(last, now)) return merged;
  const lastSet = withDeclaredFields(last, type);
  const setOf = (value: Json): FieldSet => withDeclaredFields(fieldsOfValue(value, type), type);
  const mergedSet = setOf(merged);
  const owned = withDeclaredFields(others.reduce(union, now), type);
  // All that was applied goes, then comes back what somebody owns, then what was never the applier's.
  const bare = removeFields(merged, lastSet, type);
  const withOwned = removeFields(merged, difference(mergedSet, union(setOf(bare), owned)), type);
  const going = intersection(difference(mergedSet, setOf(withOwned)), lastSet);
  const pruned = removeFields(merged, going, type);
  return isJsonObject(pruned) ? pruned : {};
}
