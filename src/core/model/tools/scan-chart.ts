/**
 * What of a chart would make Helm do more than read its files: a values schema that refers elsewhere is fetched (or read
 * from the disk), a packed subchart cannot be looked into, and of subcharts of one name Helm takes any.
 */
import type { Diagnostic } from "../diagnostic.ts";
import { errorAt, type Finding } from "../fleet-draft.ts";
import type { Place, SourceFile } from "../fleet-model.ts";
import { isJsonObject, type Json } from "../json.ts";
import { shortText } from "../short-text.ts";
import { twinCharts } from "./twin-charts.ts";

/** Looks over the files of a chart in a folder. `skipsSchemas`: Helm will not read its schemas. */
export function scanChart(
  folder: string,
  files: readonly SourceFile[],
  { at, skipsSchemas }: { readonly at: Place; readonly skipsSchemas: boolean },
): { readonly diagnostics: readonly Diagnostic[] } {
  const inside = (name: string): string => (folder === "" ? name : `${folder}/${name}`);
  if (!files.some(({ path }) => path === inside("Chart.yaml"))) {
    const message = `"${folder}" holds no Chart.yaml`;
    const hint = "name the folder of a chart; `flotilla vendor` brings charts into the repository";
    return { diagnostics: [errorAt(at, { code: "missing-source", message, hint })] };
  }
  const mistakes = files.flatMap((file) => fileMistakes(file, skipsSchemas));
  return { diagnostics: [...mistakes, ...twinCharts(folder, files)] };
}

function fileMistakes(file: SourceFile, skipsSchemas: boolean): Diagnostic[] {
  const wrong = (finding: Finding, line = 0): Diagnostic[] => [
    errorAt({ file: file.path, line, column: line === 0 ? 0 : 1 }, finding),
  ];
  if (file.leftOut !== undefined) {
    const hint = "take it out of the chart, or put a plain file there";
    return wrong({ code: "unsafe-source", message: file.leftOut, hint });
  }
  if (/(^|\/)charts\/[^/]+\.tgz$/.test(file.path)) {
    const message = "a packed subchart is not looked into";
    return wrong({ code: "unsafe-source", message, hint: "unpack it, as `flotilla vendor` does" });
  }
  const isSchema = file.path.endsWith("/values.schema.json") || file.path === "values.schema.json";
  return isSchema && !skipsSchemas ? schemaMistakes(file, wrong) : [];
}

function schemaMistakes(
  { text }: SourceFile,
  wrong: (finding: Finding, line?: number) => Diagnostic[],
): Diagnostic[] {
  let schema: Json;
  try {
    schema = JSON.parse(text) as Json; // what JSON.parse gives is Json
  } catch {
    return wrong({ code: "tool-refused", message: "the schema of the values is not valid JSON" });
  }
  return remoteReferences(schema).flatMap((reference) => {
    const at = text.indexOf(JSON.stringify(reference));
    const line = at < 0 ? 1 : text.slice(0, at).split("\n").length;
    const message = `the schema refers to "${shortText(reference)}", which Helm would fetch`;
    const hint =
      "write the definition into the schema, or set `helm.skipSchemaValidation` of the App";
    return wrong({ code: "remote-reference", message, hint }, line);
  });
}

const references = new Set(["$ref", "$dynamicRef", "$recursiveRef"]);
/** These come with Helm. */
const known = /^https?:\/\/json-schema\.org\/(draft-0[467]|draft\/20(19-09|20-12))\/schema#?$/;

function remoteReferences(root: Json): string[] {
  const found: string[] = [];
  const open: Json[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    // One by one: a list may have more items than a call may have arguments. isArray loses the type of items.
    if (Array.isArray(value)) for (const item of value as readonly Json[]) open.push(item);
    if (!isJsonObject(value)) continue;
    for (const [key, inner] of Object.entries(value)) {
      open.push(inner);
      if (typeof inner === "string" && isRemote(key, inner)) found.push(inner);
    }
  }
  return found.toSorted();
}

function isRemote(key: string, reference: string): boolean {
  if (key === "$schema") return !known.test(reference);
  return references.has(key) && !reference.startsWith("#");
}
