import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";

/**
 * The values of an app at a site from their layers, weakest first: App, overlays as listed, Site. Maps are merged, lists
 * and scalars are replaced, `null` takes a key away.
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
    if (value === null) merged.delete(key);
    else if (isJsonObject(value))
      merged.set(key, mergeInto(isJsonObject(known) ? known : {}, value));
    else merged.set(key, value);
  }
  return Object.fromEntries(merged); // defines own members, also one named __proto__
}
