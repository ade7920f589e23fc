import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
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

/** The files that lie in a folder now. Links are not followed, nested repositories (submodules) are not entered. */
export async function readWorkTree(
  dir: string,
  limits: SourceLimits,
  signal?: AbortSignal,
): Promise<readonly SourceFile[]> {
  await requireFolder(dir);
  const listed = await listFiles(dir, limits, signal);
  const { chosen, refused, isToolFile } = selectSources(listed, limits);
  const files: SourceFile[] = [...refused];
  for (let start = 0; start < chosen.length; start += readAtOnce) {
    signal?.throwIfAborted();
    const batch = chosen.slice(start, start + readAtOnce);
    const read = batch.map(async ({ path }) =>
      sourceFile(path, decodeContent(await readFile(join(dir, path)), isToolFile(path))),
    );
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
  limits: SourceLimits,
  signal: AbortSignal | undefined,
): Promise<readonly SourceCandidate[]> {
  const found: SourceCandidate[] = [];
  const open = [""];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    signal?.throwIfAborted();
    const { files, folders } = await listFolder(dir, folder);
    found.push(...files);
    open.push(...folders);
    if (found.length > limits.maxFiles) throw tooManyFiles(limits);
  }
  return found;
}

async function listFolder(
  dir: string,
  folder: string,
): Promise<{ readonly files: SourceCandidate[]; readonly folders: string[] }> {
  const entries = await readdir(join(dir, folder), { withFileTypes: true });
  const isOtherRepository = folder !== "" && entries.some(({ name }) => name === ".git");
  const files: SourceCandidate[] = [];
  const folders: string[] = [];
  for (const entry of isOtherRepository ? [] : entries) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (!isSourcePath(path)) continue;
    if (entry.isDirectory()) folders.push(path);
    else if (entry.isSymbolicLink()) files.push({ path, kind: "link", size: 0 });
    else if (entry.isFile()) files.push(await measured(dir, path));
  }
  return { files, folders };
}

async function measured(dir: string, path: string): Promise<SourceCandidate> {
  return { path, kind: "file", size: (await stat(join(dir, path))).size };
}
