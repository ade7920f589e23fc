/**
 * Secrets of the region's cluster. What travels is a Secret without data that names the other one in its field
 * `fromRegion`, which no Secret of Kubernetes has; the region's worker puts the data in when it writes to a site.
 */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { type KubeObject, groupOf } from "../model/kube-object.ts";

export const regionField = "fromRegion";

/** Which Secret of the region it is, and which of its keys; `keys` null: all. */
export interface RegionSecret {
  readonly name: string;
  readonly keys: readonly string[] | null;
}

/** The Secret that the data comes from; undefined for any other object. */
export function regionSecretOf(object: KubeObject): RegionSecret | undefined {
  const isSecret = object.kind === "Secret" && groupOf(object.apiVersion) === "";
  const from = isSecret ? object[regionField] : undefined;
  if (!isJsonObject(from) || typeof from["name"] !== "string") return undefined;
  const { name, keys } = from;
  if (!Array.isArray(keys)) return { name, keys: null };
  return { name, keys: keys.filter((key: Json) => typeof key === "string") };
}

/** A Secret that names another one of the region. */
export function withRegionSecret(
  metadata: KubeObject["metadata"],
  { name, keys }: { readonly name: string; readonly keys?: readonly string[] },
): KubeObject {
  const from: JsonObject = { name, ...(keys !== undefined && { keys: [...keys] }) };
  return { apiVersion: "v1", kind: "Secret", metadata, [regionField]: from };
}

/** The Secret in full, or what the one of the region lacks. Its `type` comes along; that it is immutable does not. */
export function fillRegionSecret(
  object: KubeObject,
  { keys }: RegionSecret,
  found: KubeObject,
): { readonly object: KubeObject } | { readonly missing: string } {
  const data = isJsonObject(found["data"]) ? found["data"] : {};
  const missing = (keys ?? []).find((key) => !Object.hasOwn(data, key));
  if (missing !== undefined) return { missing };
  const entries = Object.entries(data).filter(([key]) => keys === null || keys.includes(key));
  const { apiVersion, kind, metadata } = object;
  const { type } = found;
  return {
    object: {
      apiVersion,
      kind,
      metadata,
      ...(type !== undefined && { type }),
      data: Object.fromEntries(entries),
    },
  };
}
