/**
 * Objects and strategic merge patches of all built-in kinds, made at random: most fields of a patch meet one of the
 * object. Directives stand only where they meet something, and nothing that is new has a null in it: elsewhere the API
 * server stores them as they stand, and Flotilla does what they say (src/core/render/strategic-merge.ts).
 */
import * as fc from "fast-check";
import { builtInSchemas } from "../../src/core/cluster-model/ownership/built-in-schemas.ts";
import type { FieldType, MapType } from "../../src/core/cluster-model/ownership/schema.ts";
import { type Json, type JsonObject, isJsonObject } from "../../src/core/model/json.ts";
import {
  type FieldSchema,
  type MergeSchema,
  builtInSchema,
  plainSchema,
} from "../../src/core/render/merge-schema.ts";

/** An object, without what it is, and a patch for it. */
export interface PatchCase {
  readonly apiVersion: string;
  readonly kind: string;
  readonly original: JsonObject;
  readonly patch: JsonObject;
}

/** A kind of which objects are made. */
export interface PatchedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** So many cases, from fast-check's seed. */
export function randomPatches(kinds: readonly PatchedKind[], count: number): readonly PatchCase[] {
  const cases = fc.gen().map((generate) => {
    const draw: Draw = (below) => generate(fc.nat, { max: below - 1 });
    return makeCase(pick(draw, kinds), draw);
  });
  return fc.sample(cases, count);
}

/** A whole number from 0 on, below the one given. */
type Draw = (below: number) => number;

const isIn = (draw: Draw, percent: number): boolean => draw(100) < percent;

function pick<T>(draw: Draw, list: readonly T[]): T {
  return list[draw(list.length)] as T; // never empty, and draw stays below its length
}

const words = ["a", "b", "c", "d"] as const;
/** The server writes them: they are no part of a manifest. */
const unwritten = new Set(["status", "managedFields"]);

function makeCase({ group, version, kind }: PatchedKind, draw: Draw): PatchCase {
  const apiVersion = group === "" ? version : `${group}/${version}`;
  const type = builtInSchemas().schemaFor(group, version, kind)?.type ?? {};
  const merge = builtInSchema(apiVersion, kind) ?? plainSchema;
  const original = makeMap(type.map, merge, draw);
  return { apiVersion, kind, original, patch: patchMap(original, { type, merge }, draw) };
}

function makeValue(type: FieldType, merge: FieldSchema, draw: Draw): Json {
  if (type.scalar !== undefined) return makeScalar(type, draw);
  if (type.list !== undefined) return makeList(type.list.items, merge, draw);
  return makeMap(type.map, merge.items, draw);
}

function makeScalar({ scalar }: FieldType, draw: Draw): Json {
  if (scalar === "boolean") return isIn(draw, 50);
  if (scalar === "int32" || scalar === "int64" || scalar === "number") return draw(4) + 1;
  return pick(draw, words);
}

function makeMap(type: MapType | undefined, merge: MergeSchema, draw: Draw): JsonObject {
  const made = new Map<string, Json>();
  for (const [name, field] of someFields(type, merge, draw)) {
    made.set(name, makeValue(field, merge.field(name), draw));
  }
  return Object.fromEntries(made);
}

