/** What `fieldValidation` is about: fields that a kind does not have, and values that it cannot hold. */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import type { FieldType, MapType, ScalarKind } from "./schema.ts";
import { fieldType } from "./typed-value.ts";

/** What came of reading an object as the API server reads it. */
export interface CheckedObject {
  /** Without the unknown fields; the object itself when there are none. */
  readonly object: JsonObject;
  /** `unknown field "spec.template.spec.containers[0].bogus"`, in the order of the object. */
  readonly unknown: readonly string[];
  /** The first value of a wrong kind in a built-in type, in the API server's words; it refuses the object. */
  readonly wrongType: string | undefined;
}

/** Reads an object that was sent to be created, replaced or patched (not applied). */
export function checkObject(object: JsonObject, type: FieldType): CheckedObject {
  const walk = new CheckWalk();
  const known = walk.check(object, type, { path: "", fields: [], struct: "" });
  return {
    object: isJsonObject(known) ? known : object,
    unknown: walk.unknown.map((path) => `unknown field ${JSON.stringify(path)}`),
    wrongType: walk.wrongType,
  };
}

interface Place {
  /** As unknown fields are named: `spec.containers[0]`. */
  readonly path: string;
  /** As wrong values are named: without indexes. */
  readonly fields: readonly string[];
  /** Name of the type that the field belongs to, "" where there is none. */
  readonly struct: string;
}

class CheckWalk {
  readonly unknown: string[] = [];
  wrongType: string | undefined;

  check(value: Json, type: FieldType, place: Place): Json {
    if (value === null) return value;
    if (Array.isArray(value) && type.list !== undefined) {
      return this.#checkList(value, type.list.items, place);
    }
    if (isJsonObject(value) && type.map !== undefined) {
      return this.#checkMap(value, type.map, place);
    }
    if (!fits(value, type)) this.#report(value, type, place);
    return value;
  }

  #checkList(value: readonly Json[], items: FieldType, place: Place): Json {
    const checked = value.map((item, index) =>
      this.check(item, items, { ...place, path: `${place.path}[${index}]` }),
    );
    return checked.every((item, index) => item === value[index]) ? value : checked;
  }

  #checkMap(value: JsonObject, map: MapType, place: Place): Json {
    const result: Record<string, Json> = { ...value };
    let isChanged = false;
    for (const [key, member] of Object.entries(value)) {
      const below = placeBelow(place, map, key);
      const type = fieldType(map, key);
      const known = type && this.check(member, type, below);
      isChanged ||= known !== member;
      if (known !== undefined) result[key] = known;
      else {
        delete result[key];
        this.unknown.push(below.path);
      }
    }
    return isChanged ? result : value;
  }

  #report(value: Json, type: FieldType, { fields, struct }: Place): void {
    if (struct === "") return;
    this.wrongType ??= `json: cannot unmarshal ${kindOf(value)} into Go struct field ${struct}.${fields.join(".")} of type ${goType(type)}`;
  }
}

function placeBelow({ path, fields, struct }: Place, map: MapType, key: string): Place {
  const below = path === "" ? key : `${path}.${key}`;
  if (map.name === "") return { path: below, fields, struct };
  return { path: below, fields: [...fields, key], struct: shortName(map.name) };
}

const kinds: Readonly<Partial<Record<ScalarKind, string>>> = {
  string: "string",
  boolean: "boolean",
  int32: "number",
  int64: "number",
  number: "number",
};

/** Times, quantities and the like read themselves. */
function fits(value: Json, { scalar }: FieldType): boolean {
  if (scalar === undefined) return false;
  const kind = kinds[scalar];
  return kind === undefined || typeof value === kind;
}

function kindOf(value: Json): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

const scalarTypes: Readonly<Partial<Record<ScalarKind, string>>> = {
  boolean: "bool",
  bytes: "[]uint8",
  int32: "int32",
  int64: "int64",
  number: "float64",
};

function goType({ scalar, map, list }: FieldType): string {
  if (list !== undefined) return `[]${goType(list.items)}`;
  if (map === undefined) return scalarTypes[scalar ?? "any"] ?? "string";
  // The one map type of the API that has a name of its own.
  if (map.values?.scalar === "quantity") return "v1.ResourceList";
  if (map.values !== undefined) return `map[string]${goType(map.values)}`;
  return map.name.split(".").slice(-2).join(".");
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
