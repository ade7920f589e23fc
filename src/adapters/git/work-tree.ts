import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { FleetError } from "../../core/errors.ts";
import type { SourceFile } from "../../core/model/fleet-model.ts";
import {
  decodeContent,
  isSourcePath,
  selectSources,
  sourceFile,
  type SourceCandidate,
  type SourceLimits,
  tooManyFiles,
} from "./source-files.ts";

const readAtOnce = 64;

/** A file that lies there. Its name may be no UTF-8, so that only its bytes lead to it; its path is as a commit's is read. */
interface LyingFile extends SourceCandidate {
  readonly bytes: Buffer;
}

/** A folder, relative to the one that is read ("" itself), and with all its bytes. */
interface LyingFolder {
  readonly path: string;
  readonly bytes: Buffer;
}

/** How a folder is read. */
export interface WorkTreeOptions {
  readonly limits: SourceLimits;
  /** Paths of files, and of folders with `/` at the end, that are left out. */
  readonly ignored: () => Promise<ReadonlySet<string>>;
  readonly signal?: AbortSignal | undefined;
}

/** The files that lie in a folder now. Links are not followed, other repositories in it (submodules) not entered. */
export async function readWorkTree(
  dir: string,
  options: WorkTreeOptions,
): Promise<readonly SourceFile[]> {
  const { limits, signal } = options;
  await requireFolder(dir);
  const listed = await listFiles(dir, options);
  const { chosen, refused, isToolFile } = selectSources(listed, limits);
  const files: SourceFile[] = [...refused];
  for (let start = 0; start < chosen.length; start += readAtOnce) {
    signal?.throwIfAborted();
    const batch = chosen.slice(start, start + readAtOnce);
    const read = batch.map(async ({ path, bytes }) => {
      const content = await unlessGone(readFile(bytes));
      return content === undefined
        ? []
        : sourceFile(path, decodeContent(content, isToolFile(path)));
    });
    files.push(...(await Promise.all(read)).flat());
  }
  return files;
}

async function requireFolder(dir: string): Promise<void> {
  const missing = (cause?: unknown): FleetError =>
    new FleetError("GIT_NOT_FOUND", `there is no folder ${dir}`, { cause, retry: "never" });
  try {
    if (!(await stat(dir)).isDirectory()) throw missing();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === "ENOENT" || code === "ENOTDIR" ? missing(error) : error;
  }
}

async function listFiles(
  dir: string,
  { limits, ignored, signal }: WorkTreeOptions,
): Promise<readonly LyingFile[]> {
  const leftOut = await ignored();
  const submodules = await declaredSubmodules(dir);
  const found: LyingFile[] = [];
  const open: LyingFolder[] = [{ path: "", bytes: Buffer.from(dir) }];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    signal?.throwIfAborted();
    const { files, folders } = await listFolder(folder, submodules);
    found.push(...files.filter(({ path }) => !leftOut.has(path)));
    open.push(...folders.filter(({ path }) => !leftOut.has(`${path}/`)));
    if (found.length > limits.maxFiles) throw tooManyFiles(limits);
  }
  return found;
}

/** By what the checkout says of them, of which the folder may be a part. */
async function declaredSubmodules(dir: string): Promise<ReadonlySet<string>> {
  const root = await rootOf(dir);
  const text = (await unlessGone(readFile(join(root, ".gitmodules"), "utf8"))) ?? "";
  const lines = text.matchAll(/^[ \t]*path[ \t]*=[ \t]*"?(?<path>[^"\n]*?)"?[ \t\r]*$/gm);
  const paths = lines.map(({ groups }) => join(root, groups?.["path"] ?? ""));
  return new Set(paths.map((path) => relative(dir, path).split(sep).join("/")));
}

/** The folder of the checkout; outside of one, the given folder. */
async function rootOf(dir: string): Promise<string> {
  for (let folder = dir; ; folder = dirname(folder)) {
    const isRoot = await stat(join(folder, ".git")).then(
      () => true,
      () => false,
    );
    if (isRoot) return folder;
    if (folder === dirname(folder)) return dir;
  }
}

async function listFolder(
  folder: LyingFolder,
  submodules: ReadonlySet<string>,
): Promise<{ readonly files: LyingFile[]; readonly folders: LyingFolder[] }> {
  const options = { withFileTypes: true, encoding: "buffer" } as const;
  const entries = (await unlessGone(readdir(folder.bytes, options))) ?? [];
  const files: LyingFile[] = [];
  const folders: LyingFolder[] = [];
  const names = entries.map(({ name }) => name.toString());
  if (isSubmodule(folder.path, names, submodules)) {
    return { files: [{ ...folder, kind: "submodule", size: 0 }], folders };
  }
  for (const entry of entries) {
    const name = entry.name.toString();
    const path = folder.path === "" ? name : `${folder.path}/${name}`;
    if (!isSourcePath(path, kindOf(entry))) continue;
    const bytes = Buffer.concat([folder.bytes, Buffer.from("/"), entry.name]);
    if (entry.isDirectory()) folders.push({ path, bytes });
    else if (entry.isSymbolicLink()) files.push({ path, bytes, kind: "link", size: 0 });
    else if (entry.isFile()) files.push(...(await measured(path, bytes)));
  }
  return { files, folders };
}

/** One that nobody has fetched is an empty folder, which is told from others by its declaration. */
function isSubmodule(
  path: string,
  names: readonly string[],
  declared: ReadonlySet<string>,
): boolean {
  return path !== "" && (names.length === 0 ? declared.has(path) : names.includes(".git"));
}

function kindOf(entry: { isDirectory(): boolean }): "file" | "folder" {
  return entry.isDirectory() ? "folder" : "file";
}

async function measured(path: string, bytes: Buffer): Promise<readonly LyingFile[]> {
  const found = await unlessGone(stat(bytes));
  return found === undefined ? [] : [{ path, bytes, kind: "file", size: found.size }];
}

/** What was deleted since its folder was listed is not there. */
async function unlessGone<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // what node:fs throws
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
