/**
 * Which files of a repository Flotilla reads, and how. In: paths, sizes and bytes. Out: files. A file that might hold
 * Flotilla's kinds (YAML, JSON) is never left out silently: too large, not UTF-8, a symbolic link or a pointer of Git LFS is a
 * mistake of that file, since leaving it out would look as if what it declares were gone. Other files that are no text (images, archives)
 * are left out, but for those of charts and kustomizations: their bytes are carried along, and what cannot be is named.
 */
import { isUtf8 } from "node:buffer";
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
  readonly kind: "file" | "link" | "submodule";
  readonly size: number;
}

/**
 * True for a file or folder that may be read: not in a folder whose name starts with a dot, nor in node_modules. Whether a
 * file whose own name starts with a dot is, depends on the others: `selectSources` tells.
 */
export function isSourcePath(path: string, kind: "file" | "folder"): boolean {
  const parts = path.split("/");
  const name = kind === "file" ? parts.pop() : undefined;
  const isInFolders = parts.every((part) => !part.startsWith(".") && part !== "node_modules");
  return isInFolders && name !== ".git";
}

function isDotFile(path: string): boolean {
  return path.slice(path.lastIndexOf("/") + 1).startsWith(".");
}

/** What is to be read, and what must be and cannot: the latter has its `problem`, which is told as a mistake. */
export interface SelectedSources<T> {
  readonly chosen: readonly T[];
  readonly refused: readonly SourceFile[];
  /** True for a path that a chart or kustomization may need, whatever it holds. */
  readonly isToolFile: (path: string) => boolean;
}

/** Sorts the candidates out. INVALID_FLEET when there are too many, or too much. */
export function selectSources<T extends SourceCandidate>(
  candidates: readonly T[],
  limits: SourceLimits,
): SelectedSources<T> {
  const listed = candidates.filter(({ path }) => isSourcePath(path, "file"));
  const isToolFile = toolFiles(listed);
  // A chart's templates may ask for any of its files, and a kustomization may name any (`envs: [.env]`).
  const inside = listed.filter(({ path }) => !isDotFile(path) || isToolFile(path));
  const refused = inside
    .flatMap((candidate) => problemOf(candidate, limits))
    .filter(({ path, leftOut, isSubmodule = false, isLink = false }) => {
      return leftOut === undefined || isSubmodule || isLink || isToolFile(path);
    });
  const chosen = inside.filter(
    ({ path, kind, size }) => isSafePath(path) && kind === "file" && size <= limits.maxFileBytes,
  );
  if (chosen.length > limits.maxFiles) throw tooManyFiles(limits);
  const total = chosen.reduce((sum, { size }) => sum + size, 0);
  if (total > limits.maxTotalBytes) {
    throw unreadable(`the repository's files have ${total} bytes, over ${limits.maxTotalBytes}`);
  }
  return { chosen, refused, isToolFile };
}

const toolFileNames = /(^|\/)(Chart\.yaml|kustomization\.ya?ml|Kustomization)$/;

/** Both read what is in their folder and below it. */
function toolFiles(candidates: readonly SourceCandidate[]): (path: string) => boolean {
  const folders = new Set(
    candidates
      .filter(({ path }) => toolFileNames.test(path))
      .map(({ path }) => path.slice(0, Math.max(0, path.lastIndexOf("/")))),
  );
  return (path) => {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      if (folders.has(path.slice(0, end))) return true;
    }
    return folders.has("");
  };
}

function problemOf({ path, kind, size }: SourceCandidate, limits: SourceLimits): SourceFile[] {
  const because = (problem: string, shown = path): SourceFile[] => [
    { path: shown, text: "", problem },
  ];
  if (!isSafePath(path)) return because("not a name that can be used", JSON.stringify(path));
  if (kind === "submodule") return [{ path, text: "", leftOut: submodule, isSubmodule: true }];
  if (kind === "file" && size <= limits.maxFileBytes) return [];
  const why =
    kind === "link"
      ? "symbolic links are not followed; put the file there itself"
      : `has ${size} bytes, at most ${limits.maxFileBytes} are read`;
  if (isDeclaration(path)) return because(why);
  const isLink = kind === "link" && !hasExtension.test(path);
  return [{ path, text: "", leftOut: why, ...(isLink && { isLink }) }];
}

