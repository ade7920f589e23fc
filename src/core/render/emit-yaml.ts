/**
 * Kubernetes objects as YAML text: one canonical form, so that equal objects give equal bytes on every machine and in
 * every version. The bytes are hashed into tree ids, so a change here moves every site: `rendererNumber` says so, and
 * a golden test guards it. This is why the text is made here and not by a library.
 *
 * Keys: apiVersion, kind, metadata, then sorted by code unit. Text with several lines is a literal block; text that a
 * YAML 1.1 or 1.2 reader could take for something else is in double quotes. No line is ever folded.
 */
import { type Json, type JsonObject, isJsonObject, sortedKeys } from "../model/json.ts";

const first = ["apiVersion", "kind", "metadata"];

/** Metadata that many objects have, with its lines. */
export interface EmittedMetadata {
  readonly metadata: Json;
  readonly text: string;
}

/** Metadata as it stands in documents. */
export function emitMetadata(metadata: JsonObject): EmittedMetadata {
  const out: string[] = [];
  addEntry(out, { head: "", pad: "" }, ["metadata", metadata]);
  return { metadata, text: out.join("\n") };
}

/** The object as a YAML document, without `---`, ending in a newline. `emitted`: metadata that it may have. */
export function emitYaml(object: JsonObject, emitted?: EmittedMetadata): string {
  const rest = Object.keys(object).filter((key) => !first.includes(key));
  const keys = [...first.filter((key) => Object.hasOwn(object, key)), ...rest.toSorted()];
  const out: string[] = [];
  for (const key of keys) {
    const value = object[key] ?? null;
    if (key === "metadata" && value === emitted?.metadata) out.push(emitted.text);
    else addEntry(out, { head: "", pad: "" }, [key, value]);
  }
  return `${out.length === 0 ? "{}" : out.join("\n")}\n`;
}

/** What the first line begins with, and all others. */
interface Margin {
  readonly head: string;
  readonly pad: string;
}

/** Lines of `key: value`. */
function addEntry(out: string[], { head, pad }: Margin, [key, value]: [string, Json]): void {
  const name = scalarText(key);
  // A reader need not accept a key of more than 1024 characters before its colon.
  if (name.length > 1000) {
    out.push(`${head}? ${name}`);
    addLines(out, { head: `${pad}: `, pad: `${pad}  ` }, value);
  } else if (isEmpty(value) || !isNested(value)) {
    addScalar(out, { head: `${head}${name}: `, pad }, value);
  } else {
    out.push(`${head}${name}:`);
    const inner = Array.isArray(value) ? pad : `${pad}  `;
    addLines(out, { head: inner, pad: inner }, value);
  }
}

/** Lines of a value that stands in a list or on its own. */
function addLines(out: string[], margin: Margin, value: Json): void {
  if (isEmpty(value) || !isNested(value)) return addScalar(out, margin, value);
  let { head } = margin;
  const { pad } = margin;
  if (isJsonObject(value)) {
    for (const key of sortedKeys(value)) {
      addEntry(out, { head, pad }, [key, value[key] ?? null]);
      head = pad;
    }
  }
  if (!Array.isArray(value)) return;
  for (const item of value as readonly Json[]) {
    // isArray loses the type
    addLines(out, { head: `${head}- `, pad: `${pad}  ` }, item);
    head = pad;
  }
}

/** What holds nothing in it. An empty line stays empty: no trailing spaces. */
function addScalar(out: string[], { head, pad }: Margin, value: Json): void {
  const block = literalBlock(value);
  out.push(`${head}${block === undefined ? inline(value) : block.header}`);
  for (const line of block?.lines ?? []) out.push(line === "" ? "" : `${pad}  ${line}`);
}

function isNested(value: Json): boolean {
  return typeof value === "object" && value !== null;
}

function isEmpty(value: Json): boolean {
  return isNested(value) && Object.keys(value ?? {}).length === 0;
}

function inline(value: Json): string {
  if (Array.isArray(value)) return "[]";
  if (isJsonObject(value)) return "{}";
  return typeof value === "string" ? scalarText(value) : JSON.stringify(value);
}

/** Letters first, so nothing that starts like a number; no character that means something in YAML. */
const plainText = /^[A-Za-z_/][A-Za-z0-9_./@=+%-]*((:| +)[A-Za-z0-9_./@=+%-]+)*$/;
/** Quantities and durations: digits, then letters, as in `100m`, `64Mi`, `30s`. Not hexadecimal or an exponent. */
const quantity = /^[1-9][0-9]*[A-DF-Za-df-z][A-Za-z]*$/;
const reserved = /^(y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

/** A string on one line: plain where every YAML reader agrees that it is a string, else in double quotes. */
function scalarText(text: string): string {
  const isPlain = (plainText.test(text) && !reserved.test(text)) || quantity.test(text);
  return isPlain ? text : quoted(text);
}

/** Characters that stand for themselves in every reader: no control characters, no other line breaks. */
const printable =
  /^[\t\n\u0020-\u007E\u00A0-\u2027\u202A-\uD7FF\uE000-\uFEFE\uFF00-\uFFFD\u{10000}-\u{10FFFF}]*$/u;

function quoted(text: string): string {
  // JSON is a subset of YAML's double-quoted style, but for what some reader takes for a line break or refuses.
  return JSON.stringify(text).replaceAll(
    /[\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A string of several lines as a literal block, if that can hold it exactly. */
function literalBlock(value: Json): { header: string; lines: string[] } | undefined {
  if (typeof value !== "string" || !value.includes("\n") || !isBlockSafe(value)) return undefined;
  const body = value.replace(/\n+$/, "");
  const newlines = value.length - body.length;
  const chomping = newlines === 0 ? "-" : newlines === 1 ? "" : "+";
  const extra = Array.from({ length: Math.max(0, newlines - 1) }, () => "");
  return { header: `|${chomping}`, lines: [...body.split("\n"), ...extra] };
}

/** Content starts at once and unindented, and no line is blank but not empty: readers disagree about those. */
function isBlockSafe(text: string): boolean {
  return /^\S/.test(text) && !/^[ \t]+$/m.test(text) && printable.test(text);
}
