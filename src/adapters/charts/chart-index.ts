/** The index of a chart repository: where it has a chart in a version. */
import { parse } from "yaml";
import { isJsonObject, type Json } from "../../core/model/json.ts";

/** 8 MiB of YAML: reading more takes many seconds, and gigabytes. */
const maxYaml = 8 * 1024 * 1024;

/** JSON or YAML; undefined where it is neither, or too much. */
export function parseData(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json; // what JSON.parse gives is Json
  } catch {
    if (text.length > maxYaml) return undefined;
  }
  try {
    return parse(text, { maxAliasCount: 0 }) as Json; // plain data, without aliases
  } catch {
    return undefined;
  }
}

/** The versions of a chart; undefined: the text is no index, or too large to be read. */
export function chartVersions(index: string, name: string): readonly Json[] | undefined {
  const read = parseData(partOf(index, name) ?? index);
  const entries = isJsonObject(read) ? read["entries"] : undefined;
  if (!isJsonObject(entries)) return undefined;
  const versions = Object.hasOwn(entries, name) ? entries[name] : undefined;
  return Array.isArray(versions) ? (versions as readonly Json[]) : []; // isArray loses the type of items
}

/** What an index tells of a chart, where it is laid out as Helm writes it: a whole one may have many megabytes. */
function partOf(index: string, name: string): string | undefined {
  const start = /^entries: *\r?\n(?<indent> {1,8})(?=[^\s#-])/m.exec(index);
  const indent = start?.groups?.["indent"];
  if (start === null || indent === undefined) return undefined;
  const key = new RegExp(`\\n${indent}(["']?)${name.replaceAll(".", "\\.")}\\1:(?=\\s)`, "g");
  key.lastIndex = start.index;
  const found = key.exec(index);
  if (found === null) return "entries: {}"; // there is no such chart
  // Versions stand as deep as the name, behind a dash, or deeper.
  const next = new RegExp(`\\n(?!${indent}[ -])(?= *[^\\s#])`, "g");
  next.lastIndex = key.lastIndex;
  const end = next.exec(index)?.index ?? index.length;
  return `entries:${index.slice(found.index, end)}\n`;
}
