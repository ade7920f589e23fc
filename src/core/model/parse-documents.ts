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
} from "yaml";
import { maxDepth } from "./yaml-limits.ts";

/** How a text is read. */
export type YamlOptions = ParseOptions &
  DocumentOptions &
  SchemaOptions & { readonly lineCounter: LineCounter };

/** Tokens that belong nowhere: what stands behind so many of them is not read. */
const maxErrorTokens = 100;

/** The documents of a text; or the offset of the first map or list that is nested too deeply, and no document. */
export type ParsedDocuments =
  | { readonly documents: readonly Document.Parsed[]; readonly tooDeepAt?: undefined }
  | { readonly documents: readonly []; readonly tooDeepAt: number };

/**
 * Parses all documents of a text. The nesting is what the parser itself has open, which it keeps in a list; what takes its
 * documents apart calls itself for each level, and gets none that is too deep.
 */
export function parseDocuments(text: string, options: YamlOptions): ParsedDocuments {
  const documents: Document.Parsed[] = [];
  const composer = new Composer(options);
  const parser = new Parser(options.lineCounter.addNewLine);
  options.lineCounter.addNewLine(0);
  let errorTokens = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      if (token.type === "error") errorTokens += 1;
      documents.push(...composer.next(token));
    }
    if (errorTokens >= maxErrorTokens) break;
    const open = parser.stack.at(-1);
    // The lowest one is the document.
    if (parser.stack.length > maxDepth + 1 && open !== undefined && isCollection(open)) {
      return { documents: [], tooDeepAt: open.offset };
    }
  }
  for (const token of parser.end()) documents.push(...composer.next(token));
  documents.push(...composer.end());
  return { documents };
}

function isCollection({ type }: CST.Token): boolean {
  return type === "block-map" || type === "block-seq" || type === "flow-collection";
}
