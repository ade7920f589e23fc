/**
 * Reads a checkout's commits where no git is installed (a CLI or Action image), through isomorphic-git. Only reading:
 * it is slow and not safe against other writers, which does not matter for one read of a checkout.
 */
import fs from "node:fs";
import { join, relative, sep } from "node:path";
import type * as Isomorphic from "isomorphic-git";
import { FleetError } from "../../core/errors.ts";
import type { SourceFile } from "../../core/model/fleet-model.ts";
import { missingObjects, noCommit, unknownRevision } from "./checkout-native.ts";
import { isObjectId } from "./object-id.ts";
import {
  decodeContent,
  isSourcePath,
  noText,
  selectSources,
  sourceFile,
  type SourceCandidate,
  type SourceLimits,
  tooManyFiles,
  withoutBytes,
} from "./source-files.ts";

type IsomorphicGit = typeof Isomorphic;

interface Repository {
  readonly git: IsomorphicGit;
  readonly gitdir: string;
  /** Of the folder in the repository, "" for the root. */
  readonly prefix: string;
  /** isomorphic-git keeps parsed packs in here; without it each read is a hundred times slower. */
  readonly cache: object;
}

/** The text files of a folder of a checkout at a revision, by isomorphic-git. */
export async function readIsomorphicTree(
  dir: string,
  options: {
    readonly revision: string;
    readonly limits: SourceLimits;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<readonly SourceFile[]> {
  const { revision, limits, signal } = options;
  const repository = await open(dir);
  const commit = await resolveIn(repository, revision);
  try {
    const root = await folderAt(repository, commit);
    if (root !== undefined) return await readFiles(repository, root, { limits, signal });
  } catch (error) {
    throw isIsomorphicError(error) ? missingObjects(revision, error) : error;
  }
  throw new FleetError("GIT_NOT_FOUND", `there is no folder ${repository.prefix} in ${revision}`, {
    retry: "never",
  });
}

async function readFiles(
  repository: Repository,
  root: string,
  options: { readonly limits: SourceLimits; readonly signal: AbortSignal | undefined },
): Promise<readonly SourceFile[]> {
  const { limits, signal } = options;
  const entries = await listTree(repository, root, options);
  const sized = [];
  for (const entry of entries) {
    signal?.throwIfAborted();
    if (entry.kind === "submodule") {
      sized.push({ ...entry, size: 0, content: noText });
      continue;
    }
    const bytes = await readBlob(repository, entry.oid);
    const isTooLarge = bytes.length > limits.maxFileBytes;
    const content = isTooLarge ? noText : decodeContent(bytes, true);
    sized.push({ ...entry, size: bytes.length, content });
  }
  const { chosen, refused, isToolFile } = selectSources(sized, limits);
  const files = chosen.flatMap(({ path, content }) => {
    const isNeeded = content.isBinary !== true || isToolFile(path);
    return sourceFile(path, isNeeded ? content : withoutBytes(content));
  });
  return [...files, ...refused];
}

/** The commit that a revision names, by isomorphic-git: a name or (short) id, with `~n` and `^` behind it. */
export async function resolveIsomorphicRevision(dir: string, revision: string): Promise<string> {
  return resolveIn(await open(dir), revision);
}

async function open(dir: string): Promise<Repository> {
  const git = await import("isomorphic-git");
  const root = await git.findRoot({ fs, filepath: dir }).catch(() => undefined);
  if (root === undefined) {
    throw new FleetError("GIT_NOT_FOUND", `${dir} is not in a git repository`, { retry: "never" });
  }
  const gitdir = join(root, ".git");
  if (!fs.statSync(gitdir).isDirectory()) {
    throw new FleetError("GIT_FAILED", `${root} is a linked work tree or a submodule`, {
      hint: "install git to read it",
      retry: "never",
    });
  }
  return { git, gitdir, prefix: relative(root, dir).split(sep).join("/"), cache: {} };
}

async function resolveIn(repository: Repository, revision: string): Promise<string> {
  const { git, gitdir, cache } = repository;
  const [, name = "", steps = ""] = /^(.*?)((?:~\d*|\^)*)$/s.exec(revision) ?? [];
  try {
    let oid = await baseCommit(repository, name);
    for (let left = countSteps(steps); left > 0; left -= 1) {
      const { commit } = await git.readCommit({ fs, gitdir, oid, cache });
      oid = commit.parent[0] ?? "";
    }
    // Peels an annotated tag, and fails for what is no commit.
    return (await git.readCommit({ fs, gitdir, oid, cache })).oid;
  } catch (error) {
    if (!isIsomorphicError(error)) throw error;
    throw (await isBegun(repository)) ? unknownRevision(revision) : noCommit(revision);
  }
}

/** It has a commit. */
async function isBegun({ git, gitdir }: Repository): Promise<boolean> {
  try {
    await git.resolveRef({ fs, gitdir, ref: "HEAD" });
    return true;
  } catch (error) {
    if (!isIsomorphicError(error)) throw error;
    const refs = [await git.listBranches({ fs, gitdir }), await git.listTags({ fs, gitdir })];
    return refs.flat().length > 0;
  }
}

async function baseCommit(repository: Repository, name: string): Promise<string> {
  const { git, gitdir, cache } = repository;
  if (isObjectId(name)) return name;
  try {
    return await git.resolveRef({ fs, gitdir, ref: name });
  } catch (error) {
    if (!isIsomorphicError(error) || !/^[0-9a-f]{4,39}$/.test(name)) throw error;
    return git.expandOid({ fs, gitdir, oid: name, cache });
  }
}

/** `~2^` is three steps back along first parents. */
function countSteps(steps: string): number {
  const parts = steps.match(/~\d*|\^/g) ?? [];
  return parts.reduce((sum, part) => sum + (/\d/.test(part) ? Number(part.slice(1)) : 1), 0);
}

function isIsomorphicError(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.name === error.code;
}

async function folderAt(repository: Repository, commit: string): Promise<string | undefined> {
  const { git, gitdir, cache, prefix } = repository;
  let { oid } = await git.readTree({ fs, gitdir, oid: commit, cache });
  for (const name of prefix === "" ? [] : prefix.split("/")) {
    const { tree } = await git.readTree({ fs, gitdir, oid, cache });
    const next = tree.find((entry) => entry.path === name && entry.type === "tree");
    if (next === undefined) return undefined;
    oid = next.oid;
  }
  return oid;
}

interface Listed {
  readonly path: string;
  readonly oid: string;
  readonly kind: SourceCandidate["kind"];
}

async function listTree(
  { git, gitdir, cache }: Repository,
  root: string,
  { limits, signal }: { readonly limits: SourceLimits; readonly signal: AbortSignal | undefined },
): Promise<readonly Listed[]> {
  const found: Listed[] = [];
  const openFolders = [{ oid: root, under: "" }];
  for (let next = openFolders.pop(); next !== undefined; next = openFolders.pop()) {
    signal?.throwIfAborted();
    const { oid, under } = next;
    const { tree } = await git.readTree({ fs, gitdir, oid, cache });
    for (const entry of tree) {
      const path = under + entry.path;
      if (!isSourcePath(path, entry.type === "tree" ? "folder" : "file")) continue;
      if (entry.type === "tree") openFolders.push({ oid: entry.oid, under: `${path}/` });
      else found.push({ path, oid: entry.oid, kind: kindOf(entry) });
    }
    if (found.length > limits.maxFiles) throw tooManyFiles(limits);
  }
  return found;
}

function kindOf({ type, mode }: Isomorphic.TreeEntry): SourceCandidate["kind"] {
  if (type === "commit") return "submodule";
  return mode === "120000" ? "link" : "file";
}

async function readBlob({ git, gitdir, cache }: Repository, oid: string): Promise<Buffer> {
  const { blob } = await git.readBlob({ fs, gitdir, oid, cache });
  return Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
}
