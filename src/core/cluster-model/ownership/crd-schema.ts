/** Schemas of custom resources, from the `openAPIV3Schema` of a version of their CRD. */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import {
  type BuiltInSchemas,
  type Field,
  type FieldType,
  type ListType,
  type MapType,
  type ObjectSchema,
  type ScalarKind,
  deducedType,
  resetFieldsFor,
  untypedType,
} from "./schema.ts";

/** The schema of the objects of one version, as in `spec.versions` of the CRD. */
export function schemaOfCrdVersion(
  version: JsonObject,
  { group, kind, builtIn }: { group: string; kind: string; builtIn: BuiltInSchemas },
): ObjectSchema {
  const schema = objectAt(version, "schema");
  const converter = new SchemaConverter(builtIn.type("meta.v1.ObjectMeta"));
  const hasStatus = "status" in objectAt(version, "subresources");
  const name = typeof version["name"] === "string" ? version["name"] : "";
  const apiVersion = `${group}/${name}`;
  return {
    type: converter.root(objectAt(schema, "openAPIV3Schema")),
    empty: { apiVersion, kind },
    sets: new Map(),
    resetFields: resetFieldsFor(hasStatus, ["metadata", "spec"]),
  };
}

function objectAt(parent: JsonObject, field: string): JsonObject {
  const value = parent[field];
  return isJsonObject(value) ? value : {};
}

class SchemaConverter {
  readonly #metadata: FieldType;

  constructor(metadata: FieldType) {
    this.#metadata = metadata;
  }

  root(schema: JsonObject): FieldType {
    return this.#convert(
      { type: "object", ...schema, "x-kubernetes-embedded-resource": true },
      false,
    );
  }

  /** Where unknown fields are kept, they are kept in all that lies below. */
  #convert(schema: JsonObject, keepsUnknownAbove: boolean): FieldType {
    const keepsUnknown =
      keepsUnknownAbove || schema["x-kubernetes-preserve-unknown-fields"] === true;
    const { type } = schema;
    if (type === "object") return { map: this.#map(schema, keepsUnknown) };
    if (type === "array") return { list: this.#list(schema, keepsUnknown) };
    if (type !== undefined) return { scalar: scalarKind(schema) };
    return {
      scalar: "any",
      list: this.#list(schema, keepsUnknown),
      map: this.#map(schema, keepsUnknown),
    };
  }

  #map(schema: JsonObject, keepsUnknown: boolean): MapType {
    const properties = objectAt(schema, "properties");
    const required = Array.isArray(schema["required"]) ? new Set<Json>(schema["required"]) : noKeys;
    const fields = new Map<string, Field>();
    for (const [name, property] of Object.entries(properties)) {
      if (!isJsonObject(property)) continue;
      fields.set(name, {
        type: this.#convert(property, keepsUnknown),
        isRequired: required.has(name),
        isAlwaysThere: false,
        ...(property["default"] !== undefined && { default: property["default"] }),
      });
    }
    if (schema["x-kubernetes-embedded-resource"] === true) this.#addObjectFields(fields);
    const values = this.#values(schema, keepsUnknown, properties);
    return {
      kind: "map",
      name: "",
      isAtomic: schema["x-kubernetes-map-type"] === "atomic",
      fields,
      structs: [],
      ...(values !== undefined && { values }),
    };
  }

  #values(
    schema: JsonObject,
    keepsUnknown: boolean,
    properties: JsonObject,
  ): FieldType | undefined {
    const { additionalProperties } = schema;
    if (isJsonObject(additionalProperties))
      return this.#convert(additionalProperties, keepsUnknown);
    if (additionalProperties === true) return deducedType;
    if (additionalProperties === false) return undefined;
    return keepsUnknown || Object.keys(properties).length === 0 ? deducedType : undefined;
  }

  #addObjectFields(fields: Map<string, Field>): void {
    const field = (type: FieldType): Field => ({ type, isRequired: false, isAlwaysThere: false });
    fields.set("apiVersion", field({ scalar: "string" }));
    fields.set("kind", field({ scalar: "string" }));
    fields.set("metadata", field(this.#metadata));
  }

  #list(schema: JsonObject, keepsUnknown: boolean): ListType {
    const { items } = schema;
    const type = isJsonObject(items) ? this.#convert(items, keepsUnknown) : untypedType;
    const kind = schema["x-kubernetes-list-type"];
    if (kind === "set") return { kind: "list", items: type, merge: "set", keys: [], defaults: {} };
    if (kind !== "map")
      return { kind: "list", items: type, merge: "atomic", keys: [], defaults: {} };
    const listed = schema["x-kubernetes-list-map-keys"];
    const keys = (Array.isArray(listed) ? listed : []).filter(
      (key: Json): key is string => typeof key === "string",
    );
    const defaults = keys.flatMap((key: string) => {
      const value = type.map?.fields.get(key)?.default;
      return value === undefined ? [] : [[key, value] as const];
    });
    return {
      kind: "list",
      items: type,
      merge: "map",
      keys: keys.toSorted(),
      defaults: Object.fromEntries(defaults),
    };
  }
}

const noKeys: ReadonlySet<Json> = new Set();

function scalarKind({ type, format }: JsonObject): ScalarKind {
  if (type === "boolean") return "boolean";
  if (type === "integer") return format === "int32" ? "int32" : "int64";
  if (type === "number") return "number";
  if (format === undefined) return "string";
  return format === "byte" ? "bytes" : "time";
}
