/**
 * Which files of a repository Flotilla reads, and how. In: paths, sizes and bytes. Out: text files. A file that might
 * hold Flotilla's kinds (YAML, JSON) is never left out silently: too large, not UTF-8 or a symbolic link is an error
 * that names it, since leaving it out would look as if what it declares were gone. Other files that are no text
 * (images, archives) are left out.
 */
import { FleetError } from "../../core/errors.ts";
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

/** The candidates that are to be read. INVALID_FLEET when one that must be read cannot be, or there are too many. */
export function selectSources<T extends SourceCandidate>(
  candidates: readonly T[],
  limits: SourceLimits,
): readonly T[] {
  const inside = candidates.filter(({ path }) => isSourcePath(path));
  const problems = inside.flatMap((candidate) => problemOf(candidate, limits));
  if (problems.length > 0) throw unreadable(problems);
  const chosen = inside.filter(({ kind, size }) => kind === "file" && size <= limits.maxFileBytes);
  if (chosen.length > limits.maxFiles) {
    throw tooManyFiles(limits);
  }
  const total = chosen.reduce((sum, { size }) => sum + size, 0);
  if (total > limits.maxTotalBytes) {
    throw unreadable([`the repository's files have ${total} bytes, over ${limits.maxTotalBytes}`]);
  }
  return chosen;
}

function problemOf({ path, kind, size }: SourceCandidate, limits: SourceLimits): string[] {
  if (!isSafePath(path)) return [`${JSON.stringify(path)}: not a name that can be used`];
  if (!isDeclaration(path)) return [];
  if (kind === "link")
    return [`${path}: symbolic links are not followed; put the file there itself`];
  if (size > limits.maxFileBytes) {
    return [`${path}: has ${size} bytes, at most ${limits.maxFileBytes} are read`];
  }
  return [];
}

/** The text of each file; undefined (left out) for one that is no text. INVALID_FLEET for YAML and JSON that is none. */
export function decodeSources(
  files: readonly { readonly path: string; readonly bytes: Buffer }[],
): readonly (string | undefined)[] {
  const texts = files.map(({ bytes }) => decode(bytes));
  const problems = files
    .filter(({ path }, index) => texts[index] === undefined && isDeclaration(path))
    .map(({ path }) => `${path}: is not UTF-8 text`);
  if (problems.length > 0) throw unreadable(problems);
  return texts;
}

function decode(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not UTF-8: whether that is a mistake depends on the file.
    return undefined;
  }
}

function isDeclaration(path: string): boolean {
  return /\.(ya?ml|json)$/i.test(path);
}

/** The error of a repository with more files than are read. */
export function tooManyFiles(limits: SourceLimits): FleetError {
  return unreadable([`the repository has more than ${limits.maxFiles} files`]);
}

function unreadable(problems: readonly string[]): FleetError {
  const shown = problems.slice(0, 5).join("; ");
  const more = problems.length > 5 ? ` (and ${problems.length - 5} more)` : "";
  return new FleetError("INVALID_FLEET", `${shown}${more}`);
}
