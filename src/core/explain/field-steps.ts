/** Fields of an object by names instead of positions, so that one field is found in every version of the object. */
import { parseFieldPath } from "../apply/field-paths.ts";
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";

/** A key, or the item of a list by its `name`. */
export type FieldStep = { readonly key: string } | { readonly item: string };

/** Every field that holds no others: scalars, empty maps, and lists whose items have no names of their own. */
export function leafFields(value: Json, above: readonly FieldStep[] = []): FieldStep[][] {
  if (isJsonObject(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, inner]) => leafFields(inner, [...above, { key }]));
  }
  const items = namedItems(value);
  if (items === undefined) return [[...above]];
  return [...items].flatMap(([item, inner]) => leafFields(inner, [...above, { item }]));
}

/** The items of a list by their names; undefined where they have none, or not each its own. */
function namedItems(value: Json | undefined): ReadonlyMap<string, JsonObject> | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const items = new Map<string, JsonObject>();
  for (const item of value as readonly Json[]) {
    // isArray loses the type of items
    const name = isJsonObject(item) ? item["name"] : undefined;
    if (!isJsonObject(item) || typeof name !== "string" || items.has(name)) return undefined;
    items.set(name, item);
  }
  return items;
}

/** Where a field is in a value: all the way, or as far as the value has it. */
export interface FoundField {
  /** Keys and positions. */
  readonly path: readonly (string | number)[];
  /** The field; undefined where the value does not have it. */
  readonly value: Json | undefined;
}

/** Finds a field in a value. */
export function findField(root: Json | undefined, steps: readonly FieldStep[]): FoundField {
  const path: (string | number)[] = [];
  let value = root;
  for (const step of steps) {
    const position = positionOf(value, step);
    if (position === undefined) return { path, value: undefined };
    path.push(position);
    value = at(value, position);
  }
  return { path, value };
}

function positionOf(value: Json | undefined, step: FieldStep): string | number | undefined {
  if ("key" in step) {
    return isJsonObject(value) && Object.hasOwn(value, step.key) ? step.key : undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const index = (value as readonly Json[]).findIndex(
    (item) => isJsonObject(item) && item["name"] === step.item, // isArray loses the type of items
  );
  return index < 0 ? undefined : index;
}

function at(value: Json | undefined, position: string | number): Json | undefined {
  if (isJsonObject(value)) return value[String(position)];
  return Array.isArray(value) ? (value[Number(position)] as Json | undefined) : undefined; // as above
}

/**
 * `.spec.containers[name="web"].image`, `.metadata.labels["example.com/team"]`, or with a position, as a field of this
 * object; undefined: it has none such. What is in a list whose items have no names is told by the whole list.
 */
export function readField(text: string, object: JsonObject): FieldStep[] | undefined {
  const parts = parseFieldPath(/^[.[]/.test(text) ? text : `.${text}`);
  return parts && readParts(parts, object);
}

function readParts(parts: readonly string[], root: Json): FieldStep[] | undefined {
  const steps: FieldStep[] = [];
  let rest = [...parts];
  let value: Json | undefined = root;
  while (rest.length > 0) {
    const next = nextStep(value, rest);
    if (next === undefined) return isInList(value, rest) ? steps : undefined;
    const { step, taken } = next;
    steps.push(step);
    value = findField(value, [step]).value;
    rest = rest.slice(taken);
  }
  return steps;
}

interface NextStep {
  readonly step: FieldStep;
  /** Parts of the text that it is. */
  readonly taken: number;
}

function nextStep(value: Json | undefined, parts: readonly string[]): NextStep | undefined {
  const [first = ""] = parts;
  if (first.startsWith("[")) {
    const text = first.slice(1, -1);
    return isJsonObject(value) ? quotedStep(value, text) : itemStep(value, text);
  }
  if (!isJsonObject(value)) return undefined;
  // Keys may hold dots: the longest one that the object has is meant.
  for (let taken = parts.length; taken > 0; taken -= 1) {
    const key = parts.slice(0, taken).join("").slice(1);
    if (Object.hasOwn(value, key)) return { step: { key }, taken };
  }
  return undefined;
}

/** A key in quotes: `"flotilla.dev/app"`. */
function quotedStep(value: JsonObject, text: string): NextStep | undefined {
  const key = /^(?<quote>["'])(?<key>.*)\k<quote>$/.exec(text)?.groups?.["key"];
  return key !== undefined && Object.hasOwn(value, key) ? { step: { key }, taken: 1 } : undefined;
}

/** Whether parts lead somewhere by a position in a list whose items have no names. */
function isInList(value: Json | undefined, [first = "", ...rest]: readonly string[]): boolean {
  if (!Array.isArray(value) || namedItems(value) !== undefined || !/^\[\d+\]$/.test(first))
    return false;
  const item = (value as readonly Json[])[Number(first.slice(1, -1))]; // isArray loses the type
  return item !== undefined && readParts(rest, item) !== undefined;
}

/** `name="web"`, or a position. */
function itemStep(value: Json | undefined, text: string): NextStep | undefined {
  const items = [...(namedItems(value)?.keys() ?? [])];
  const named = /^name=("?)(.*)\1$/.exec(text)?.[2];
  const item = named ?? items[/^\d+$/.test(text) ? Number(text) : -1];
  return item !== undefined && items.includes(item) ? { step: { item }, taken: 1 } : undefined;
}

/** The field as people write it. */
export function fieldText(steps: readonly FieldStep[]): string {
  const text = steps.map((step) => ("key" in step ? `.${step.key}` : `[name="${step.item}"]`));
  return text.length === 0 ? "." : text.join("");
}
