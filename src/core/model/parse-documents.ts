import {
  Composer,
  type CST,
  type Document,
  type DocumentOptions,
  Lexer,
  type LineCounter,
  type ParseOptions,
  Parser,
  type SchemaOptions,
  visit,
  YAMLParseError,
} from "yaml";
import type { Place, SourceFile } from "./fleet-model.ts";
import { MergeConflicts } from "./merge-conflicts.ts";
import { maxDepth } from "./yaml-limits.ts";

/** How a text is read. */
export type YamlOptions = ParseOptions &
  DocumentOptions &
  SchemaOptions & {
    readonly lineCounter: LineCounter;
    /** More documents than this, empty ones too, are not read. Default: any number is. */
    readonly maxDocuments?: number;
  };

/** Places by offset (0-based, in UTF-16 units) in a file, as editors count: a byte order mark is no character. */
export function placesIn(
  { path, text }: SourceFile,
  lines: LineCounter,
): (offset: number) => Place {
  const marks = text.startsWith("\uFEFF") ? 1 : 0;
  return (offset) => {
    const { line, col } = lines.linePos(offset);
    const column = line <= 1 ? col - marks : col;
    return { file: path, line: Math.max(1, line), column: Math.max(1, column) };
  };
}

/** Tokens that belong nowhere: what stands behind so many of them is not read. */
const maxErrorTokens = 100;

/** What keeps a text from being read, at its offset. */
export interface TextLimit {
  readonly is: "too deep" | "too many documents";
  readonly at: number;
}

/** The documents of a text; or where it is too large, and no document. */
export type ParsedDocuments =
  | { readonly documents: readonly Document.Parsed[]; readonly limit?: undefined }
  | { readonly documents: readonly []; readonly limit: TextLimit };

/**
 * Parses all documents of a text. The nesting is what the parser itself has open, which it keeps in a list; what takes its
 * documents apart calls itself for each level, and gets none that is too deep.
 */
export function parseDocuments(text: string, options: YamlOptions): ParsedDocuments {
  const { maxDocuments = Infinity, lineCounter } = options;
  const documents: Document.Parsed[] = [];
  const composer = new Composer(options);
  const parser = new Parser(lineCounter.addNewLine);
  lineCounter.addNewLine(0);
  let errorTokens = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      if (token.type === "error") errorTokens += 1;
      documents.push(...composer.next(token));
    }
    if (errorTokens >= maxErrorTokens) break;
    const limit = tooDeep(parser) ?? tooMany(documents, maxDocuments);
    if (limit !== undefined) return { documents: [], limit };
  }
  for (const token of parser.end()) documents.push(...composer.next(token));
  documents.push(...composer.end());
  const limit = tooMany(documents, maxDocuments);
  if (limit !== undefined) return { documents: [], limit };
  addConflicts(documents, text);
  return { documents };
}

/** Between brackets, YAML takes the markers of a merge's conflict for words without quotes. */
function addConflicts(documents: readonly Document.Parsed[], text: string): void {
  const conflicts = new MergeConflicts(text);
  if (conflicts.isNone) return;
  for (const document of documents) {
    visit(document, {
      Scalar(_, { type, range }) {
        if (type !== "PLAIN" || !range) return undefined;
        const at = conflicts.startIn(range[0], range[1]);
        if (at === undefined) return undefined;
        const message = "Conflict of a merge";
        document.errors.push(new YAMLParseError([at, at + 1], "UNEXPECTED_TOKEN", message));
        return visit.BREAK;
      },
    });
  }
}

function tooDeep({ stack }: Parser): TextLimit | undefined {
  const open = stack.at(-1);
  // The lowest one is the document.
  const isTooDeep = stack.length > maxDepth + 1 && open !== undefined && isCollection(open);
  return isTooDeep ? { is: "too deep", at: open.offset } : undefined;
}

function tooMany(documents: readonly Document.Parsed[], most: number): TextLimit | undefined {
  const next = documents.length > most ? documents[most] : undefined;
  return next && { is: "too many documents", at: next.range[0] };
}

function isCollection({ type }: CST.Token): boolean {
  return type === "block-map" || type === "block-seq" || type === "flow-collection";
}
