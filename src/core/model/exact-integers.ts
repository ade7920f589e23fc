/**
 * Integers that JSON has and a number of JavaScript has not. Read as a number, one beyond 2^53 may be another one: what
 * is to be sent again is read so that such an integer keeps its digits.
 */
import type { Json } from "./json.ts";

/** What the types of this TypeScript lack of JSON. */
interface JsonWithSource {
  readonly rawJSON: (text: string) => Json;
  readonly parse: (
    text: string,
    reviver: (key: string, value: Json, context: { readonly source?: string }) => Json,
  ) => Json;
}

/** Reads JSON; an integer beyond 2^53 is what `JSON.stringify`, and nothing else, knows how to write: as it was. */
export function parseExactly(text: string): Json {
  const { parse, rawJSON } = JSON as unknown as JsonWithSource; // as Node has it
  return parse(text, (_, value, { source = "" }) =>
    isLarge(value) && /^-?\d+$/.test(source) ? rawJSON(source) : value,
  );
}

/** True for data with an integer beyond 2^53, which may have been another one before it was read. */
export function hasLargeInteger(value: Json): boolean {
  if (typeof value !== "object" || value === null) return isLarge(value);
  return Object.values(value).some((inner: Json) => hasLargeInteger(inner));
}

function isLarge(value: Json): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value);
}
