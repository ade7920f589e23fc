import { chartFile } from "./helm-documents.ts";
import { refused, type ToolOutput } from "./tool-output.ts";
import type { ToolRequest } from "./tool-requests.ts";

const maxMessage = 600;

/** What a tool said on stderr when it would not render a source, at the place that it names. */
export function toolRefusal(request: ToolRequest, stderr: string): ToolOutput {
  const told = stderr
    .split("\n")
    .filter((line) => !/^(WARNING|level=|time=|# )|--debug flag/.test(line))
    .join(" ")
    .replaceAll(/\s+/g, " ")
    .trim()
    .replace(/^error: /i, "");
  const message = told.length > maxMessage ? `${told.slice(0, maxMessage)}…` : told;
  // Looking for a place takes the longer, the longer the text is: only what is told is looked through.
  const place = request.tool === "helm" ? helmPlace(request, message) : nowhere;
  return refused({ ...place, code: "tool-refused", message: `${request.tool}: ${message}` });
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
