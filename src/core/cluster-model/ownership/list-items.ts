/** How the items of merged lists are told apart. */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import type { ListType } from "./schema.ts";

/** The step of a set of fields that leads to an item, or why there is none. */
export type ItemStep =
  | { readonly ok: true; readonly step: string }
  | { readonly ok: false; readonly message: string };

/** The step that leads to an item of a list that is merged by keys or as a set. */
export function itemStep(item: Json, list: ListType): ItemStep {
  return list.merge === "map" ? keyedStep(item, list) : valueStep(item);
}

/** The same for items that were checked before. */
export function stepOf(item: Json, list: ListType): string {
  const result = itemStep(item, list);
  return result.ok ? result.step : `v:${JSON.stringify(item)}`;
}

function keyedStep(item: Json, list: ListType): ItemStep {
  if (item === null) return fail("associative list with keys may not have a null element");
  if (!isJsonObject(item)) {
    return fail("associative list with keys may not have non-map elements");
  }
  let text = "";
  for (const key of list.keys) {
    const value = item[key] ?? list.defaults[key];
    if (value === undefined) continue;
    text += `${text === "" ? "" : ","}${escapeText(JSON.stringify(key))}:${valueText(value)}`;
  }
  if (text !== "") return { ok: true, step: `k:{${text}}` };
  const names = list.keys.map((key) => JSON.stringify(key)).join(" ");
  return fail(
    `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
  );
}

function valueStep(item: Json): ItemStep {
  if (item === null) {
    return fail("associative list without keys has an element that's an explicit null");
  }
  if (Array.isArray(item)) return fail("not supported: associative list with lists as elements");
  if (isJsonObject(item)) {
    return fail("associative list without keys has an element that's a map type");
  }
  return { ok: true, step: `v:${valueText(item)}` };
}

function valueText(value: Json): string {
  return escapeText(JSON.stringify(value));
}

/** The API server writes these three escaped, wherever they stand. */
function escapeText(text: string): string {
  return /[<>&]/.test(text)
    ? text.replaceAll("<", "\\u003c").replaceAll(">", "\\u003e").replaceAll("&", "\\u0026")
    : text;
}

function fail(message: string): ItemStep {
  return { ok: false, message };
}

/** A step in the one form that is used here, whoever wrote it; undefined when it is none. */
export function normalStep(step: string): string | undefined {
  const form = step.slice(0, 2);
  if (form === "f:" || form === "i:") return step;
  if (form !== "k:" && form !== "v:") return undefined;
  try {
    const value = JSON.parse(step.slice(2)) as Json; // what JSON.parse gives is Json
    if (form === "v:") return `v:${valueText(value)}`;
    return isJsonObject(value) ? `k:${sortedText(value)}` : undefined;
  } catch {
    return undefined;
  }
}

function sortedText(value: JsonObject): string {
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${escapeText(JSON.stringify(key))}:${valueText(value[key] ?? null)}`);
  return `{${members.join(",")}}`;
}

/** `.spec.containers[name="web"].image`: a path as the API server's messages write it. */
export function describePath(path: readonly string[]): string {
  return path.map(describeStep).join("");
}

/** One step of such a path. */
export function describeStep(step: string): string {
  const rest = step.slice(2);
  switch (step.slice(0, 2)) {
    case "f:":
      return `.${rest}`;
    case "k:": {
      const keys = JSON.parse(rest) as JsonObject; // steps are made from objects here
      const texts = Object.entries(keys).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
      return `[${texts.join(",")}]`;
    }
    case "v:":
      return `[=${JSON.stringify(JSON.parse(rest))}]`;
    default:
      return `[${rest}]`;
  }
}
