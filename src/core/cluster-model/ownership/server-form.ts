/** The form in which the API server keeps and answers with objects. */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import { type Field, type FieldType, type MapType, emptyValue } from "./schema.ts";
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
  let result: Json = value;
  if (form.kind === "list" && Array.isArray(value)) {
    const items = value.map((item: Json) => convert(item, form.items));
    if (items.some((item, index) => item !== value[index])) result = items;
  } else if (form.kind === "map" && isJsonObject(value)) {
    result = convertMap(value, form);
  }
  if (typeof result === "object" && result !== null) inForm.add(result);
  return result;
}

function convertMap(value: JsonObject, map: MapType): JsonObject {
  const changes: [string, Json | undefined][] = [];
  for (const key in value) {
    const type = fieldType(map, key);
    const member = value[key];
    if (type === undefined || member === undefined) continue;
    const converted = isLeftOut(member, map, key) ? undefined : convert(member, type);
    if (converted !== member) changes.push([key, converted]);
  }
  for (const [key, field] of map.fields) {
    if (field.isAlwaysThere && value[key] === undefined)
      changes.push([key, emptyValue(field.type)]);
  }
  if (changes.length === 0) return value;
  const result: Record<string, Json | undefined> = { ...value, ...Object.fromEntries(changes) };
  for (const [key, member] of changes) if (member === undefined) delete result[key];
  return result as JsonObject; // what was undefined is gone
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
