/**
 * YAML and JSON files of manifests, read as `kubectl` reads them, with the place of every field. What comes out is
 * plain JSON; what Go's readers would guess at (duplicate keys, numbers without an exact value) is a diagnostic.
 */
import { LineCounter, type Node, isMap, isScalar, isSeq } from "yaml";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Place, SourceFile } from "../model/fleet-model.ts";
import type { Json } from "../model/json.ts";
import { parseDocuments, placesIn, type YamlOptions } from "../model/parse-documents.ts";
import { MergeConflicts } from "../model/merge-conflicts.ts";
import { syntaxDiagnostics } from "../model/syntax-message.ts";
import { tooDeepMessage } from "../model/yaml-limits.ts";
import { offsetInScalar } from "../model/yaml-places.ts";
import { shortText } from "../model/short-text.ts";
import {
  type NumberOptions,
  type RenamedKey,
  type YamlProblem,
  keyNameOf,
  offsetOf,
  yamlToJson,
} from "./yaml-to-json.ts";

/** A path of keys and list positions. */
export type FieldPath = readonly (string | number)[];

/** One document of a file. */
export interface YamlDocument {
  readonly value: Json;
  /** Place of the value at a path; of its nearest parent where the path leads nowhere. */
  readonly at: (path: FieldPath) => Place;
  /** Place of the key at a path. */
  readonly keyAt: (path: FieldPath) => Place;
  /** Place of one character (0-based) of a text value; where that cannot be told, of the value. */
  readonly textAt: (path: FieldPath, index: number) => Place;
}

/** A mistake in the values of a document, with the field and what could be read of the document. */
export interface MistakenField {
  readonly diagnostic: Diagnostic;
  readonly path: FieldPath;
  readonly document: Json;
}

/** The documents of a file (empty ones left out) that could be read, and what is wrong with the others. */
export function readYaml(
  file: SourceFile,
  numbers: NumberOptions = {},
): {
  readonly documents: readonly YamlDocument[];
  readonly diagnostics: readonly Diagnostic[];
  /** Keys that are another text than the one that is written. */
  readonly warnings: readonly Diagnostic[];
  /** Those of the diagnostics that belong to a field. */
  readonly mistaken: readonly MistakenField[];
} {
  const lines = new LineCounter();
  const place = placesIn(file, lines);
  const all = parseDocuments(file.text, yamlOptions(lines));
  if (all.limit !== undefined) {
    const problem = { offset: all.limit.at, code: "yaml-limit", message: tooDeepMessage } as const;
    return { documents: [], diagnostics: [located(problem, place)], warnings: [], mistaken: [] };
  }
  const documents: YamlDocument[] = [];
  const diagnostics: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  const mistaken: MistakenField[] = [];
  const conflicts = new MergeConflicts(file.text);
  for (const [index, parsed] of all.documents.entries()) {
    if (parsed.errors.length > 0) {
      const { errors, contents } = parsed;
      const written = { text: file.text, conflicts, contents, placeAt: place };
      diagnostics.push(...syntaxDiagnostics(errors, written));
      continue;
    }
    if (isEmpty(parsed.contents)) continue;
    const converted = yamlToJson(parsed.contents, numbers);
    if (converted.ok) {
      for (const key of converted.renamed) warnings.push(renamedKey(key, place));
      const contents = lightContents(parsed.contents, { file, index });
      documents.push(locatedDocument(converted.value, { text: file.text, contents, place }));
      continue;
    }
    for (const { path, ...problem } of converted.problems) {
      const diagnostic = located(problem, place);
      diagnostics.push(diagnostic);
      mistaken.push({ diagnostic, path, document: converted.value });
    }
  }
  return { documents, diagnostics, warnings, mistaken };
}

function yamlOptions(lineCounter: LineCounter): YamlOptions {
  return {
    version: "1.1",
    schema: "failsafe",
    resolveKnownTags: false,
    uniqueKeys: false, // told by yamlToJson, which compares the keys as they are in JSON
    prettyErrors: false,
    logLevel: "silent",
    lineCounter,
  };
}

function isEmpty(contents: Node | null): boolean {
  return contents === null || (isScalar(contents) && contents.value === "" && !isQuoted(contents));
}

function isQuoted(node: { type?: string }): boolean {
  return node.type !== "PLAIN" && node.type !== undefined;
}

function located(problem: Omit<YamlProblem, "path">, place: (offset: number) => Place): Diagnostic {
  const { offset, ...rest } = problem;
  return { ...place(offset), severity: "error", ...rest };
}

function renamedKey(
  { offset, written, name }: RenamedKey,
  place: (offset: number) => Place,
): Diagnostic {
  const message = `the key ${shortText(written)} is read as "${shortText(name)}"`;
  const hint = "quote it";
  return { ...place(offset), severity: "warning", code: "invalid-object", message, hint };
}

/** A syntax tree is much larger than its text: one that nobody looks at for a while is parsed again. */
function lightContents(
  parsed: Node | null,
  { file, index }: { readonly file: SourceFile; readonly index: number },
): () => Node | null {
  if (parsed === null) return () => null;
  let kept = new WeakRef(parsed);
  return () => {
    const known = kept.deref();
    if (known !== undefined) return known;
    const { documents } = parseDocuments(file.text, yamlOptions(new LineCounter()));
    const again = documents[index]?.contents;
    if (!again) throw new Error(`${file.path} parses differently the second time`);
    kept = new WeakRef(again);
    return again;
  };
}

function locatedDocument(value: Json, { text, contents, place }: LocatedSource): YamlDocument {
  const start = place(offsetOf(contents()));
  return {
    value,
    at: (path) => (path.length === 0 ? start : place(find(contents(), path).value)),
    keyAt: (path) => place(find(contents(), path).key),
    textAt: (path, index) => {
      const { value: start, node } = find(contents(), path);
      return place(isScalar(node) ? offsetInScalar(text, node, index) : start);
    },
  };
}

interface LocatedSource {
  readonly text: string;
  readonly contents: () => Node | null;
  readonly place: (offset: number) => Place;
}

/** Offsets of the key and value at a path, or of its nearest parent; `node` is there when the path leads somewhere. */
function find(root: Node | null, path: FieldPath): { key: number; value: number; node?: unknown } {
  let found = { key: offsetOf(root), value: offsetOf(root) };
  let node: unknown = root;
  for (const step of path) {
    const next = child(node, step);
    if (next === undefined) return found;
    found = { key: offsetOf(next.key), value: offsetOf(next.value ?? next.key) };
    node = next.value;
  }
  return { ...found, node };
}

function child(node: unknown, step: string | number): { key: unknown; value: unknown } | undefined {
  if (isSeq(node)) {
    const item = typeof step === "number" ? node.items[step] : undefined;
    return item === undefined ? undefined : { key: item, value: item };
  }
  if (!isMap(node)) return undefined;
  return node.items.find(({ key }) => isScalar(key) && keyNameOf(key) === String(step));
}