/** As files have one, and folders (`conf.d`, `v1.2`) have not. */
const hasExtension = /\.(?!d$)[a-z][^./]*$/i;

const submodule = "a submodule is not entered: its files are in another repository";

/** What a file holds: text, or bytes where it is none. */
export interface FileContent {
  readonly text: string;
  /** True: `text` has the bytes as code units (latin1). */
  readonly isBinary?: true;
  /** Where the first byte stands that is no text. */
  readonly notTextAt?: LineAndColumn;
}

/** 1-based. */
type LineAndColumn = NonNullable<SourceFile["problemAt"]>;

/** What stands for a file that is no text and that nobody needs. */
export const noText: FileContent = { text: "", isBinary: true };

/** True where the bytes of a file that is no text were not kept. */
export function isWithoutBytes({ text, isBinary }: FileContent): boolean {
  return isBinary === true && text === "";
}

/** The same without its bytes. */
export function withoutBytes(content: FileContent): FileContent {
  return { ...content, text: "" };
}

/** The content of a file; `isNeeded`: even where it is no text. */
export function decodeContent(bytes: Buffer, isNeeded: boolean): FileContent {
  const notTextAt = firstNoText(bytes);
  if (notTextAt === undefined) {
    return { text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) };
  }
  // Whether that is a mistake depends on the file.
  return { text: isNeeded ? bytes.toString("latin1") : "", isBinary: true, notTextAt };
}

const replacement = Buffer.from("\ufffd");

/** Where the first NUL or byte that is no UTF-8 stands; a decoder puts a character in its place, which may also be written. */
function firstNoText(bytes: Buffer): LineAndColumn | undefined {
  if (isUtf8(bytes) && !bytes.includes(0)) return undefined;
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  let [known, offset] = [0, 0];
  for (const { index } of text.matchAll(/[\0\ufffd]/g)) {
    offset += Buffer.byteLength(text.slice(known, index));
    known = index;
    if (!bytes.subarray(offset, offset + replacement.length).equals(replacement)) break;
  }
  // A byte order mark is no character.
  const lines = text
    .slice(0, known)
    .replace(/^\ufeff/, "")
    .split("\n");
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/**
 * A file with its content; YAML or JSON that is no text, or not there itself, has a problem; other files that nobody needs
 * are left out.
 */
export function sourceFile(path: string, content: FileContent): SourceFile[] {
  if (content.isBinary === true && isDeclaration(path)) {
    const { notTextAt } = content;
    return [
      { path, text: "", problem: "is not UTF-8 text", ...(notTextAt && { problemAt: notTextAt }) },
    ];
  }
  if (lfsPointer.test(content.text)) {
    const why = "is a pointer of Git LFS, whose files are not fetched; commit the file itself";
    return [{ path, text: "", ...(isDeclaration(path) ? { problem: why } : { leftOut: why }) }];
  }
  if (isWithoutBytes(content)) return [];
  const { text, isBinary } = content;
  return [{ path, text, ...(isBinary && { isBinary }) }];
}

/** What Git has in place of a file that Git LFS keeps: it reads as YAML that declares nothing. */
const lfsPointer = /^version https:\/\/git-lfs\.github\.com\/spec\/v\d/;

function isDeclaration(path: string): boolean {
  return /\.(ya?ml|json)$/i.test(path) && !isDotFile(path);
}

/** The error of a repository with more files than are read. */
export function tooManyFiles(limits: SourceLimits): FleetError {
  return unreadable(`the repository has more than ${limits.maxFiles} files`);
}

function unreadable(problem: string): FleetError {
  return new FleetError("INVALID_FLEET", problem);
}
