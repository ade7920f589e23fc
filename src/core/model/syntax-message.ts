import type { YAMLError } from "yaml";
import type { Diagnostic } from "./diagnostic.ts";
import type { Place } from "./fleet-model.ts";

/** What a YAML parser says of a mistake, without the text that it quotes: that may be a value of a Secret. */
function syntaxMessage({ message }: { readonly message: string }): string {
  const text = message
    .replace("Missing , or : between", "A comma or colon is missing between")
    .replace(/: .*$/s, "")
    .replace(/\.$/, "")
    .replace(/^Missing closing (["'])quote$/, "the closing $1 is missing");
  return /^[A-Z]{2}/.test(text) ? text : text.charAt(0).toLowerCase() + text.slice(1);
}

/** What to do about a mistake. */
const syntaxHints: Partial<Record<YAMLError["code"], string>> = {
  TAB_AS_INDENT: "indent with spaces",
  BAD_INDENT: "check the indentation, and that quotes and brackets before it are closed",
  MISSING_CHAR: "a quote, bracket or colon is missing here or before",
  BLOCK_AS_IMPLICIT_KEY: "check the indentation, and quote texts that hold `: `",
  TAG_RESOLVE_FAILED: "leave the tag out",
};

function hintOf({ code, pos: [at] }: SyntaxError, text: string): string | undefined {
  const around = text.slice(Math.max(0, at - 1), at + 2);
  return around.includes("${") ? "put what holds `${…}` into quotes" : syntaxHints[code];
}

/** More mistakes than this are not told of one document: they follow from the first ones. */
const maxErrorsPerDocument = 20;

/** A mistake that a YAML parser found. */
export type SyntaxError = Pick<YAMLError, "code" | "message" | "pos">;

interface Written {
  readonly text: string;
  readonly placeAt: (offset: number) => Place;
}

/** The mistakes in the syntax of a document without those that follow from another one on their line. */
export function syntaxDiagnostics(
  errors: readonly SyntaxError[],
  { text, placeAt }: Written,
): Diagnostic[] {
  const byLine = new Map<number, Diagnostic>();
  for (const error of errors) {
    const place = placeAt(error.pos[0]);
    const hint = hintOf(error, text);
    const told = { code: "yaml-syntax", message: syntaxMessage(error) } as const;
    if (byLine.has(place.line)) continue;
    byLine.set(place.line, { ...place, severity: "error", ...told, ...(hint && { hint }) });
  }
  return [...byLine.values()].slice(0, maxErrorsPerDocument);
}
