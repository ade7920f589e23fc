import { type Node, type YAMLError, visit } from "yaml";
import type { Diagnostic } from "./diagnostic.ts";
import type { Place } from "./fleet-model.ts";

/** What a YAML parser says of a mistake, without the text that it quotes: that may be a value of a Secret. */
function syntaxMessage({ code, message }: SyntaxError): string {
  if (code === "TAG_RESOLVE_FAILED") return tagMessage(standardTag(message));
  const text = message
    .replace("Missing , or : between", "A comma or colon is missing between")
    .replace(/: .*$/s, "")
    .replace(/\.$/, "")
    .replace(/^Missing closing (["'])quote$/, "the closing $1 is missing");
  return /^[A-Z]{2}/.test(text) ? text : text.charAt(0).toLowerCase() + text.slice(1);
}

/** The name of a tag that is written `!!name`; any other may be a text that begins with "!", and is not told. */
function standardTag(message: string): string | undefined {
  return /^Unresolved tag: tag:yaml\.org,2002:(?<name>[a-z]{1,20})$/.exec(message)?.groups?.[
    "name"
  ];
}

function tagMessage(name: string | undefined): string {
  if (name === undefined) return "this tag is not supported";
  const isKnown = /^(int|float|bool|null|str|map|seq)$/.test(name);
  return isKnown ? `this text cannot be read as !!${name}` : `the tag !!${name} is not supported`;
}

/** What to do about a mistake. */
const syntaxHints: Partial<Record<YAMLError["code"], string>> = {
  TAB_AS_INDENT: "indent with spaces",
  BAD_INDENT: "check the indentation, and that quotes and brackets before it are closed",
  MISSING_CHAR: "a quote, bracket or colon is missing here or before",
  BLOCK_AS_IMPLICIT_KEY: "check the indentation, and quote texts that hold `: `",
};

function tagHint(message: string): string {
  const isTag = standardTag(message) !== undefined;
  return isTag
    ? "leave the tag out"
    : 'leave the tag out, or put a text that begins with "!" into quotes';
}

function hintOf({ code, message, pos: [at] }: SyntaxError, text: string): string | undefined {
  if (code === "TAG_RESOLVE_FAILED") return tagHint(message);
  const around = text.slice(Math.max(0, at - 1), at + 2);
  return around.includes("${") ? "put what holds `${…}` into quotes" : syntaxHints[code];
}

/** More mistakes than this are not told of one document: they follow from the first ones. */
const maxErrorsPerDocument = 20;

const openQuoteHint = "the text that begins here goes on to the end of the document";

/** Where the text begins whose closing quote is missing: it is missed at the end of the document. */
function openingQuote(
  { code, message, pos: [end] }: SyntaxError,
  contents: Node | null,
): number | undefined {
  if (code !== "MISSING_CHAR" || !/^Missing closing ["']quote$/.test(message)) return undefined;
  let start: number | undefined;
  visit(contents, {
    Scalar(_, { range }) {
      if (range?.[1] !== end) return undefined;
      start = range[0];
      return visit.BREAK;
    },
  });
  return start;
}

/** A mistake that a YAML parser found. */
export type SyntaxError = Pick<YAMLError, "code" | "message" | "pos">;

interface Written {
  readonly text: string;
  /** What could be read of the document. */
  readonly contents: Node | null;
  readonly placeAt: (offset: number) => Place;
}

/** Where a line of a document begins with a tab: what follows is read as if it stood elsewhere. Infinity: nowhere. */
export function firstTab(errors: readonly SyntaxError[]): number {
  const tabs = errors.filter(({ code }) => code === "TAB_AS_INDENT");
  return Math.min(...tabs.map(({ pos: [at] }) => at));
}

/** The mistakes in the syntax of a document without those that follow from another one. */
export function syntaxDiagnostics(
  errors: readonly SyntaxError[],
  { text, contents, placeAt }: Written,
): Diagnostic[] {
  const tab = firstTab(errors);
  const sound = errors.filter(({ pos: [at] }) => at <= tab);
  const found = sound.map((error) => ({ error, opening: openingQuote(error, contents) }));
  const open = found.find(({ opening }) => opening !== undefined);
  // The rest of the document is in that text.
  const others = found.filter(({ error }) => !open || error.pos[0] < open.error.pos[0]);
  const byLine = new Map<number, Diagnostic>();
  for (const { error, opening } of open ? [open, ...others] : others) {
    const place = placeAt(opening ?? error.pos[0]);
    if (byLine.has(place.line)) continue;
    const hint = opening === undefined ? hintOf(error, text) : openQuoteHint;
    const told = { code: "yaml-syntax", message: syntaxMessage(error) } as const;
    byLine.set(place.line, { ...place, severity: "error", ...told, ...(hint && { hint }) });
  }
  const byPlace = [...byLine.values()].toSorted((a, b) => a.line - b.line);
  return byPlace.slice(0, maxErrorsPerDocument);
}
