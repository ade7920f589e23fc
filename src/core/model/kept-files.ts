/**
 * Files that were read before, by path, so that a commit costs the parsing of the files that it changes. Only what had
 * no mistake is kept, and of it the data only: a place within is found by parsing that file again, as for `locate`.
 */
import type { SourceFile } from "./fleet-model.ts";
import { parseYaml, type YamlDocument } from "./parse-yaml.ts";

export type KeptFiles<T> = Map<string, { readonly text: string; readonly read: T }>;

/** What was read of the same text at the same path; else reads it, and keeps what `toKeep` makes of that. */
export function readKept<T>(
  kept: KeptFiles<T>,
  file: SourceFile,
  { read, toKeep }: { read: (file: SourceFile) => T; toKeep: (read: T) => T | undefined },
): T {
  const known = kept.get(file.path);
  if (known?.text === file.text) return known.read;
  const found = read(file);
  const keep = toKeep(found);
  if (keep === undefined) kept.delete(file.path);
  else kept.set(file.path, { text: file.text, read: keep });
  return found;
}

/** Forgets files that are not there any more. */
export function forgetOthers(kept: KeptFiles<unknown>, files: readonly SourceFile[]): void {
  const paths = new Set(files.map(({ path }) => path));
  for (const path of kept.keys()) if (!paths.has(path)) kept.delete(path);
}

/** A document without its syntax tree. */
export function lightDocument(file: SourceFile, document: YamlDocument): YamlDocument {
  const { value, isBroken } = document;
  const start = document.at([]);
  const name = document.at(["metadata", "name"]);
  const again = (): YamlDocument => {
    const found = parseYaml(file).documents.find((candidate) => {
      const { line, column } = candidate.at([]);
      return line === start.line && column === start.column;
    });
    if (found === undefined) throw new Error(`${file.path} parses differently the second time`);
    return found;
  };
  return {
    file: document.file,
    value,
    isBroken,
    // The places that reading a fleet asks of every document.
    at: (path) => {
      if (path.length === 0) return start;
      return path.length === 2 && path[0] === "metadata" && path[1] === "name"
        ? name
        : again().at(path);
    },
    keyAt: (path) => again().keyAt(path),
    textAt: (path, index) => again().textAt(path, index),
  };
}
