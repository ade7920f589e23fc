import { type Json, type JsonObject, isJsonObject } from "../core/model/json.ts";
import { type KubeObject, groupOf } from "../core/model/kube-object.ts";

/** Whether it makes the API server know other kinds. */
export function isDefiner({ kind }: Pick<KubeObject, "kind">): boolean {
  return kind === "CustomResourceDefinition" || kind === "APIService";
}

/** Whether a definition has an object's kind in its version, or an API service brings that version of its group. */
export function isServedBy(definer: KubeObject, { apiVersion, kind }: KubeObject): boolean {
  const spec = objectOf(definer["spec"]);
  const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
  if (spec["group"] !== groupOf(apiVersion)) return false;
  if (definer.kind === "APIService") return spec["version"] === version;
  return (
    definer.kind === "CustomResourceDefinition" &&
    objectOf(spec["names"])["kind"] === kind &&
    versionsOf(spec).some(({ name, served }) => name === version && served === true)
  );
}

/** Whether a definition has this kind, in whatever version, and served or not. */
export function isDefinitionOf(
  definer: KubeObject,
  { group, kind }: { readonly group: string; readonly kind: string },
): boolean {
  const spec = objectOf(definer["spec"]);
  return spec["group"] === group && objectOf(spec["names"])["kind"] === kind;
}

function versionsOf({ versions }: JsonObject): readonly JsonObject[] {
  return Array.isArray(versions) ? versions.filter(isJsonObject) : [];
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
