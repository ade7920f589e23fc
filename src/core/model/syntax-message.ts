import type { YAMLError } from "yaml";
import type { Diagnostic } from "./diagnostic.ts";

/** What a YAML parser says of a mistake, without the text that it quotes: that may be a value of a Secret. */
export function syntaxMessage({ message }: { readonly message: string }): string {
  const text = message
    .replace(/: .*$/s, "")
    .replace(/\.$/, "")
    .replace(/^Missing closing (["'])quote$/, "the closing $1 is missing");
  return /^[A-Z]{2}/.test(text) ? text : text.charAt(0).toLowerCase() + text.slice(1);
}

/** What to do about a mistake. */
export const syntaxHints: Partial<Record<YAMLError["code"], string>> = {
  TAB_AS_INDENT: "indent with spaces",
  BAD_INDENT: "check the indentation, and that quotes and brackets before it are closed",
  MISSING_CHAR: "a quote, bracket or colon is missing here or before",
  BLOCK_AS_IMPLICIT_KEY: "check the indentation, and quote texts that hold `: `",
  TAG_RESOLVE_FAILED: "leave the tag out",
};

/** More mistakes than this are not told of one document: they follow from the first ones. */
const maxErrorsPerDocument = 20;

/** The mistakes in the syntax of a document without those that follow from another one on their line. */
export function firstPerLine(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const byLine = new Map<number, Diagnostic>();
  for (const diagnostic of diagnostics) {
    if (!byLine.has(diagnostic.line)) byLine.set(diagnostic.line, diagnostic);
  }
  return [...byLine.values()].slice(0, maxErrorsPerDocument);
}
