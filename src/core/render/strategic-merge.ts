/**
 * Strategic merge patches as the API server applies them: maps are merged, lists as the schema says (merged by key, as
 * a set, or replaced), `null` deletes, and the directives `$patch`, `$retainKeys`, `$setElementOrder/<list>` and
 * `$deleteFromPrimitiveList/<list>` do what they do there. Neither argument is changed.
 *
 * Where the API server would store a directive as it stands, drop the content beside it or refuse the patch, this does
 * what the directive says instead: inside content that is new (`$patch: replace` of nothing gives the content, nulls
 * mean absent), and for `$patch: merge`, which asks for what happens anyway.
 */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { tellDoubts } from "./list-doubts.ts";
import { type FoundInPatch, type MergeContext, inside, problem } from "./merge-context.ts";
import {
  checkOrder,
  idOf,
  interleave,
  isListDeletion,
  isUniform,
  removeFromList,
  unique,
} from "./merge-list.ts";
import type { FieldSchema, MergeSchema } from "./merge-schema.ts";

/** A problem stops the whole patch; `path` is the field as a JSON pointer. */
export type PatchResult<T> =
  | { readonly ok: true; readonly value: T; readonly doubts: readonly FoundInPatch[] }
  | { readonly ok: false; readonly path: string; readonly message: string };

const deletePrefix = "$deleteFromPrimitiveList/";
const orderPrefix = "$setElementOrder/";

/** Applies a patch to an object. An object whose patch says `$patch: delete` becomes empty. */
export function strategicMerge(
  original: JsonObject,
  patch: JsonObject,
  schema: MergeSchema,
): PatchResult<JsonObject> {
  const context: MergeContext = { path: "", problems: [], doubts: [] };
  const value = mergeMap({ original, patch, schema }, context);
  const [problem] = context.problems;
  return problem === undefined
    ? { ok: true, value, doubts: context.doubts }
    : { ok: false, ...problem };
}

/** Merges one map into another. */
function mergeMap(
  input: { original: JsonObject; patch: JsonObject; schema: MergeSchema },
  context: MergeContext,
): JsonObject {
  const { schema } = input;
  const { $patch: directive, ...patch } = input.patch;
  if (directive === "delete") return {};
  if (directive === "replace") return newMap(patch, schema, context);
  if (directive !== undefined && directive !== "merge") {
    problem(context, `unknown directive $patch: ${JSON.stringify(directive)}`);
  }
  const result = new Map(Object.entries(input.original));
  retainKeys(result, patch, context);
  const ordered = mergeOrdered(result, { patch, schema }, context);
  for (const [key, value] of Object.entries(patch)) {
    if (key === "$retainKeys" || key.startsWith(orderPrefix) || ordered.has(key)) continue;
    if (key.startsWith(deletePrefix)) {
      removeListed(result, { key: key.slice(deletePrefix.length), value }, context);
    } else {
      mergeField(result, { key, value, field: schema.field(key) }, context);
    }
  }
  return Object.fromEntries(result);
}

function mergeField(
  result: Map<string, Json>,
  input: { key: string; value: Json; field: FieldSchema },
  outer: MergeContext,
): void {
  const { key, value, field } = input;
  const context = inside(outer, key);
  const original = result.get(key);
  if (value === null) {
    result.delete(key);
  } else if (isJsonObject(value) && isJsonObject(original)) {
    const merged =
      field.strategy === "replace"
        ? newMap(withoutDirective(value), field.items, context)
        : mergeMap({ original, patch: value, schema: field.items }, context);
    result.set(key, merged);
  } else if (Array.isArray(value) && Array.isArray(original)) {
    result.set(key, mergeList({ original, patch: value, field }, context));
  } else {
    const added = newValue(value, field, context);
    if (added === undefined) result.delete(key);
    else result.set(key, added);
  }
}

function withoutDirective(value: JsonObject): JsonObject {
  const { $patch: _directive, ...rest } = value;
  return rest;
}

/**
 * Content that meets nothing to merge with: what its directives ask for is done, nulls mean absent. A list that is
 * never merged is taken as it is, as where it replaces another.
 */
function newValue(value: Json, field: FieldSchema, context: MergeContext): Json | undefined {
  if (isJsonObject(value)) {
    return value["$patch"] === "delete" ? undefined : newMap(value, field.items, context);
  }
  if (!Array.isArray(value)) return value;
  return [...value.entries()].flatMap(([index, item]: [number, Json]) => {
    if (!isJsonObject(item)) return [item];
    if (!isItem(item)) return [];
    return field.strategy === "merge" ? newMap(item, field.items, inside(context, index)) : item;
  });
}

/** Merging into nothing carries out the directives inside and drops nulls. */
function newMap(patch: JsonObject, schema: MergeSchema, context: MergeContext): JsonObject {
  return mergeMap({ original: {}, patch, schema }, context);
}

function retainKeys(result: Map<string, Json>, patch: JsonObject, context: MergeContext): void {
  const keys = patch["$retainKeys"];
  if (keys === undefined) return;
  if (!Array.isArray(keys)) return problem(context, "$retainKeys must be a list of keys");
  const retained = new Set<Json>(keys);
  for (const [key, value] of Object.entries(patch)) {
    const isField = value !== null && !key.startsWith("$");
    if (isField && !retained.has(key)) {
      problem(context, `"${key}" is patched, but not in $retainKeys`);
    }
  }
  for (const key of result.keys()) if (!retained.has(key)) result.delete(key);
}

