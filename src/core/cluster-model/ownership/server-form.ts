/** The form in which the API server keeps and answers with objects. */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import { type Field, type FieldType, type ListType, type MapType, emptyValue } from "./schema.ts";
import { fieldType, formOf, hasNoMembers } from "./typed-value.ts";

const inForm = new WeakSet<object>();

/**
 * The object as the API server writes it: without nulls, in built-in types also without empty lists and maps and with
 * the structs that are always there, if only as `{}`. An object in that form comes back itself.
 */
export function toServerForm(object: JsonObject, type: FieldType): JsonObject {
  const formed = convert(object, type);
  return isJsonObject(formed) ? formed : object;
}

function convert(value: Json, type: FieldType): Json {
  if (typeof value !== "object" || value === null || inForm.has(value)) return value;
  const form = formOf(type, value);
  let result = value;
  if (form.kind === "list" && Array.isArray(value)) result = convertList(value, form);
  else if (form.kind === "map" && isJsonObject(value)) result = convertMap(value, form);
  inForm.add(result);
  return result;
}

function convertList(value: readonly Json[], list: ListType): readonly Json[] {
  const items = value.map((item) => convert(item, list.items));
  return items.every((item, index) => item === value[index]) ? value : items;
}

function convertMap(value: JsonObject, map: MapType): JsonObject {
  const result: Record<string, Json> = { ...value };
  let isChanged = false;
  for (const [key, member] of Object.entries(value)) {
    const converted = convertMember(member, map, key);
    isChanged ||= converted !== member;
    if (converted === undefined) delete result[key];
    else result[key] = converted;
  }
  for (const [key, field] of map.fields) {
    if (!field.isAlwaysThere || value[key] !== undefined) continue;
    result[key] = emptyValue(field.type);
    isChanged = true;
  }
  return isChanged ? result : value;
}

function convertMember(member: Json, map: MapType, key: string): Json | undefined {
  if (isLeftOut(member, map, key)) return undefined;
  const type = fieldType(map, key);
  return type === undefined ? member : convert(member, type);
}

/** Structs stay when they are empty, and required lists. */
function isLeftOut(member: Json, map: MapType, key: string): boolean {
  const field = map.fields.get(key);
  if (field === undefined || map.name === "") return member === null && field !== undefined;
  if (member === null) return !field.isRequired;
  return hasNoMembers(member) && typeof member === "object" && isCollection(field);
}

function isCollection({ type, isRequired }: Field): boolean {
  if (type.list !== undefined) return !isRequired;
  return type.map !== undefined && type.map.name === "";
}
