/**
 * Charts leave values empty where Kubernetes wants text (`key:` in a ConfigMap's data). An API server takes null in a map of
 * text as the empty text, so that is what such a chart means.
 */
import { type Json, isJsonObject, type JsonObject } from "../../model/json.ts";
import type { KubeObject } from "../../model/kube-object.ts";
import { textMaps } from "../check-object.ts";
import type { FieldPath } from "../read-yaml.ts";

/** The object with the empty text for null in its maps of text; the same object where there is none. */
export function withoutNullTexts(object: KubeObject): KubeObject {
  let result: JsonObject = object;
  for (const path of textMaps(object)) result = emptied(result, path);
  return result as KubeObject; // kind and name are as they were
}

function emptied(parent: JsonObject, [step, ...rest]: FieldPath): JsonObject {
  if (step === undefined) return hasNull(parent) ? mapValues(parent) : parent;
  const value = Object.hasOwn(parent, step) ? parent[step] : undefined;
  if (!isJsonObject(value)) return parent;
  const next = emptied(value, rest);
  return next === value ? parent : { ...parent, [step]: next };
}

function hasNull(map: JsonObject): boolean {
  return Object.values(map).includes(null);
}

function mapValues(map: JsonObject): JsonObject {
  const entries = Object.entries(map).map(([key, value]): [string, Json] => [key, value ?? ""]);
  return Object.fromEntries(entries);
}
