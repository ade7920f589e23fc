/** The form in which the API server keeps and answers with objects. */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import {
  type Field,
  type FieldType,
  type ListType,
  type MapType,
  deducedType,
  emptyValue,
} from "./schema.ts";
import { fieldType, formOf, hasNoMembers, itemsOf, membersOf } from "./typed-value.ts";

/**
 * The object as the API server writes it: without nulls (in maps of text they are the empty text), in built-in types also without empty lists and maps and with
 * the structs that are always there, if only as `{}`. `live` is an object in that form: what the two share by identity
 * is not looked into. An object in that form comes back itself.
 */
export function toServerForm(object: JsonObject, type: FieldType, live?: JsonObject): JsonObject {
  const formed = convert(object, type, live);
  return isJsonObject(formed) ? formed : object;
}

function convert(value: Json, type: FieldType, live: Json | undefined): Json {
  if (typeof value !== "object" || value === null || value === live) return value;
  const form = formOf(type, value);
  if (form.kind === "list" && Array.isArray(value)) return convertList(value, form, itemsOf(live));
  if (form.kind === "map" && isJsonObject(value)) return convertMap(value, form, membersOf(live));
  return value;
}

function convertList(
  value: readonly Json[],
  list: ListType,
  live: readonly Json[],
): readonly Json[] {
  const items = value.map((item) =>
    live.includes(item) ? item : convert(item, list.items, undefined),
  );
  return items.every((item, index) => item === value[index]) ? value : items;
}

function convertMap(value: JsonObject, map: MapType, live: JsonObject): JsonObject {
  let result: Record<string, Json> | undefined;
  for (const key in value) {
    const member = value[key];
    if (member === undefined || (member === live[key] && member !== null)) continue;
    const converted = convertMember(member, { map, key, live: live[key] });
    if (converted === member) continue;
    result ??= { ...value };
    if (converted === undefined) delete result[key];
    else result[key] = converted;
  }
  return withStructs(result ?? value, map);
}

function convertMember(
  member: Json,
  { map, key, live }: { map: MapType; key: string; live: Json | undefined },
): Json | undefined {
  if (member === null && !map.fields.has(key) && map.values?.scalar === "string") return "";
  if (isLeftOut(member, map, key)) return undefined;
  const type = fieldType(map, key);
  return type === undefined ? member : convert(member, type, live);
}

function withStructs(value: JsonObject, map: MapType): JsonObject {
  const missing = map.structs.filter((name) => value[name] === undefined);
  if (missing.length === 0) return value;
  const added = missing.map(
    (name) => [name, emptyValue(fieldType(map, name) ?? deducedType)] as const,
  );
  return { ...value, ...Object.fromEntries(added) };
}

/** Structs stay when they are empty, and required lists. */
function isLeftOut(member: Json, map: MapType, key: string): boolean {
  const field = map.fields.get(key);
  if (field === undefined || map.name === "") return member === null && field !== undefined;
  if (member === null) return !field.isRequired;
  // An empty list of managedFields asks for something: to forget all owners.
  if (key === "managedFields") return false;
  return hasNoMembers(member) && typeof member === "object" && isCollection(field);
}

function isCollection({ type, isRequired }: Field): boolean {
  if (type.list !== undefined) return !isRequired;
  return type.map !== undefined && type.map.name === "";
}
