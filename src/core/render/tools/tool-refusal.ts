import type { SourceFile } from "../../model/fleet-model.ts";
import type { ToolSource } from "../../model/tools/tool-source.ts";
import { chartFile } from "./helm-documents.ts";
import { refused, type ToolOutput } from "./tool-output.ts";
import type { ToolRequest } from "./tool-requests.ts";

const maxMessage = 600;

/** What a tool said on stderr when it would not render a source, at the place that it names; no value of a Secret. */
export function toolRefusal(request: ToolRequest, stderr: string): ToolOutput {
  if (request.tool === "kustomize" && request.source.files.some(mayHoldSecret)) {
    return untold(request.source, stderr);
  }
  const told = stderr
    .split("\n")
    .filter((line) => !/^(WARNING|level=|time=|# )|--debug flag/.test(line))
    .join(" ")
    .replaceAll(/\s+/g, " ")
    .trim()
    .replace(/^error: /i, "")
    .replaceAll(anchors, "$1…$2")
    .replace(echoes, "$1…");
  const message = told.length > maxMessage ? `${told.slice(0, maxMessage)}…` : told;
  // Looking for a place takes the longer, the longer the text is: only what is told is looked through.
  const place = request.tool === "helm" ? helmPlace(request, message) : nowhere;
  return refused({ ...place, code: "tool-refused", message: `${request.tool}: ${message}` });
}

/** Where what reads YAML says what stands there: `unknown anchor 'x'`, of a text that begins with `*`. */
const anchors = /(anchor ')[^']*(')/g;

/** Where it says a value, and where that ends only the value knows. */
const echoes = /(invalid map key: |cannot (?:decode|unmarshal) !!\w+ `).*/;

/** Also what makes a Secret, or changes one; behind an escape (`\u0053`) there may be any of these words. */
const secretWords =
  /\bkind["']?\s*:\s*(?:[&!]\S*\s+)*["']?Secret|secretGenerator|stringData|\\[xuU][\dA-Fa-f]{2}/;

const mayHoldSecret = ({ text }: SourceFile): boolean => secretWords.test(text);

/** kustomize shows in its refusals what it was given: whole objects, patches, literals. Of a Secret that tells the values. */
function untold({ path, files }: ToolSource, stderr: string): ToolOutput {
  const named = files.filter((file) => stderr.includes(`'${nameOf(file)}'`));
  return refused({
    ...nowhere,
    // Of several, nobody knows which one it means.
    file: (named.length === 1 && named[0]?.path) || null,
    code: "tool-refused",
    message: "kustomize refuses it; what it says may hold values of a Secret, and is not told",
    hint: `\`kubectl kustomize ${path === "" ? "." : path}\` tells it`,
  });
}

function nameOf({ path }: SourceFile): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

const nowhere = { file: null, line: 0, column: 0 } as const;

/** `chart/templates/x.yaml:9:15`: line of the template, and column from 0 on. */
const namedPlace = /([^\s():"'<>]+\/[^\s():"'<>]+)(?::(\d+)(?::(\d+))?)?/g;

function helmPlace(
  { source }: ToolRequest,
  message: string,
): { file: string | null; line: number; column: number } {
  for (const [, named = "", line, column] of message.matchAll(namedPlace)) {
    const file = chartFile(source, named);
    if (!source.files.some(({ path }) => path === file)) continue;
    if (line === undefined) return { file, line: 0, column: 0 };
    return { file, line: Number(line), column: column === undefined ? 1 : Number(column) + 1 };
  }
  return nowhere;
}
