/**
 * YAML text in; plain JSON data with the place of every field out, and every mistake at once. YAML 1.2, core schema:
 * `no` and `on` are texts. Bounded in depth and aliases; never throws for what a user wrote.
 */
import { type Document, LineCounter } from "yaml";
import type { Diagnostic } from "./diagnostic.ts";
import { firstDiagnostics } from "./first-diagnostics.ts";
import type { Place, SourceFile } from "./fleet-model.ts";
import type { Json } from "./json.ts";
import { keptFor } from "./known-fleet.ts";
import { parseDocuments, placesIn, type TextLimit, type YamlOptions } from "./parse-documents.ts";
import { readPlainYaml } from "./read-plain-yaml.ts";
import { readYamlNode, type TaggedNode, type TwofoldScalar } from "./read-yaml-node.ts";
import { MergeConflicts } from "./merge-conflicts.ts";
import { misreadFrom, type SyntaxError, syntaxDiagnostics } from "./syntax-message.ts";
import { maxFleetDocuments, tooDeepMessage } from "./yaml-limits.ts";
import { type FieldPath, offsetInText, offsetOf, plainSource } from "./yaml-places.ts";

/** One document of a file. */
export interface YamlDocument {
  readonly file: string;
  /** Its data; where the text is broken, what could be made out of it. */
  readonly value: Json;
  /** True when it has mistakes, so that `value` cannot be relied upon. */
  readonly isBroken: boolean;
  /** Plain scalars that YAML 1.1 reads in another way. */
  readonly twofold: readonly TwofoldScalar[];
  readonly tagged: readonly TaggedNode[];
  /** Place of a value, or of the nearest one above it. */
  at(path: FieldPath): Place;
  /** Place of a key, or of the nearest one above it. */
  keyAt(path: FieldPath): Place;
  /** Place of one character (0-based) of a text value; where that cannot be told, of the value. */
  textAt(path: FieldPath, index: number): Place;
  /** A plain scalar as it is written (`1.10`); undefined where none is. */
  sourceAt(path: FieldPath): string | undefined;
}

/** The documents of a file (empty ones left out) and the mistakes in its YAML. */
export interface YamlFile {
  readonly documents: readonly YamlDocument[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Parses all documents of a file. */
export function parseYaml(file: SourceFile): YamlFile {
  const plain = readPlainYaml(file.text);
  if (plain !== undefined && plain.length <= maxFleetDocuments) {
    const documents = plain.map((value, index) => plainDocument(file, value, index));
    return { documents, diagnostics: [] };
  }
  return parseAnyYaml(file);
}

/** A document whose places are looked for when one is asked for: of most documents, never. */
function plainDocument(file: SourceFile, value: Json, index: number): YamlDocument {
  const placed = (): YamlDocument => placedDocument(file, index);
  return {
    file: file.path,
    value,
    isBroken: false,
    twofold: [],
    tagged: [],
    at: (path) => placed().at(path),
    keyAt: (path) => placed().keyAt(path),
    sourceAt: (path) => placed().sourceAt(path),
    textAt: (path, offset) => placed().textAt(path, offset),
  };
}

const keptPlaces = keptFor((file: SourceFile) => parseAnyYaml(file).documents);

function placedDocument(file: SourceFile, index: number): YamlDocument {
  const document = keptPlaces(file)[index];
  if (document === undefined) throw new Error(`${file.path} parses differently the second time`);
  return document;
}

function parseAnyYaml(file: SourceFile): YamlFile {
  const lineCounter = new LineCounter();
  const placeAt = placesIn(file, lineCounter);
  const { documents: all, limit } = parseDocuments(file.text, yamlOptions(lineCounter));
  if (limit !== undefined) return tooLarge(limit, placeAt);
  const treeAt = lightTrees(file, all);
  const conflicts = new MergeConflicts(file.text);
  const results = all.map((document, index) =>
    readDocument({ file, document, placeAt, conflicts, tree: () => treeAt(index) }),
  );
  return {
    documents: results.flatMap(({ document }) => document ?? []),
    diagnostics: firstDiagnostics(results.flatMap(({ diagnostics }) => diagnostics)),
  };
}

interface DocumentResult {
  readonly document: YamlDocument | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

function yamlOptions(lineCounter: LineCounter): YamlOptions {
  return {
    lineCounter,
    maxDocuments: maxFleetDocuments,
    prettyErrors: false,
    uniqueKeys: false, // checked by readYamlNode: the library compares each key with each
    version: "1.2",
    schema: "core",
    logLevel: "silent",
  };
}

/** Syntax trees are much larger than their text: those that nobody looks at for a while are parsed again. */
function lightTrees(
  file: SourceFile,
  all: readonly Document.Parsed[],
): (index: number) => Document.Parsed {
  let kept = new WeakRef(all);
  return (index) => {
    let trees = kept.deref();
    if (trees === undefined) {
      trees = parseDocuments(file.text, yamlOptions(new LineCounter())).documents;
      kept = new WeakRef(trees);
    }
    const tree = trees[index];
    if (tree === undefined) throw new Error(`${file.path} parses differently the second time`);
    return tree;
  };
}

interface ReadInput {
  readonly file: SourceFile;
  readonly document: Document.Parsed;
  readonly placeAt: (offset: number) => Place;
  readonly conflicts: MergeConflicts;
  /** The document, for later. */
  readonly tree: () => Document.Parsed;
}

function readDocument({ file, document, placeAt, conflicts, tree }: ReadInput): DocumentResult {
  const { value, problems, twofold, tagged } = readYamlNode(document);
  const syntax = [...document.errors, ...document.warnings, ...directiveErrors(document)];
  const misread = misreadFrom(syntax, conflicts);
  const diagnostics = [
    ...syntaxDiagnostics(syntax, {
      text: file.text,
      conflicts,
      contents: document.contents,
      placeAt,
    }),
    ...problems
      .filter(({ offset }) => offset < misread)
      .map(({ offset, ...rest }) => ({ ...placeAt(offset), ...rest })),
  ];
  if (document.contents === null && diagnostics.length === 0) {
    return { document: undefined, diagnostics };
  }
  const start = placeAt(offsetOf(document, [], "value"));
  return {
    diagnostics,
    document: {
      file: file.path,
      value,
      isBroken: diagnostics.length > 0,
      twofold,
      tagged,
      at: (path) => (path.length === 0 ? start : placeAt(offsetOf(tree(), path, "value"))),
      keyAt: (path) => placeAt(offsetOf(tree(), path, "key")),
      sourceAt: (path) => plainSource(tree(), path),
      textAt: (path, index) => placeAt(offsetInText(file.text, tree(), { path, index })),
    },
  };
}

/** `%YAML 1.1` would make `no` a boolean again. */
function directiveErrors(document: Document.Parsed): SyntaxError[] {
  const { version, explicit } = document.directives.yaml;
  if (explicit !== true || version === "1.2") return [];
  const message = `YAML ${version} is not read; leave the %YAML directive out (YAML 1.2)`;
  return [{ code: "BAD_DIRECTIVE", message, pos: [document.range[0], document.range[0]] }];
}

const limitMessages = {
  "too deep": { message: tooDeepMessage, hint: "nest less deeply" },
  "too many documents": {
    message: `more than ${maxFleetDocuments} documents in one file`,
    hint: "split it",
  },
} satisfies Record<TextLimit["is"], object>;

function tooLarge({ is, at }: TextLimit, placeAt: (offset: number) => Place): YamlFile {
  const told = { ...placeAt(at), severity: "error", code: "yaml-limit" } as const;
  return { documents: [], diagnostics: [{ ...told, ...limitMessages[is] }] };
}
