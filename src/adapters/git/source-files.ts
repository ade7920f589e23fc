/**
 * Which files of a repository Flotilla reads, and how. In: paths, sizes and bytes. Out: text files. A file that might
 * hold Flotilla's kinds (YAML, JSON) is never left out silently: too large, not UTF-8 or a symbolic link is a mistake
 * of that file, since leaving it out would look as if what it declares were gone. Other files that are no text
 * (images, archives) are left out.
 */
import { FleetError } from "../../core/errors.ts";
import type { SourceFile } from "../../core/model/fleet-model.ts";
import { isSafePath } from "./git-path.ts";

/** Bounds of what is read from a repository. */
export interface SourceLimits {
  readonly maxFiles: number;
  readonly maxFileBytes: number;
  readonly maxTotalBytes: number;
}

/** 200,000 files, 4 MiB each, 512 MiB together. */
export const defaultSourceLimits: SourceLimits = {
  maxFiles: 200_000,
  maxFileBytes: 4 * 1024 * 1024,
  maxTotalBytes: 512 * 1024 * 1024,
};

/** One file before it is read. */
export interface SourceCandidate {
  readonly path: string;
  readonly kind: "file" | "link";
  readonly size: number;
}

/** True for a path that is read: not in a folder or file whose name starts with a dot, nor in node_modules. */
export function isSourcePath(path: string): boolean {
  return path.split("/").every((part) => !part.startsWith(".") && part !== "node_modules");
}

/** What is to be read, and what must be and cannot: the latter has its `problem`, which is told as a mistake. */
export interface SelectedSources<T> {
  readonly chosen: readonly T[];
  readonly refused: readonly SourceFile[];
}

/** Sorts the candidates out. INVALID_FLEET when there are too many, or too much. */
export function selectSources<T extends SourceCandidate>(
  candidates: readonly T[],
  limits: SourceLimits,
): SelectedSources<T> {
  const inside = candidates.filter(({ path }) => isSourcePath(path));
  const refused = inside.flatMap((candidate) => problemOf(candidate, limits));
  const chosen = inside.filter(
    ({ path, kind, size }) => isSafePath(path) && kind === "file" && size <= limits.maxFileBytes,
  );
  if (chosen.length > limits.maxFiles) throw tooManyFiles(limits);
  const total = chosen.reduce((sum, { size }) => sum + size, 0);
  if (total > limits.maxTotalBytes) {
    throw unreadable(`the repository's files have ${total} bytes, over ${limits.maxTotalBytes}`);
  }
  return { chosen, refused };
}

function problemOf({ path, kind, size }: SourceCandidate, limits: SourceLimits): SourceFile[] {
  const because = (problem: string, shown = path): SourceFile[] => [
    { path: shown, text: "", problem },
  ];
  if (!isSafePath(path)) return because("not a name that can be used", JSON.stringify(path));
  if (!isDeclaration(path)) return [];
  if (kind === "link") return because("symbolic links are not followed; put the file there itself");
  if (size > limits.maxFileBytes) {
    return because(`has ${size} bytes, at most ${limits.maxFileBytes} are read`);
  }
  return [];
}

/** The text of a file; undefined for what is no text. */
export function decodeText(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not UTF-8: whether that is a mistake depends on the file.
    return undefined;
  }
}

/** A file with its text (see decodeText): none where it is no text, with a problem where YAML or JSON is none. */
export function sourceFile(path: string, text: string | undefined): SourceFile[] {
  if (text !== undefined) return [{ path, text }];
  return isDeclaration(path) ? [{ path, text: "", problem: "is not UTF-8 text" }] : [];
}

function isDeclaration(path: string): boolean {
  return /\.(ya?ml|json)$/i.test(path);
}

/** The error of a repository with more files than are read. */
export function tooManyFiles(limits: SourceLimits): FleetError {
  return unreadable(`the repository has more than ${limits.maxFiles} files`);
}

function unreadable(problem: string): FleetError {
  return new FleetError("INVALID_FLEET", problem);
}
