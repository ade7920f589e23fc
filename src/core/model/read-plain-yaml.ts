/**
 * Reads the YAML that most files of a fleet are written in, many times as fast as a reader of all YAML: maps in block style,
 * lists and maps on one line, words, numbers, texts in quotes without escapes. Out: what a reader of all YAML gives; or
 * undefined for any other text, right or wrong, and for what not all readers of YAML take for the same.
 */
import type { Json, JsonObject } from "./json.ts";
import { maxDepth } from "./yaml-limits.ts";

/** The documents of a text; undefined where it is written in another way. */
export function readPlainYaml(text: string): readonly JsonObject[] | undefined {
  if (!/^[\n\u0020-\u007E\p{L}]+$/u.test(text)) return undefined;
  const lines = text.split("\n").filter((line) => !emptyLine.test(line));
  const parts: string[][] = [[]];
  for (const line of lines[0] === "---" ? lines.slice(1) : lines) {
    if (line === "---") parts.push([]);
    else parts.at(-1)?.push(line);
  }
  const documents: JsonObject[] = [];
  for (const part of parts) {
    const document = part.length === 0 ? undefined : readMap(part);
    if (document === undefined) return undefined;
    documents.push(document);
  }
  return documents;
}

const emptyLine = /^ *(#.*)?$/;

interface OpenMap {
  readonly indent: number;
  readonly entries: Record<string, Json>;
}

/** A key, and what stands behind it on its line. */
const entryLine = /^( *)([A-Za-z][\w./-]{0,62}):(?: +(\S.*))?$/;
/** Not the same, or no texts, for all readers. */
const strangeWord = /^(y|n|yes|no|on|off|true|false|null)$/i;

/** A map in block style. */
function readMap(lines: readonly string[]): JsonObject | undefined {
  const entries: Record<string, Json> = {};
  let block: Block | undefined = { open: [{ indent: 0, entries }], next: undefined };
  for (const line of lines) block &&= afterLine(block, line);
  return block !== undefined && block.next === undefined ? entries : undefined;
}

interface Block {
  readonly open: readonly OpenMap[];
  /** The map of a key that stands alone on its line: what comes next has to stand in it. */
  readonly next: OpenMap | undefined;
}

function afterLine(block: Block, line: string): Block | undefined {
  const [, { length: indent } = "", key, rest] = entryLine.exec(line) ?? [];
  if (key === undefined || strangeWord.test(key)) return undefined;
  const open = openAt(block, indent);
  const entries = open.at(-1)?.entries;
  if (entries === undefined || Object.hasOwn(entries, key)) return undefined;
  if (rest === undefined) {
    const inner: Record<string, Json> = {};
    entries[key] = inner;
    return { open, next: { indent, entries: inner } };
  }
  const value = readValue(rest, open.length);
  if (value === undefined) return undefined;
  entries[key] = value;
  return { open, next: undefined };
}

/** The maps that a line with this indentation stands in; empty where it stands in none. */
function openAt({ open, next }: Block, indent: number): readonly OpenMap[] {
  if (next !== undefined) {
    const isTooDeep = open.length >= maxDepth;
    return isTooDeep || indent <= next.indent ? [] : [...open, { indent, entries: next.entries }];
  }
  const left = open.filter((each) => each.indent <= indent);
  return left.at(-1)?.indent === indent ? left : [];
}

/** What stands on one line, with a comment perhaps, in so many maps. */
function readValue(text: string, depth: number): Json | undefined {
  const reader = new LineReader(text, depth);
  const value = reader.value(plainInBlock);
  return value !== undefined && reader.isAtEnd() ? value : undefined;
}

const inDoubleQuotes = /"([^"\\]*)"/y;
const inSingleQuotes = /'([^']*)'/y;
const plainInFlow = /-?[A-Za-z0-9][\w./@+=()-]*(?: [\w./@+=()-]+)*/y;
/** Behind a key of a block, of more characters: no bracket and no comma ends it. */
const plainInBlock = /-?[A-Za-z0-9][^\s:#]*(?: [^\s:#]+)*/y;
const plainKey = /([A-Za-z][\w./-]{0,62}): /y;
const quotedKey = /"([A-Za-z][\w./-]{0,62})":/y;
const spaces = / */y;
const ending = /( +#.*)?$/y;
const number = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/;

class LineReader {
  readonly #text: string;
  #depth: number;
  #at = 0;

  constructor(text: string, depth: number) {
    this.#text = text;
    this.#depth = depth;
  }

  isAtEnd(): boolean {
    return this.#take(ending) !== undefined;
  }

  value(plain = plainInFlow): Json | undefined {
    const first = this.#text.charAt(this.#at);
    if (first === "{") return this.#map();
    if (first === "[") return this.#list();
    if (first === '"') return this.#take(inDoubleQuotes)?.[1];
    if (first === "'") return this.#take(inSingleQuotes)?.[1];
    const text = this.#take(plain)?.[0];
    return text === undefined ? undefined : scalarOf(text);
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text) ?? undefined;
    if (found !== undefined) this.#at += found[0].length;
    return found;
  }

  #map(): Json | undefined {
    const entries: Record<string, Json> = {};
    const isRead = this.#items("}", () => {
      const plain = this.#take(plainKey)?.[1];
      if (plain !== undefined && strangeWord.test(plain)) return false;
      const key = plain ?? this.#take(quotedKey)?.[1];
      if (key === undefined || Object.hasOwn(entries, key)) return false;
      this.#take(spaces);
      const value = this.value();
      if (value === undefined) return false;
      entries[key] = value;
      return true;
    });
    return isRead ? entries : undefined;
  }

  #list(): Json | undefined {
    const items: Json[] = [];
    const isRead = this.#items("]", () => {
      const value = this.value();
      if (value === undefined) return false;
      items.push(value);
      return true;
    });
    return isRead ? items : undefined;
  }

  /** Everything up to a bracket; false where that is not to be read. */
  #items(end: string, read: () => boolean): boolean {
    this.#depth += 1;
    const isRead = this.#depth <= maxDepth && this.#readItems(end, read);
    this.#depth -= 1;
    return isRead;
  }

  #readItems(end: string, read: () => boolean): boolean {
    this.#at += 1;
    this.#take(spaces);
    if (this.#skip(end)) return true;
    while (read()) {
      this.#take(spaces);
      if (this.#skip(end)) return true;
      if (!this.#skip(",")) return false;
      this.#take(spaces);
    }
    return false;
  }

  #skip(character: string): boolean {
    const isThere = this.#text.charAt(this.#at) === character;
    if (isThere) this.#at += 1;
    return isThere;
  }
}

function scalarOf(text: string): Json | undefined {
  if (text === "true" || text === "false") return text === "true";
  if (/^[A-Za-z]/.test(text)) return strangeWord.test(text) ? undefined : text;
  // Fewer digits than a number can have, and no zero with a sign.
  const value = number.test(text) && text.length <= 15 ? Number(text) : Number.NaN;
  return Number.isNaN(value) || Object.is(value, -0) ? undefined : value;
}