/** Some fields, above all those that lead to most and those that are merged in a way of their own. */
function someFields(
  type: MapType | undefined,
  merge: MergeSchema,
  draw: Draw,
): [string, FieldType][] {
  if (type?.values !== undefined) {
    const { values } = type;
    return words.filter(() => isIn(draw, 40)).map((name) => [name, values]);
  }
  const all = [...(type?.fields ?? [])].filter(([name]) => !unwritten.has(name));
  if (all.length === 0) return [];
  const chosen = all.filter(([name]) => {
    if (["metadata", "spec", "template", "containers"].includes(name)) return isIn(draw, 80);
    return merge.field(name).strategy !== undefined && isIn(draw, 30);
  });
  chosen.push(...times(draw(3), () => pick(draw, all)));
  return chosen.map(([name, { type: field }]) => [name, field]);
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

function makeList(items: FieldType, merge: FieldSchema, draw: Draw): Json[] {
  const made = times(draw(4), () => makeItem(items, merge, draw));
  // What the library makes of scalars that are there twice depends on how its memory lies.
  return merge.strategy === "merge" && merge.keys.length === 0 ? withoutTwins(made, merge) : made;
}

function withoutTwins(list: readonly Json[], merge: FieldSchema): Json[] {
  return [...new Map(list.map((item) => [idOf(item, merge), item])).values()];
}

function makeItem(items: FieldType, merge: FieldSchema, draw: Draw): Json {
  const item = makeValue(items, { keys: [], items: merge.items }, draw);
  const [key] = merge.keys;
  if (!isJsonObject(item) || key === undefined) return item;
  const type = items.map?.fields.get(key)?.type ?? {};
  return { ...item, [key]: makeScalar(type, draw) };
}

function idOf(item: Json, { keys: [key] }: FieldSchema): Json {
  return isJsonObject(item) && key !== undefined ? (item[key] ?? null) : item;
}

interface Patched {
  readonly type: FieldType;
  readonly merge: MergeSchema;
}

function patchMap(live: JsonObject, { type, merge }: Patched, draw: Draw): JsonObject {
  if (isIn(draw, 3)) return { ...makeMap(type.map, merge, draw), $patch: "replace" };
  if (isIn(draw, 2)) return { $patch: "delete" };
  const patch = new Map<string, Json>();
  for (const [name, value] of Object.entries(live)) {
    if (!isIn(draw, 70)) continue;
    const field = { type: fieldType(type, name), merge: merge.field(name) };
    patchField(patch, { name, live: value, ...field }, draw);
  }
  for (const [name, value] of Object.entries(makeMap(type.map, merge, draw))) {
    if (!(name in live) && isIn(draw, 50)) patch.set(name, value);
  }
  if (isIn(draw, 5)) retainKeys(patch, draw);
  return Object.fromEntries(patch);
}

function fieldType({ map }: FieldType, name: string): FieldType {
  return map?.fields.get(name)?.type ?? map?.values ?? {};
}

function retainKeys(patch: Map<string, Json>, draw: Draw): void {
  const named = [...patch].filter(([name, value]) => !name.startsWith("$") && value !== null);
  // Rarely one too few, which is refused.
  const keys = named.map(([name]) => name).slice(isIn(draw, 5) ? 1 : 0);
  patch.set("$retainKeys", [...keys, pick(draw, words)]);
}

interface PatchedField {
  readonly name: string;
  readonly live: Json;
  readonly type: FieldType;
  readonly merge: FieldSchema;
}

function patchField(patch: Map<string, Json>, field: PatchedField, draw: Draw): void {
  const { name, live, type, merge } = field;
  if (isIn(draw, 8)) {
    patch.set(name, null);
  } else if (isJsonObject(live) && merge.strategy !== "replace") {
    patch.set(name, patchMap(live, { type, merge: merge.items }, draw));
  } else if (Array.isArray(live) && merge.strategy === "merge") {
    patchList(patch, { ...field, live }, draw);
  } else {
    patch.set(name, makeValue(type, merge, draw));
  }
}

/** The list itself, its order, what is taken out of it, or some of these. */
function patchList(
  patch: Map<string, Json>,
  { name, live, type, merge }: PatchedField & { readonly live: readonly Json[] },
  draw: Draw,
): void {
  const items = type.list?.items ?? {};
  if (merge.keys.length === 0 && isIn(draw, 30)) {
    patch.set(`$deleteFromPrimitiveList/${name}`, makeList(items, merge, draw));
    return;
  }
  const changes = isIn(draw, 80) ? patchItems(live, { items, merge }, draw) : undefined;
  if (changes !== undefined) patch.set(name, changes);
  if (live.length === 0 || !isIn(draw, 30)) return;
  patch.set(`$setElementOrder/${name}`, orderOf(live, { changes: changes ?? [], merge }, draw));
}

function patchItems(
  live: readonly Json[],
  { items, merge }: { items: FieldType; merge: FieldSchema },
  draw: Draw,
): Json[] {
  // The second of two is content that is new, where the first one is deleted.
  const added = withoutTwins(makeList(items, merge, draw), merge);
  const [key] = merge.keys;
  if (key === undefined) return added;
  if (isIn(draw, 5)) return [{ $patch: "replace" }, ...added];
  return added.map((item) => {
    const id = idOf(item, merge);
    if (isIn(draw, 10)) return { $patch: "delete", [key]: id };
    const met = live.find((other) => idOf(other, merge) === id);
    if (!isJsonObject(met)) return item;
    const { $patch: _whole, ...change } = patchMap(met, { type: items, merge: merge.items }, draw);
    return { ...change, ...retainKey(change, key), [key]: id };
  });
}

function retainKey({ $retainKeys: keys }: JsonObject, key: string): JsonObject {
  return Array.isArray(keys) ? { $retainKeys: [...keys, key] } : {};
}

/** The items of the patch in their order (rarely in another, which is refused), some others of the list among them. */
function orderOf(
  live: readonly Json[],
  { changes, merge }: { changes: readonly Json[]; merge: FieldSchema },
  draw: Draw,
): Json[] {
  const kept = changes.filter((change) => !isJsonObject(change) || !("$patch" in change));
  const ids = kept.map((change) => idOf(change, merge));
  if (isIn(draw, 5)) ids.reverse();
  for (const item of live) {
    const id = idOf(item, merge);
    if (!ids.includes(id) && isIn(draw, 60)) ids.splice(draw(ids.length + 1), 0, id);
  }
  const [key] = merge.keys;
  return ids.map((id) => (key === undefined ? id : { [key]: id }));
}
