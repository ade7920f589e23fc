/** Fields of an object by names instead of positions, so that one field is found in every version of the object. */
import { parseFieldPath } from "../apply/field-paths.ts";
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";

/** A key, the item of a list by what it says at its keys (`name`), or by its position where it has nothing such. */
export type FieldStep =
  | { readonly key: string }
  | { readonly item: readonly SaidKey[] }
  | { readonly position: number };

/** A key of the items of a list; `fallback`: what it is in an item that lacks it. */
export interface ItemKey {
  readonly by: string;
  readonly fallback?: Json;
}

interface SaidKey extends ItemKey {
  readonly says: string | number;
}

/** What is known of the lists of an object whose items have no names. */
export interface Lists {
  /** The keys that together tell the items of a list apart; undefined where none do. */
  keysOf(list: readonly FieldStep[]): readonly ItemKey[] | undefined;
  /** Whether a position means the same item in every version of a list. */
  isByPosition(list: readonly FieldStep[]): boolean;
}

interface Within {
  readonly lists: Lists;
  /** What leads to the value; default: nothing. */
  readonly above?: readonly FieldStep[];
}

/** Every field that holds no others: scalars, empty maps and lists, and lists whose items cannot be told apart. */
export function leafFields(value: Json, { lists, above = [] }: Within): FieldStep[][] {
  if (isJsonObject(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, inner]) =>
      leafFields(inner, { lists, above: [...above, { key }] }),
    );
  }
  const items = itemsOf(value, { lists, above });
  if (items === undefined) return [[...above]];
  return items.flatMap(({ step, item }) => leafFields(item, { lists, above: [...above, step] }));
}

interface ListItem {
  readonly step: FieldStep;
  readonly item: Json;
}

/** The items of a list: by their names, else by other keys, else by position; undefined where all this fails. */
function itemsOf(
  value: Json | undefined,
  { lists, above = [] }: Within,
): readonly ListItem[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const items = value as readonly Json[]; // isArray loses the type of items
  const named = namedItems(items, byName) ?? namedItems(items, lists.keysOf(above) ?? []);
  if (named !== undefined || !lists.isByPosition(above)) return named;
  return items.map((item, position) => ({ step: { position }, item }));
}

const byName: readonly ItemKey[] = [{ by: "name" }];

/** The items by what they say at keys; undefined where one says nothing there, or two say the same. */
export function namedItems(
  items: readonly Json[],
  keys: readonly ItemKey[],
): readonly ListItem[] | undefined {
  const names = new Set<string>();
  const named: ListItem[] = [];
  for (const item of items) {
    const said = keys.flatMap((key): SaidKey[] => {
      const says = saidBy(item, key);
      return typeof says === "string" || typeof says === "number" ? [{ ...key, says }] : [];
    });
    const name = JSON.stringify(said);
    if (said.length < Math.max(1, keys.length) || names.has(name)) return undefined;
    names.add(name);
    named.push({ step: { item: said }, item });
  }
  return named;
}

function saidBy(item: Json, { by, fallback }: ItemKey): Json | undefined {
  return isJsonObject(item) ? (item[by] ?? fallback) : undefined;
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
  if ("position" in step) return step.position < value.length ? step.position : undefined;
  const index = (value as readonly Json[]).findIndex(
    (item) => step.item.every((key) => saidBy(item, key) === key.says), // isArray loses the type of items
  );
  return index < 0 ? undefined : index;
}

function at(value: Json | undefined, position: string | number): Json | undefined {
  if (isJsonObject(value)) return value[String(position)];
  return Array.isArray(value) ? (value[Number(position)] as Json | undefined) : undefined; // as above
}

/**
 * `.spec.containers[name="web"].image`, `.metadata.labels["example.com/team"]`, or with a position, as a field of this
 * object; undefined: it has none such. What is in a list whose items cannot be told apart is told by the whole list.
 */
export function readField(text: string, object: JsonObject, lists: Lists): FieldStep[] | undefined {
  const parts = parseFieldPath(/^[.[]/.test(text) ? text : `.${text}`);
  return parts && readParts(parts, object, { lists });
}

function readParts(
  parts: readonly string[],
  root: Json,
  { lists, above = [] }: Within,
): FieldStep[] | undefined {
  const steps: FieldStep[] = [...above];
  let rest = [...parts];
  let value: Json | undefined = root;
  while (rest.length > 0) {
    const within = { lists, above: steps };
    const next = nextStep(value, rest, within);
    if (next === undefined) return isInList(value, rest, within) ? steps : undefined;
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

function nextStep(
  value: Json | undefined,
  parts: readonly string[],
  within: Within,
): NextStep | undefined {
  const [first = ""] = parts;
  if (first.startsWith("[")) {
    const text = first.slice(1, -1);
    return isJsonObject(value) ? quotedStep(value, text) : itemStep(value, text, within);
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

/** Whether parts lead somewhere by a position in a list whose items cannot be told apart. */
function isInList(
  value: Json | undefined,
  [first = "", ...rest]: readonly string[],
  within: Within,
): boolean {
  const isPosition = Array.isArray(value) && /^\[\d+\]$/.test(first);
  if (!isPosition || itemsOf(value, within) !== undefined) return false;
  const position = Number(first.slice(1, -1));
  const item = (value as readonly Json[])[position]; // isArray loses the type
  const { lists, above = [] } = within;
  return (
    item !== undefined &&
    readParts(rest, item, { lists, above: [...above, { position }] }) !== undefined
  );
}

/** `name="web"`, `port=53,protocol="UDP"`, or a position. */
function itemStep(value: Json | undefined, text: string, within: Within): NextStep | undefined {
  const steps = (itemsOf(value, within) ?? []).map(({ step }) => step);
  const step = /^\d+$/.test(text)
    ? steps[Number(text)]
    : (steps.find((each) => isCalled(each, [text])) ??
      steps.find((each) => isCalled(each, text.split(/,(?=\w+=)/))));
  return step && { step, taken: 1 };
}

/** Whether these texts are what an item says at its keys, in any order. */
function isCalled(step: FieldStep, texts: readonly string[]): boolean {
  if (!("item" in step) || step.item.length !== texts.length) return false;
  const given = new Map(
    texts.map((text) => {
      const [, by = "", , says = ""] = /^(\w+)=("?)(.*)\2$/.exec(text) ?? [];
      return [by, says];
    }),
  );
  return step.item.every(({ by, says }) => given.get(by) === String(says));
}

/** The field as people write it. */
export function fieldText(steps: readonly FieldStep[]): string {
  return steps.length === 0 ? "." : steps.map(stepText).join("");
}

function stepText(step: FieldStep): string {
  if ("key" in step) return `.${step.key}`;
  if ("position" in step) return `[${step.position}]`;
  return `[${step.item.map(({ by, says }) => `${by}=${JSON.stringify(says)}`).join()}]`;
}
