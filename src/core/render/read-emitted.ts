/**
 * Reads what `emitYaml` has written, some ten times as fast as a reader of all YAML. In: a text. Out: its value; or
 * undefined, where it is any other text. Never another value than a reader of all YAML gives: what is read is written
 * again, and only where that is the same text does it count.
 */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { emitYaml } from "./emit-yaml.ts";

/** The object in a text that `emitYaml` made; undefined for any other. */
export function readEmitted(text: string): JsonObject | undefined {
  if (!text.endsWith("\n")) return undefined;
  const cursor = { lines: text.slice(0, -1).split("\n"), at: 0 };
  let value: Json;
  try {
    value = readMap(cursor, 0);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // of JSON, or of a map
    throw error;
  }
  return isJsonObject(value) && emitYaml(value) === text ? value : undefined;
}

interface Cursor {
  readonly lines: string[];
  at: number;
}

/** The line under the cursor, without its indentation; undefined where it has less, or another. */
function lineAt({ lines, at }: Cursor, indent: number): string | undefined {
  const line = lines[at];
  if (line === undefined || line.length <= indent || line[indent] === " ") return undefined;
  for (let column = 0; column < indent; column++) if (line[column] !== " ") return undefined;
  return line.slice(indent);
}

function readMap(cursor: Cursor, indent: number): Json {
  const object: Record<string, Json> = {};
  for (let line = lineAt(cursor, indent); line !== undefined; line = lineAt(cursor, indent)) {
    if (line.startsWith("- ")) break;
    const entry = splitKey(line);
    if (entry === undefined) throw new SyntaxError("no entry of a map");
    cursor.at += 1;
    object[entry.key] =
      entry.rest === ""
        ? readNested(cursor, indent)
        : readInline(cursor, { text: entry.rest, indent: indent + 2 });
  }
  return object;
}

/** What stands below a key: a list is not indented. */
function readNested(cursor: Cursor, indent: number): Json {
  const isList = lineAt(cursor, indent)?.startsWith("- ") === true;
  return isList ? readList(cursor, indent) : readMap(cursor, indent + 2);
}

function readList(cursor: Cursor, indent: number): Json {
  const items: Json[] = [];
  for (let line = lineAt(cursor, indent); line !== undefined; line = lineAt(cursor, indent)) {
    if (!line.startsWith("- ")) break;
    // As if the item stood on lines of its own.
    cursor.lines[cursor.at] = `${" ".repeat(indent + 2)}${line.slice(2)}`;
    items.push(readItem(cursor, indent + 2));
  }
  return items;
}

function readItem(cursor: Cursor, indent: number): Json {
  const line = lineAt(cursor, indent);
  if (line === undefined) throw new SyntaxError("no item of a list");
  if (line.startsWith("- ")) return readList(cursor, indent);
  if (splitKey(line) !== undefined) return readMap(cursor, indent);
  cursor.at += 1;
  return readInline(cursor, { text: line, indent: indent + 2 });
}

/** A scalar, or the header of a block whose lines are below, indented so. */
function readInline(
  cursor: Cursor,
  { text, indent }: { readonly text: string; readonly indent: number },
): Json {
  if (!/^\|[-+]?$/.test(text)) return scalarOf(text);
  const block: string[] = [];
  const margin = " ".repeat(indent);
  for (let line = cursor.lines[cursor.at]; line !== undefined; line = cursor.lines[cursor.at]) {
    if (line !== "" && !line.startsWith(margin)) break;
    block.push(line.slice(indent));
    cursor.at += 1;
  }
  return `${block.join("\n")}${text === "|-" ? "" : "\n"}`;
}

const quotedStart = /^"(?:[^"\\]|\\.)*"/;

/** `key: rest`, `key:` with an empty rest; undefined where the line is no entry. */
function splitKey(line: string): { readonly key: string; readonly rest: string } | undefined {
  const quoted = quotedStart.exec(line)?.[0];
  if (quoted !== undefined && line.length === quoted.length) return undefined;
  const end = quoted === undefined ? keyEnd(line) : quoted.length;
  if (line[end] !== ":") return undefined;
  const name = line.slice(0, end);
  const key = quoted === undefined ? name : (JSON.parse(quoted) as string); // what is in quotes
  return { key, rest: line.slice(end + 2) };
}

function keyEnd(line: string): number {
  const inside = line.indexOf(": ");
  return inside >= 0 ? inside : line.length - 1;
}

function scalarOf(text: string): Json {
  if (text === "[]") return [];
  if (text === "{}") return {};
  const isJson = text.startsWith('"') || /^(-?\d[\d.eE+-]*|true|false|null)$/.test(text);
  return isJson ? (JSON.parse(text) as Json) : text; // what JSON.parse gives is Json
}
