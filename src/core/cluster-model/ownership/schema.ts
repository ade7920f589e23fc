/**
 * How the objects of a kind are made up: every field with its type, and how lists and maps are merged. Built-in kinds
 * come from the generated tables, custom resources from their CRD (crd-schema.ts); both give the same types.
 */
import type { Json, JsonObject } from "../../model/json.ts";
import type { ApiTables } from "./api-tables.ts";
import { type FieldSet, fieldSetOf } from "./field-set.ts";
import type { SharedSets } from "./fields-v1.ts";

/** What a scalar may be; `any` takes each of them. */
export type ScalarKind =
  | "string"
  | "bytes"
  | "time"
  | "quantity"
  | "int-or-string"
  | "boolean"
  | "int32"
  | "int64"
  | "number"
  | "any";

/** A value's type. One that has more than one part takes values of each of these forms. */
export interface FieldType {
  readonly scalar?: ScalarKind;
  readonly map?: MapType;
  readonly list?: ListType;
}

/** A map with declared fields, with values of one type, or with both. */
export interface MapType {
  readonly kind: "map";
  /** Name of the type, "" for a map without one. */
  readonly name: string;
  /** Owned as a whole, never merged. */
  readonly isAtomic: boolean;
  readonly fields: ReadonlyMap<string, Field>;
  /** The fields that are always there. */
  readonly structs: readonly string[];
  /** Type of the fields that are not declared; without it there may be none. */
  readonly values?: FieldType;
}

/** A declared field. */
export interface Field {
  readonly type: FieldType;
  readonly isRequired: boolean;
  /** A struct that the API server writes out also when nothing is in it. */
  readonly isAlwaysThere: boolean;
  /** From a CRD. */
  readonly default?: Json;
}

/** A list: owned as a whole, a set of scalars, or items that are told apart by their keys. */
export interface ListType {
  readonly kind: "list";
  readonly items: FieldType;
  readonly merge: "atomic" | "set" | "map";
  /** Sorted. */
  readonly keys: readonly string[];
  /** What a key is taken to be in an item that lacks it. */
  readonly defaults: JsonObject;
}

/** The schema of the objects of one kind. */
export interface ObjectSchema {
  readonly type: FieldType;
  /** An object of the kind in which nothing was set yet: what a new object is compared with. */
  readonly empty: JsonObject;
  /** Sets of fields that objects of the kind have in common. */
  readonly sets: SharedSets;
  /** The fields that a write to the object (subresource "") or to a subresource leaves as they are. */
  resetFields(subresource: string): FieldSet;
}

/** Schemas of built-in kinds, made when first asked for and kept. */
export interface BuiltInSchemas {
  /** Undefined when Kubernetes has no such kind. */
  schemaFor(group: string, version: string, kind: string): ObjectSchema | undefined;
  /** A type by its name in the tables, `meta.v1.ObjectMeta`. */
  type(name: string): FieldType;
}

const noFields: ReadonlyMap<string, Field> = new Map();
const untypedList: ListType = {
  kind: "list",
  merge: "atomic",
  keys: [],
  defaults: {},
  get items() {
    return untypedType;
  },
};

/** Any value, maps merged. */
export const deducedType: FieldType = {
  scalar: "any",
  list: untypedList,
  map: {
    kind: "map",
    name: "",
    isAtomic: false,
    fields: noFields,
    structs: [],
    get values() {
      return deducedType;
    },
  },
};

/** Any value, taken whole. */
export const untypedType: FieldType = {
  scalar: "any",
  list: untypedList,
  map: {
    kind: "map",
    name: "",
    isAtomic: true,
    fields: noFields,
    structs: [],
    get values() {
      return untypedType;
    },
  },
};

/** Schemas from the tables; nothing is parsed before it is asked for. */
export function createBuiltInSchemas(tables: ApiTables): BuiltInSchemas {
  const types = new Map<string, FieldType>();
  const schemas = new Map<string, ObjectSchema>();
  const type = (name: string): FieldType => {
    const known = types.get(name);
    if (known !== undefined) return known;
    const [isAtomic, texts] = splitLine(tables.types[name] ?? "");
    const fields = new Map<string, Field>();
    const structs: string[] = [];
    const made: FieldType = { map: { kind: "map", name, isAtomic, fields, structs } };
    types.set(name, made); // before its fields: a type may lead to itself
    for (const text of texts) {
      const [field, parsed] = parseField(text, type);
      fields.set(field, parsed);
      if (parsed.isAlwaysThere) structs.push(field);
    }
    return made;
  };
  const make = (id: string, name: string): ObjectSchema => {
    const [groupVersion, plural] = resourceOf(tables, id);
    const root = type(name);
    return {
      type: root,
      empty: emptyValue(root),
      sets: new Map(),
      resetFields: resetFieldsOf(tables, groupVersion, plural),
    };
  };
  const schemaFor = (group: string, version: string, kind: string): ObjectSchema | undefined => {
    const id = `${group}/${version}/${kind}`;
    const known = schemas.get(id);
    const name = tables.kinds[id];
    if (known !== undefined || name === undefined) return known;
    const schema = make(id, name);
    schemas.set(id, schema);
    return schema;
  };
  return { schemaFor, type };
}

