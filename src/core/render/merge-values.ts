import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../model/json.ts";

/**
 * The values of an app at a site from their layers, weakest first: App, overlays as listed, Site. Maps are merged, lists
 * and scalars are replaced. `null` takes a key away; it stays, as it takes away what a chart has there by itself, as in
 * files of `helm -f`.
 */
export function mergeValues(layers: readonly JsonObject[]): JsonObject {
  const merged: MergedMap = new Map();
  for (const layer of layers) mergeInto(merged, layer);
  return plain(merged);
}

/** What is merged is a map of its own, so that a layer costs what it says, and not what those before it said. */
type MergedMap = Map<string, Json | MergedMap>;

function mergeInto(merged: MergedMap, layer: JsonObject): void {
  for (const [key, value] of Object.entries(layer)) {
    const known = isJsonObject(value) ? ownMap(merged.get(key)) : undefined;
    if (isJsonObject(value) && known !== undefined) mergeInto(known, value);
    merged.set(key, known ?? value);
  }
}

function ownMap(value: Json | MergedMap | undefined): MergedMap | undefined {
  if (value instanceof Map) return value;
  return isJsonObject(value) ? new Map(Object.entries(value)) : undefined;
}

function plain(merged: MergedMap): JsonObject {
  const entries = [...merged].map(([key, value]): [string, Json] => [
    key,
    value instanceof Map ? plain(value) : value,
  ]);
  return Object.fromEntries(entries); // defines own members, also one named __proto__
}

/** Positions of the layers without which the merged values would be others, for who does not see what is taken away. */
export function countingLayers(layers: readonly JsonObject[]): ReadonlySet<number> {
  const counting = new Set<number>();
  addCounting([...layers.entries()], counting);
  return counting;
}

/** What a layer says, with the layer's position. */
type Placed<T extends Json> = readonly [position: number, value: T];

function addCounting(maps: readonly Placed<JsonObject>[], counting: Set<number>): void {
  const byKey = new Map<string, Placed<Json>[]>();
  for (const [position, map] of maps) {
    for (const [key, value] of Object.entries(map)) {
      const known = byKey.get(key);
      if (known === undefined) byKey.set(key, [[position, value]]);
      else known.push([position, value]);
    }
  }
  for (const values of byKey.values()) addCountingOf(values, counting);
}

/** Of one key: the maps behind the last other value are merged, and what was before that does not count. */
function addCountingOf(values: readonly Placed<Json>[], counting: Set<number>): void {
  const otherAt = values.findLastIndex(([, value]) => !isJsonObject(value));
  const maps = values.slice(otherAt + 1) as readonly Placed<JsonObject>[]; // just looked for
  if (maps.length > 1) addCounting(maps, counting);
  // Without one of these, values before it are seen.
  for (const at of maps.length === 1 ? [otherAt, otherAt + 1] : [otherAt]) {
    const [position] = values[at] ?? [];
    if (position === undefined || counting.has(position)) continue;
    if (seen(values) !== seen(values.toSpliced(at, 1))) counting.add(position);
  }
}

function seen(values: readonly Placed<Json>[]): string {
  return canonicalJson(presentValues(mergeValues(values.map(([, value]) => ({ value })))));
}

/** Values without the keys that were taken away: what expressions read. */
export function presentValues(values: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]): [string, Json][] => {
      if (value === null) return [];
      return [[key, isJsonObject(value) ? presentValues(value) : value]];
    }),
  );
}
