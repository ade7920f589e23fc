import { type Node, type YAMLError, visit } from "yaml";
import type { Diagnostic } from "./diagnostic.ts";
import type { Place } from "./fleet-model.ts";
import type { MergeConflicts } from "./merge-conflicts.ts";

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
  /** Those of the text. */
  readonly conflicts: MergeConflicts;
  /** What could be read of the document. */
  readonly contents: Node | null;
  readonly placeAt: (offset: number) => Place;
}

/**
 * Where a line of a document begins with a tab, or a conflict of a merge begins: what follows is read as if it stood
 * elsewhere. Infinity: nowhere.
 */
export function misreadFrom(errors: readonly SyntaxError[], conflicts: MergeConflicts): number {
  const conflict = conflictsAt(errors, conflicts)[0]?.start;
  if (conflict === undefined) return firstTab(errors);
  // What is opened before it, and closed in it once too often, is taken for a key.
  const keys = errors.filter(({ code }) => code === "MULTILINE_IMPLICIT_KEY");
  return Math.min(firstTab(errors), conflict, ...keys.map(({ pos: [at] }) => at));
}

function firstTab(errors: readonly SyntaxError[]): number {
  const tabs = errors.filter(({ code }) => code === "TAB_AS_INDENT");
  return Math.min(...tabs.map(({ pos: [at] }) => at));
}

/** Without a mistake in one, they are the text of something; behind one, all of the rest may be read as a text. */
function conflictsAt(
  errors: readonly SyntaxError[],
  conflicts: MergeConflicts,
): ReturnType<MergeConflicts["from"]> {
  const offsets = errors.map(({ pos: [at] }) => at);
  return conflicts.from(offsets, maxErrorsPerDocument);
}

const conflict = {
  code: "yaml-syntax",
  message: "a conflict of a merge is not resolved",
  hint: "keep what is right, and take out the lines that begin with <<<<<<<, ======= and >>>>>>>",
} as const;

/** The mistakes in the syntax of a document without those that follow from another one. */
export function syntaxDiagnostics(
  errors: readonly SyntaxError[],
  written: Written,
): readonly Diagnostic[] {
  const { text, conflicts, placeAt } = written;
  const byLine = new Map<number, Diagnostic>();
  const misread = misreadFrom(errors, conflicts);
  const sound = errors.filter(
    ({ code, pos: [at] }) => at < misread || (at === misread && code === "TAB_AS_INDENT"),
  );
  for (const { error, opening } of leadingErrors(sound, written)) {
    const place = placeAt(opening ?? error.pos[0]);
    if (byLine.has(place.line)) continue;
    const hint = opening === undefined ? hintOf(error, text) : openQuoteHint;
    const told = { code: "yaml-syntax", message: syntaxMessage(error) } as const;
    byLine.set(place.line, { ...place, severity: "error", ...told, ...(hint && { hint }) });
  }
  for (const place of conflictPlaces(errors, written)) {
    byLine.set(place.line, { ...place, severity: "error", ...conflict });
  }
  const byPlace = [...byLine.values()].toSorted((a, b) => a.line - b.line);
  return byPlace.slice(0, maxErrorsPerDocument);
}

interface LeadingError {
  readonly error: SyntaxError;
  /** Where the text begins whose closing quote is missing. */
  readonly opening: number | undefined;
}

/** Where a quote is missing, the rest of the document is in that text. */
function leadingErrors(
  errors: readonly SyntaxError[],
  { contents }: Written,
): readonly LeadingError[] {
  const found = errors.map((error) => ({ error, opening: openingQuote(error, contents) }));
  const open = found.find(({ opening }) => opening !== undefined);
  if (open === undefined) return found;
  return [open, ...found.filter(({ error }) => error.pos[0] < open.error.pos[0])];
}

function conflictPlaces(
  errors: readonly SyntaxError[],
  { conflicts, contents, placeAt }: Written,
): readonly Place[] {
  const starts = conflictsAt(errors, conflicts).map(({ start }) => start);
  const end = contents?.range?.[2] ?? 0;
  return starts
    .filter((start, index) => index === 0 || start <= end)
    .map((start) => placeAt(start));
}
