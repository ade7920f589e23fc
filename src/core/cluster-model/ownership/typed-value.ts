/** What the walks over typed values share. */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import type { FieldType, ListType, MapType } from "./schema.ts";

/** The part of a type that a value is held against. */
export type Form = MapType | ListType | typeof scalarForm;

const scalarForm = { kind: "scalar" } as const;

/** The form that fits the value; a value that fits none (null, the wrong kind) takes the first that the type has. */
export function formOf(type: FieldType, value: Json | undefined): Form {
  return fittingForm(type, value) ?? type.map ?? scalarOf(type) ?? type.list ?? scalarForm;
}

function fittingForm(type: FieldType, value: Json | undefined): Form | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return type.list;
  return typeof value === "object" ? type.map : scalarOf(type);
}

function scalarOf(type: FieldType): Form | undefined {
  return type.scalar === undefined ? undefined : scalarForm;
}

/** The type of a field of a map; undefined when there may be no such field. */
export function fieldType(map: MapType, name: string): FieldType | undefined {
  return map.fields.get(name)?.type ?? map.values;
}

/** Whether there is nothing to walk into: absent, null, of another kind, or without members. */
export function hasNoMembers(value: Json | undefined): boolean {
  if (typeof value !== "object" || value === null) return true;
  return (Array.isArray(value) ? value.length : Object.keys(value).length) === 0;
}

/** The list, or no items where the value is none. */
export function itemsOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : noItems;
}

/** The map, or no members where the value is none. */
export function membersOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : noMembers;
}

const noItems: readonly Json[] = [];
const noMembers: JsonObject = {};

/** Whether two values are the same data. */
export function isSameValue(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && isSameList(a, b);
  return isJsonObject(a) && isJsonObject(b) && isSameMap(a, b);
}

function isSameList(a: readonly Json[], b: readonly Json[]): boolean {
  return a.length === b.length && a.every((item, index) => isSameValue(item, b[index]));
}

function isSameMap(a: JsonObject, b: JsonObject): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => b[key] !== undefined && isSameValue(a[key], b[key]));
}
