/**
 * `managedFields` of a live object without versions that its kind no longer has. In: the object, and which versions are
 * served. Out: the same entries, those of lost versions in the version given; null: there are none of these. An API
 * server refuses every apply of an object with such an entry, whoever's it is.
 */
import { type Json, type JsonObject, canonicalJson, isJsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { mergeFields } from "./compare-fields.ts";
import { innerFields } from "./owned-fields.ts";

export function withoutLostVersions(
  live: KubeObject,
  isServed: (apiVersion: string) => boolean,
  apiVersion: string,
): readonly Json[] | null {
  const found = live.metadata["managedFields"];
  const entries = Array.isArray(found) ? found.filter((entry: Json) => isJsonObject(entry)) : [];
  const isLost = (entry: JsonObject): boolean =>
    typeof entry["apiVersion"] === "string" && !isServed(entry["apiVersion"]);
  if (!entries.some(isLost)) return null;
  return merged(entries.map((entry) => (isLost(entry) ? { ...entry, apiVersion } : entry)));
}

/** One manager has one entry in a version. */
function merged(entries: readonly JsonObject[]): readonly JsonObject[] {
  const byKey = new Map<string, JsonObject>();
  for (const entry of entries) {
    const names = ["manager", "operation", "subresource", "apiVersion"];
    const key = canonicalJson(names.map((name) => entry[name] ?? ""));
    const same = byKey.get(key);
    byKey.set(key, same === undefined ? entry : withFieldsOf(same, entry));
  }
  return [...byKey.values()];
}

function withFieldsOf(one: JsonObject, other: JsonObject): JsonObject {
  const fields = mergeFields(innerFields(one, "fieldsV1"), innerFields(other, "fieldsV1"));
  return { ...one, fieldsV1: fields };
}