function splitLine(line: string): [boolean, readonly string[]] {
  const parts = line.split(" ").filter((part) => part !== "");
  return parts[0] === "#" ? [true, parts.slice(1)] : [false, parts];
}

type TypeByName = (name: string) => FieldType;

/** `name=<flags><type>` as ApiTables documents it. */
function parseField(text: string, typeByName: TypeByName): [string, Field] {
  const at = text.indexOf("=");
  const [, flags = "", type = ""] = /^([!%]*)(.*)$/.exec(text.slice(at + 1)) ?? [];
  return [
    text.slice(0, at),
    {
      type: parseType(type, typeByName),
      isRequired: flags.includes("!"),
      isAlwaysThere: flags.includes("%"),
    },
  ];
}

const scalars: Readonly<Record<string, ScalarKind>> = {
  s: "string",
  y: "bytes",
  t: "time",
  q: "quantity",
  x: "int-or-string",
  b: "boolean",
  i: "int32",
  I: "int64",
  n: "number",
};

function parseType(text: string, typeByName: TypeByName): FieldType {
  const inner = text.slice(1, -1);
  switch (text.charAt(0)) {
    case "#":
      return asAtomic(parseType(text.slice(1), typeByName));
    case "@":
      return typeByName(text.slice(1));
    case "{":
      return {
        map: {
          kind: "map",
          name: "",
          isAtomic: false,
          fields: noFields,
          structs: [],
          values: parseType(inner, typeByName),
        },
      };
    case "[":
      return { list: parseList(inner, typeByName) };
    case "?":
      return deducedType;
    case "*":
      return untypedType;
    default:
      return { scalar: scalars[text] ?? "any" };
  }
}

function asAtomic(type: FieldType): FieldType {
  return type.map === undefined ? type : { ...type, map: { ...type.map, isAtomic: true } };
}

function parseList(text: string, typeByName: TypeByName): ListType {
  const [, item = "", merge] = /^([^:]*)(?::(.*))?$/.exec(text) ?? [];
  const items = parseType(item, typeByName);
  if (merge === undefined) return { kind: "list", items, merge: "atomic", keys: [], defaults: {} };
  if (merge === "set") return { kind: "list", items, merge: "set", keys: [], defaults: {} };
  const keys = merge.split(",").map((key) => key.split("="));
  const defaults = keys.flatMap(([key, value]) =>
    key === undefined || value === undefined ? [] : [[key, JSON.parse(value) as Json] as const],
  );
  return {
    kind: "list",
    items,
    merge: "map",
    keys: keys.map(([key = ""]) => key).toSorted(),
    defaults: Object.fromEntries(defaults),
  };
}

/** What the API server writes out for a struct of which nothing is set. */
export function emptyValue(type: FieldType): JsonObject {
  const entries = [...(type.map?.fields ?? [])].flatMap(([name, field]): [string, Json][] => {
    if (field.isAlwaysThere) return [[name, emptyValue(field.type)]];
    const isNull = field.isRequired && (field.type.list ?? field.type.map) !== undefined;
    return isNull ? [[name, null]] : [];
  });
  return Object.fromEntries(entries);
}

function resourceOf(tables: ApiTables, id: string): [string, string] {
  const [group = "", version = "", kind = ""] = id.split("/");
  const groupVersion = group === "" ? version : `${group}/${version}`;
  const plural = tables.resources[groupVersion]?.find(
    (resource) => resource.kind === kind && !resource.name.includes("/"),
  );
  return [groupVersion, plural?.name ?? ""];
}

/** Groups whose status endpoint keeps the metadata as they are; in the others only the spec is kept. */
const keepsMetadata = new Set([
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "internal.apiserver.k8s.io",
  "resource.k8s.io",
  "storage.k8s.io",
  "storagemigration.k8s.io",
]);
const statusKeeps: Readonly<Record<string, readonly string[]>> = {
  deployments: ["spec", "metadata/labels"],
  pods: ["spec", "metadata/deletionTimestamp", "metadata/ownerReferences"],
  servicecidrs: ["spec", "metadata"],
};

function resetFieldsOf(
  tables: ApiTables,
  groupVersion: string,
  plural: string,
): ObjectSchema["resetFields"] {
  const names = new Set(tables.resources[groupVersion]?.map(({ name }) => name));
  const hasStatus = names.has(`${plural}/status`);
  const group = groupVersion.includes("/") ? groupVersion.split("/")[0] : "";
  const kept =
    statusKeeps[plural] ?? (keepsMetadata.has(group ?? "") ? ["spec", "metadata"] : ["spec"]);
  return resetFieldsFor(hasStatus, kept);
}

/** Writes to the object leave its status alone when there is an endpoint for it; that one keeps the rest. */
export function resetFieldsFor(
  hasStatus: boolean,
  statusKept: readonly string[],
): ObjectSchema["resetFields"] {
  const ofObject = fieldSetOf(hasStatus ? [["f:status"]] : []);
  const ofStatus = fieldSetOf(statusKept.map((path) => path.split("/").map((name) => `f:${name}`)));
  const none = fieldSetOf([]);
  return (subresource) => {
    if (subresource === "") return ofObject;
    return subresource === "status" ? ofStatus : none;
  };
}
