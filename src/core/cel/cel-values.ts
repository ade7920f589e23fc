import { type CelInput, type CelValue, isCelList, isCelMap, isCelUint } from "@bufbuild/cel";
import type { Json } from "../model/json.ts";
import type { CelType } from "./cel-types.ts";

/** A value of Flotilla's as an expression gets it: whole numbers stay whole, objects are maps. */
export function toCelInput(value: Json, type: CelType): CelInput {
  if (typeof value === "number") return isWhole(value, type) ? BigInt(Math.trunc(value)) : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const of = typeof type !== "string" && "listOf" in type ? type.listOf : itemOf(type);
    return (value as readonly Json[]).map((item) => toCelInput(item, of)); // isArray loses the type of items
  }
  return new Map(
    Object.entries(value).map(([key, item]) => [key, toCelInput(item, typeAt(type, key))]),
  );
}

function isWhole(value: number, type: CelType): boolean {
  return type === "int" || (type === "data" && Number.isSafeInteger(value));
}

/** What stands in data is data. */
function itemOf(type: CelType): CelType {
  return type === "data" ? "data" : "any";
}

function typeAt(type: CelType, key: string): CelType {
  if (typeof type === "string" || "listOf" in type) return itemOf(type);
  if ("mapOf" in type) return type.mapOf;
  return Object.hasOwn(type.fields, key) ? (type.fields[key] ?? "any") : "any";
}

/** What an expression gave, as plain data; undefined for what is none, such as a type, a time or NaN. */
export function fromCelValue(value: CelValue): Json | undefined {
  if (typeof value === "bigint") return wholeNumber(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "object" || value === null) return value;
  if (isCelUint(value)) return wholeNumber(value.value);
  if (isCelList(value)) {
    const items = [...value].map(fromCelValue);
    return items.every((item) => item !== undefined) ? items : undefined;
  }
  return isCelMap(value) ? fromEntries([...value]) : undefined;
}

function wholeNumber(value: bigint): number | undefined {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

function fromEntries(entries: readonly (readonly [unknown, CelValue])[]): Json | undefined {
  const result: [string, Json][] = [];
  for (const [key, item] of entries) {
    const value = fromCelValue(item);
    if (typeof key !== "string" || value === undefined) return undefined;
    result.push([key, value]);
  }
  return Object.fromEntries(result);
}
