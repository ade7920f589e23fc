import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";

/**
 * The values of an app at a site from their layers, weakest first: App, overlays as listed, Site. Maps are merged, lists
 * and scalars are replaced. `null` takes a key away; it stays, as it takes away what a chart has there by itself, as in
 * files of `helm -f`.
 */
export function mergeValues(layers: readonly JsonObject[]): JsonObject {
  let merged: JsonObject = {};
  for (const layer of layers) merged = mergeInto(merged, layer);
  return merged;
}

function mergeInto(base: JsonObject, layer: JsonObject): JsonObject {
  const merged = new Map<string, Json>(Object.entries(base));
  for (const [key, value] of Object.entries(layer)) {
    const known = merged.get(key);
    const areMaps = isJsonObject(value) && isJsonObject(known);
    merged.set(key, areMaps ? mergeInto(known, value) : value);
  }
  return Object.fromEntries(merged); // defines own members, also one named __proto__
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
