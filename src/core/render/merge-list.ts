/**
 * What the merged lists of a strategic merge patch need to know: which items are the same, and how they are ordered. Order, as in the API server: what the patch names comes in the patch's order
 * (or that of `$setElementOrder`), the others are put between as they stood.
 */
import { type Json, canonicalJson, isJsonObject } from "../model/json.ts";
import type { FieldSchema } from "./merge-schema.ts";
import { type MergeContext, problem } from "./merge-context.ts";

type List = readonly Json[];

/** The scalars of a list without those listed. */
export function removeFromList(original: List, remove: List): List {
  const removed = new Set(remove.map(canonicalJson));
  return original.filter((item) => !removed.has(canonicalJson(item)));
}

/** Whether the items can be merged at all: all objects, or all scalars of one type. */
export function isUniform(items: List, context: MergeContext): boolean {
  const types = new Set(items.map((item) => (Array.isArray(item) ? "list" : typeof item)));
  if (types.has("list")) problem(context, "lists of lists cannot be merged");
  else if (types.size > 1) problem(context, "items of different types cannot be merged");
  return types.size <= 1 && !types.has("list");
}

/** An entry of a patch that deletes the item with its key. */
export function isListDeletion(item: Json): boolean {
  return isJsonObject(item) && item["$patch"] === "delete";
}

/** The merge key's value (of several keys: values); undefined when the item lacks it. */
export function idOf(item: Json, field: FieldSchema, context?: MergeContext): string | undefined {
  if (!isJsonObject(item)) return canonicalJson(item);
  const values: Json[] = [];
  for (const key of field.keys) {
    const value = item[key] ?? field.defaults?.[key];
    if (value === undefined) {
      if (context) problem(context, `an item of the patch lacks the merge key "${key}"`);
      return undefined;
    }
    values.push(value);
  }
  return canonicalJson(values);
}

/** Each value once, where it came first. */
export function unique(items: List): List {
  return [...new Map(items.map((item) => [canonicalJson(item), item])).values()];
}

interface Orders {
  readonly order: List;
  readonly original: List;
  readonly field: FieldSchema;
}

/** Items named in `order` come in its order, the rest keep their place among them as far as that is possible. */
export function interleave(items: List, { order, original, field }: Orders): List {
  const position = (list: List): ((item: Json) => number) => {
    const places = new Map<string | undefined, number>();
    for (const [index, item] of list.entries()) {
      const id = idOf(item, field);
      if (!places.has(id)) places.set(id, index);
    }
    return (item) => places.get(idOf(item, field)) ?? -1;
  };
  const [inOrder, inOriginal] = [position(order), position(original)];
  const named = items.filter((item) => inOrder(item) >= 0).sort((a, b) => inOrder(a) - inOrder(b));
  const placed = items
    .filter((item) => inOrder(item) < 0)
    .map((item) => ({ item, at: inOriginal(item) }));
  // Those of one id come together: so the API server has it.
  if (placed.every(({ at }) => at >= 0)) placed.sort((a, b) => a.at - b.at);
  const result: Json[] = [];
  let taken = 0;
  for (const item of named) {
    const at = inOriginal(item);
    const from = taken;
    while (isBefore(placed[taken]?.at ?? -1, at)) taken += 1;
    for (const other of placed.slice(from, taken)) result.push(other.item);
    result.push(item);
  }
  return [...result, ...placed.slice(taken).map((other) => other.item)];
}

function isBefore(place: number, other: number): boolean {
  return place >= 0 && place < other;
}

/** The patched items must come in the order that `$setElementOrder` gives them. */
export function checkOrder(
  { patch, order, field }: { patch: List; order: List; field: FieldSchema },
  context: MergeContext,
): void {
  if (order.length === 0) return;
  const wanted = order.map((item) => idOf(item, field, context));
  let from = 0;
  for (const item of patch) {
    if (isJsonObject(item) && item["$patch"] !== undefined) continue;
    const at = wanted.indexOf(idOf(item, field), from);
    if (at < 0) return problem(context, "its order differs from that of the patched list");
    from = at + 1;
  }
}
