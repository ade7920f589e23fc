/** What the API server refuses in an applied configuration before it merges it. */
import { type Json, isJsonObject } from "../../model/json.ts";
import { describeStep, itemStep } from "./list-items.ts";
import type { FieldType, ListType, MapType, ScalarKind } from "./schema.ts";
import { fieldType } from "./typed-value.ts";

/**
 * The first things that do not fit the type, in the API server's words: `.spec.replicas: expected numeric (int or
 * float), got string`. Unknown fields, wrong kinds, items without keys, items that are there twice.
 */
export function checkApplied(value: Json, type: FieldType): readonly string[] {
  const problems: string[] = [];
  check(value, type, { path: [], problems });
  return problems;
}

interface Place {
  readonly path: readonly string[];
  readonly problems: string[];
}

function check(value: Json, type: FieldType, place: Place): void {
  if (value === null) return;
  if (Array.isArray(value) && type.list !== undefined) return checkList(value, type.list, place);
  if (isJsonObject(value) && type.map !== undefined) return checkMap(value, type.map, place);
  if (typeof value !== "object" && type.scalar !== undefined) {
    return checkScalar(value, type.scalar, place);
  }
  if (type.map !== undefined) return report(place, `expected map, got &{${printed(value)}}`);
  if (type.scalar !== undefined) return checkScalar(value, type.scalar, place);
  report(place, `expected list, got &{${printed(value)}}`);
}

function checkMap(value: Readonly<Record<string, Json>>, map: MapType, place: Place): void {
  for (const [key, member] of Object.entries(value)) {
    const below = { ...place, path: [...place.path, `f:${key}`] };
    const type = fieldType(map, key);
    if (type === undefined) report(below, "field not declared in schema");
    else check(member, type, below);
  }
}

function checkList(value: readonly Json[], list: ListType, place: Place): void {
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const result =
      list.merge === "atomic" ? ({ ok: true, step: `i:${index}` } as const) : itemStep(item, list);
    if (!result.ok) return report(place, `element ${index}: ${result.message}`);
    if (seen.has(result.step)) {
      report(place, `duplicate entries for key ${describeStep(result.step)}`);
    }
    seen.add(result.step);
    check(item, list.items, { ...place, path: [...place.path, result.step] });
  }
}

const numeric = new Set<ScalarKind>(["int32", "int64", "number"]);

function checkScalar(value: Json, kind: ScalarKind, place: Place): void {
  if (numeric.has(kind)) {
    if (typeof value !== "number") {
      report(place, `expected numeric (int or float), got ${goType(value)}`);
    }
  } else if (kind === "boolean") {
    if (typeof value !== "boolean") report(place, `expected boolean, got &{${printed(value)}}`);
  } else if (kind === "string" || kind === "bytes") {
    if (typeof value !== "string") {
      report(place, `expected string, got &value.valueUnstructured{Value:${printedGo(value)}}`);
    }
  } else if (typeof value === "object") {
    report(place, `expected any scalar, got &{${printed(value)}}`);
  }
}

function goType(value: Json): string {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  return Array.isArray(value) ? "[]interface {}" : "map[string]interface {}";
}

/** A value as messages print it. */
function printed(value: Json): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return `[${value.map(printed).join(" ")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).toSorted();
  return `map[${members.map((key) => `${key}:${printed(value[key] ?? null)}`).join(" ")}]`;
}

/** A value as messages about strings print it: the source text of Go. */
function printedGo(value: Json): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value ?? "interface {}(nil)");
  if (Array.isArray(value)) return `[]interface {}{${value.map(printedGo).join(", ")}}`;
  const members = Object.entries(value as Readonly<Record<string, Json>>) // no list, as asked above
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${printedGo(member)}`);
  return `map[string]interface {}{${members.join(", ")}}`;
}

function report({ path, problems }: Place, message: string): void {
  const text = path.map(describeStep).join("");
  problems.push(text === "" ? message : `${text}: ${message}`);
}
