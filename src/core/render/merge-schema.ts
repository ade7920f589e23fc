/**
 * How the fields of an object are merged by a strategic merge patch. Built-in kinds: from the tables generated from
 * the API server. Custom resources: from the CRDs of the fleet. Anything else: maps are merged, lists replaced.
 */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { groupOf } from "../model/kube-object.ts";
import { lifecycleOf } from "./api-lifecycle.ts";
import { kubernetes } from "./generated/kubernetes.ts";

/** What is generated from the API server. Types and fields that merge in the plain way are left out. */
export interface KubernetesTables {
  /** The server's version, `v1.36.4`. */
  readonly version: string;
  readonly types: Readonly<Record<string, Readonly<Record<string, TableField>>>>;
  /** `group/version/Kind` → namespaced, and the type when it is in `types`. */
  readonly kinds: Readonly<Record<string, readonly [boolean, string] | readonly [boolean]>>;
}

interface TableField {
  /** Type of the field, of its list's items, or (with `values`) of its map's values. */
  readonly type?: string;
  readonly values?: true;
  readonly strategy?: string;
  readonly keys?: readonly string[];
}

/** A field that is a key to all but a patch; `fallback`: what it is in an item that lacks it. */
export interface SecondKey {
  readonly name: string;
  readonly fallback?: string;
}

/** How one field is merged; undefined parts are the plain way. */
export interface FieldSchema {
  /** `merge`: a list is merged by its keys, or as a set when it has none. `replace`: taken whole, also a map. */
  readonly strategy?: "merge" | "replace";
  /** Keys that tell the items of a merged list apart. */
  readonly keys: readonly string[];
  /** What tells the items apart beside the one key of a patch. */
  readonly second?: SecondKey;
  /** What a key is taken to be in an item that lacks it (a default in a CRD). */
  readonly defaults?: JsonObject;
  /** How the fields of the map, or of each item of the list, are merged. */
  readonly items: MergeSchema;
}

/** The fields of an object. */
export interface MergeSchema {
  field(name: string): FieldSchema;
}

const plainField: FieldSchema = {
  keys: [],
  get items() {
    return plainSchema;
  },
};

/** Merges maps and replaces lists: a JSON merge patch. */
export const plainSchema: MergeSchema = { field: () => plainField };

/** The schema of a built-in kind; undefined when Kubernetes has no such kind. */
export function builtInSchema(apiVersion: string, kind: string): MergeSchema | undefined {
  const entry = kindEntry(apiVersion, kind);
  if (entry === undefined) return undefined;
  const [, type] = entry;
  return type === undefined ? plainSchema : tableSchema(type);
}

/** Whether a built-in kind is namespaced; undefined when Kubernetes has no such kind. */
export function builtInScope(apiVersion: string, kind: string): boolean | undefined {
  return kindEntry(apiVersion, kind)?.[0];
}

/** The kinds that Kubernetes has in a group, for hints; none when the group is not its own. */
export function builtInKinds(group: string): readonly string[] {
  const ids = Object.keys(kubernetes.kinds).map((id) => id.split("/"));
  return ids.flatMap(([ofGroup, , kind]) => (ofGroup === group && kind !== undefined ? kind : []));
}

/** A version that is not served any more, or not yet, has the shape and scope of one that is. */
function kindEntry(
  apiVersion: string,
  kind: string,
): KubernetesTables["kinds"][string] | undefined {
  const exact = kubernetes.kinds[`${apiVersion.includes("/") ? "" : "/"}${apiVersion}/${kind}`];
  if (exact !== undefined) return exact;
  const group = groupOf(apiVersion);
  const other = Object.keys(kubernetes.kinds).find((id) => {
    const [otherGroup, , otherKind] = id.split("/");
    return otherGroup === group && otherKind === kind;
  });
  if (other !== undefined) return kubernetes.kinds[other];
  // One that has moved to another group.
  const successor = lifecycleOf({ apiVersion, kind })?.[2];
  return successor === undefined ? undefined : kindEntry(successor, kind);
}

function tableSchema(type: string): MergeSchema {
  const fields = kubernetes.types[type] ?? {};
  return {
    field(name) {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (field === undefined) return plainField;
      const items = field.type === undefined ? plainSchema : tableSchema(field.type);
      return fieldSchema(field, field.values === true ? mapSchema(items) : items);
    },
  };
}

const protocol: SecondKey = { name: "protocol", fallback: "TCP" };

/** By the key of a patch. */
const secondKeys: ReadonlyMap<string, SecondKey> = new Map([
  ["port", protocol],
  ["containerPort", protocol],
  ["topologyKey", { name: "whenUnsatisfiable" }],
]);

function fieldSchema(field: TableField, items: MergeSchema): FieldSchema {
  const { strategy, keys = [] } = field;
  const second = secondKeys.get(keys[0] ?? "");
  return strategy === "merge" || strategy === "replace"
    ? { strategy, keys, items, ...(second && { second }) }
    : { keys, items };
}

/** The schema of a map whose values all have the same one. */
function mapSchema(values: MergeSchema): MergeSchema {
  return { field: () => ({ keys: [], items: values }) };
}

/** The schema of a custom resource, from the `openAPIV3Schema` of its CRD's version. */
export function openApiSchema(schema: Json | undefined): MergeSchema {
  if (!isJsonObject(schema)) return plainSchema;
  const { properties, additionalProperties } = schema;
  const known = isJsonObject(properties) ? properties : {};
  return {
    field(name) {
      const own = Object.hasOwn(known, name) ? known[name] : additionalProperties;
      return isJsonObject(own) ? openApiField(own) : plainField;
    },
  };
}

/** As with built-in kinds, what a list says of server-side apply (`set`, atomic maps) does not bind a patch. */
function openApiField(schema: JsonObject): FieldSchema {
  if (schema["type"] !== "array") return { keys: [], items: openApiSchema(schema) };
  const { items } = schema;
  const listed = schema["x-kubernetes-list-map-keys"];
  const keys = Array.isArray(listed) ? listed.filter((key) => typeof key === "string") : [];
  return schema["x-kubernetes-list-type"] === "map" && keys.length > 0
    ? { strategy: "merge", keys, defaults: keyDefaults(items, keys), items: openApiSchema(items) }
    : { keys: [], items: openApiSchema(items) };
}

function keyDefaults(items: Json | undefined, keys: readonly string[]): JsonObject {
  const properties = isJsonObject(items) ? items["properties"] : undefined;
  if (!isJsonObject(properties)) return {};
  return Object.fromEntries(
    keys.flatMap((key) => {
      const property = properties[key];
      const value = isJsonObject(property) ? property["default"] : undefined;
      return value === undefined ? [] : [[key, value] as const];
    }),
  );
}