/** Merges the lists that a `$setElementOrder` names; gives their keys. */
function mergeOrdered(
  result: Map<string, Json>,
  { patch, schema }: { patch: JsonObject; schema: MergeSchema },
  outer: MergeContext,
): ReadonlySet<string> {
  const done = new Set<string>();
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith(orderPrefix)) continue;
    const key = directive.slice(orderPrefix.length);
    const context = inside(outer, directive);
    const [original, changes = []] = [result.get(key), patch[key]];
    if (![order, original ?? [], changes].every(Array.isArray)) {
      problem(context, `${directive} and what it orders must be lists`);
      continue;
    }
    done.add(key);
    const field = schema.field(key);
    const lists = { original: listOf(original), order: listOf(order), field };
    if (patch[key] !== undefined) {
      result.set(key, orderList({ ...lists, patch: listOf(changes) }, context));
    } else if (original !== undefined) {
      checkKeys(lists, context);
      result.set(key, interleave(lists.original, lists));
    }
  }
  return done;
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function removeListed(
  result: Map<string, Json>,
  { key, value }: { key: string; value: Json },
  context: MergeContext,
): void {
  const original = result.get(key);
  if (value === null) {
    result.delete(key);
  } else if (!Array.isArray(value)) {
    problem(inside(context, `${deletePrefix}${key}`), "must be a list of values");
  } else if (Array.isArray(original)) {
    result.set(key, removeFromList(original, value));
  }
}

type List = readonly Json[];

interface ListPatch {
  readonly original: List;
  readonly patch: List;
  readonly field: FieldSchema;
}

/** Merges a list of a patch into the one that is there. */
function mergeList(input: ListPatch, context: MergeContext): List {
  const { original, patch, field } = input;
  if (field.strategy !== "merge") return patch;
  if (!isUniform([...original, ...patch], context)) return original;
  const { items, kept } = mergeItems(input, context);
  const order = patch.filter((item) => !isListDeletion(item));
  return interleave(items, { order, original: kept, field });
}

/** Merges as `mergeList` does, then puts the items into the order of a `$setElementOrder` list. */
function orderList(input: ListPatch & { readonly order: List }, context: MergeContext): List {
  const { original, patch, order, field } = input;
  if (!isUniform([...original, ...patch], context)) return original;
  checkOrder(input, context);
  if (field.strategy !== "merge") return interleave(patch, input);
  const { items, kept } = mergeItems(input, context);
  // As the API server has it: added items count as standing where deleted ones have made room.
  const standing = [...kept, ...items.slice(kept.length)].slice(0, original.length);
  return interleave(items, { order, original: standing, field });
}

/** The merged items (added ones last), and those of the original that were not deleted. */
function mergeItems(
  { original, patch, field }: ListPatch,
  context: MergeContext,
): { items: List; kept: List } {
  const changes = patch.filter(isJsonObject);
  const isOfMaps = changes.length > 0 || original.some(isJsonObject);
  if (!isOfMaps) return { items: unique([...original, ...patch]), kept: original };
  if (field.keys.length === 0) {
    problem(context, "a list of objects without a merge key cannot be merged");
    return { items: original, kept: original };
  }
  const replaces = changes.some((change) => change["$patch"] === "replace");
  const deletions = changes.filter(isListDeletion);
  const deleted = new Set(deletions.map((change) => idOf(change, field, context)));
  const isKept = (item: Json): boolean => isJsonObject(item) && !deleted.has(idOf(item, field));
  if (replaces) return { items: newItems({ changes, field }, context), kept: [] };
  checkKeys({ original, field }, context);
  tellDoubts({ original, changes, field }, context);
  const kept = deletions.length === 0 ? original : original.filter(isKept);
  return { items: withChanges(kept, { changes, field }, context), kept };
}

/** Items can only be told apart by what all of them have. */
function checkKeys({ original, field }: Omit<ListPatch, "patch">, context: MergeContext): void {
  const { keys } = field;
  if (keys.length === 0 || original.every((item) => idOf(item, field) !== undefined)) return;
  problem(context, `an item of the patched list lacks the merge key "${keys.join()}"`);
}

/** Whether an entry of a patch's list is content; `$patch: replace` and `delete` only say what to do. */
function isItem({ $patch: directive, ...content }: JsonObject): boolean {
  if (directive === "replace" || directive === "delete") return false;
  return directive !== "merge" || Object.keys(content).length > 0;
}

interface Changes {
  readonly changes: readonly JsonObject[];
  readonly field: FieldSchema;
}

/** What stands in place of the whole list: nothing is merged, so that two may have one id. */
function newItems({ changes, field }: Changes, context: MergeContext): List {
  return [...changes.entries()].flatMap(([index, change]) => {
    if (!isItem(change)) return [];
    const inner = inside(context, index);
    idOf(change, field, inner);
    return newMap(change, field.items, inner);
  });
}

/** The items with each change merged into the first one of its id; one that meets none is added. */
function withChanges(kept: List, { changes, field }: Changes, context: MergeContext): List {
  const items = [...kept];
  const places = new Map<string | undefined, number>();
  for (const [index, item] of items.entries()) {
    const id = idOf(item, field);
    if (isJsonObject(item) && !places.has(id)) places.set(id, index);
  }
  for (const [index, change] of changes.entries()) {
    if (!isItem(change)) continue;
    const inner = inside(context, index);
    const id = idOf(change, field, inner);
    const at = places.get(id) ?? items.length;
    places.set(id, at);
    const original = items[at];
    items[at] = mergeMap(
      { original: isJsonObject(original) ? original : {}, patch: change, schema: field.items },
      inner,
    );
  }
  return items;
}
