import { join } from "node:path";
import { FleetError } from "../../core/errors.ts";
import type { SourceFile } from "../../core/model/fleet-model.ts";
import type { Clock } from "../../runtime/clock.ts";
import { openBareRepository } from "./bare-repository.ts";
import { checkRef } from "./git-path.ts";
import { createGit, type Git } from "./git-process.ts";
import { repack } from "./native-store.ts";
import { isObjectId } from "./object-id.ts";
import { once } from "./once.ts";
import { listRefs, readRefFile, type RefContext, swapRef, updateRefs } from "./refs.ts";
import { fetchRef, listRemoteRefs, type Remote, remoteAt } from "./remote.ts";
import { defaultSourceLimits, type SourceLimits } from "./source-files.ts";
import { readSourceTree, type TextCache } from "./source-tree.ts";
import type { SshAccess } from "./ssh-command.ts";

/** Follows one branch of the fleet repository. Whatever goes wrong with the remote, what was fetched stays. */
export interface FleetFetcher {
  /**
   * The commit at the head of the branch; null when the remote has other refs but not this branch. EMPTY_SOURCE for a
   * repository without any; GIT_AUTH, GIT_NOT_FOUND, GIT_TIMEOUT, GIT_FAILED.
   */
  poll(signal?: AbortSignal): Promise<{ readonly head: string | null }>;
  /** Brings a commit of the branch into the clone and keeps it; GIT_NOT_FOUND when the branch does not have it (any more). */
  fetch(commit: string, signal?: AbortSignal): Promise<void>;
  /** True when the clone has the commit. */
  has(commit: string): Promise<boolean>;
  /** Keeps exactly these fetched commits from now on; gives those that the clone does not have. */
  keepSources(commits: readonly string[]): Promise<readonly string[]>;
  /** True when `ancestor` is `descendant` or one of its ancestors; an unknown ancestor is none. */
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  /**
   * The commits that the branch was at after `older` and before `newer`, oldest first: merges and what was pushed to it,
   * not what was merged. None where `older` is unknown.
   */
  between(older: string, newer: string): Promise<readonly string[]>;
  /** Who last changed a file as a fetched commit has it; GIT_NOT_FOUND. */
  authorOf(commit: string, path: string): Promise<FileAuthor>;
  /**
   * All text files of a fetched commit, sorted by path; unchanged ones are not read again. INVALID_FLEET for more than
   * is read, GIT_NOT_FOUND.
   */
  files(commit: string, signal?: AbortSignal): Promise<readonly SourceFile[]>;
  /** Gathers packs. */
  maintain(signal?: AbortSignal): Promise<void>;
}

/** Who changed a file, and in which commit. */
export interface FileAuthor {
  readonly name: string;
  readonly commit: string;
}

interface FetcherContext extends RefContext {
  readonly remote: Remote;
  readonly branch: string;
  readonly limits: SourceLimits;
  readonly pollTimeoutMs: number;
  readonly fetchTimeoutMs: number;
}

const incoming = "refs/flotilla/incoming";
const sources = "refs/flotilla/source/";

/**
 * A fetcher with its bare clone in `dir` (made when first needed). `branch` is a full ref or a branch name. The token
 * is read again for each call and sent as the password of `user` (default `x-access-token`, as GitHub wants it).
 * A URL that cannot be used is USAGE, at once.
 */
export function createFleetFetcher(options: {
  readonly dir: string;
  readonly url: string;
  readonly branch: string;
  readonly clock: Clock;
  readonly token?: (() => Promise<string>) | undefined;
  readonly user?: string;
  /** PEM file with the authorities to trust for https; default the system's. */
  readonly caFile?: string | undefined;
  /** How to log in over ssh; needed for a URL of ssh. */
  readonly ssh?: SshAccess | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly limits?: Partial<SourceLimits>;
  /** Default 30,000. */
  readonly pollTimeoutMs?: number;
  /** Default 600,000. */
  readonly fetchTimeoutMs?: number;
}): FleetFetcher {
  const { dir, url, token, clock, signal, caFile, ssh } = options;
  const branch = options.branch.startsWith("refs/")
    ? options.branch
    : `refs/heads/${options.branch}`;
  checkRef(branch);
  const git = createGit({ clock, signal });
  const context: FetcherContext = {
    git,
    gitDir: dir,
    clock,
    branch,
    remote: remoteAt({ url, token, caFile, ssh, user: options.user ?? "x-access-token" }),
    limits: { ...defaultSourceLimits, ...options.limits },
    pollTimeoutMs: options.pollTimeoutMs ?? 30_000,
    fetchTimeoutMs: options.fetchTimeoutMs ?? 600_000,
  };
  return createMethods(
    context,
    once(() => openBareRepository(git, dir, { create: true })),
  );
}

function createMethods(context: FetcherContext, ready: () => Promise<void>): FleetFetcher {
  const { git, gitDir } = context;
  let texts: TextCache = new Map();
  return {
    poll: (signal) => poll(context, signal),
    fetch: async (commit, signal) => {
      await ready();
      await fetchCommit(context, commit, signal);
    },
    has: async (commit) => {
      await ready();
      return isFetched(context, commit);
    },
    keepSources: async (commits) => {
      await ready();
      return keepSources(context, commits);
    },
    isAncestor: async (ancestor, descendant) => {
      await ready();
      return isAncestor(context, ancestor, descendant);
    },
    between: async (older, newer) => {
      await ready();
      return commitsBetween(context, older, newer);
    },
    authorOf: async (commit, path) => {
      await ready();
      return authorOf(context, commit, path);
    },
    files: async (commit, signal) => {
      await ready();
      await requireCommit(context, commit);
      const { limits, clock } = context;
      const from = { git, gitDir, clock, limits, signal, treeish: commit, known: texts };
      const read = await readSourceTree(from);
      texts = read.texts;
      return read.files;
    },
    maintain: async (signal) => {
      await ready();
      await repack(git, gitDir, signal);
    },
  };
}

async function poll(
  { git, remote, branch, pollTimeoutMs: timeoutMs }: FetcherContext,
  signal: AbortSignal | undefined,
): Promise<{ readonly head: string | null }> {
  const near = await headOnThisMachine(remote, branch);
  if (near !== null) return { head: near };
  const found = await listRemoteRefs(git, remote, { refs: [branch], signal, timeoutMs });
  const head = found.get(branch);
  if (head !== undefined) return { head };
  const others = await listRemoteRefs(git, remote, { refs: [], signal, timeoutMs });
  if (others.size > 0) return { head: others.get(branch) ?? null };
  // Git takes an empty answer or a page for an old-style repository without refs, so these end here too.
  throw new FleetError(
    "EMPTY_SOURCE",
    `${remote.url} shows no refs: the repository is empty, or what answers there is no git server`,
    { hint: `check the URL, and push the fleet to ${branch}` },
  );
}

/** A repository at a path is polled without a process; null where git is to look: the branch has no file of its own. */
async function headOnThisMachine(
  { url, protocol }: Remote,
  branch: string,
): Promise<string | null> {
  if (protocol !== "file" || !url.startsWith("/")) return null;
  return (await readRefFile(join(url, ".git"), branch)) ?? (await readRefFile(url, branch));
}

async function fetchCommit(
  context: FetcherContext,
  commit: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { git, remote, gitDir, branch, fetchTimeoutMs: timeoutMs } = context;
  const ref = sourceRef(commit);
  if ((await listRefs(context, ref)).get(ref) === commit) return;
  if (!(await isFetched(context, commit))) {
    await fetchRef(git, remote, { gitDir, from: branch, to: incoming, signal, timeoutMs });
  }
  if (!(await isFetched(context, commit))) {
    throw new FleetError("GIT_NOT_FOUND", `commit ${commit} is not in ${branch} of ${remote.url}`, {
      hint: "the branch may have moved in the meantime",
    });
  }
  await swapRef(context, ref, { target: commit, expected: null });
}

async function keepSources(
  context: FetcherContext,
  commits: readonly string[],
): Promise<readonly string[]> {
  const wanted = new Map(commits.map((commit) => [sourceRef(commit), commit]));
  const kept = await listRefs(context, sources);
  const missing: string[] = [];
  const create = new Map<string, string>();
  for (const [ref, commit] of wanted) {
    if (kept.has(ref)) continue;
    if (await isFetched(context, commit)) create.set(ref, commit);
    else missing.push(commit);
  }
  const remove = [...kept.keys()].filter((ref) => !wanted.has(ref));
  await updateRefs(context, { create, remove });
  return missing;
}

async function isAncestor(
  context: FetcherContext,
  ancestor: string,
  descendant: string,
): Promise<boolean> {
  await requireCommit(context, descendant);
  if (!(await hasCommit(context, ancestor))) return false;
  const args = ["merge-base", "--is-ancestor", ancestor, descendant];
  return (await context.git({ args, gitDir: context.gitDir, codes: [0, 1] })).code === 0;
}

async function commitsBetween(
  context: FetcherContext,
  older: string,
  newer: string,
): Promise<readonly string[]> {
  await requireCommit(context, newer);
  if (!(await hasCommit(context, older))) return [];
  const args = ["rev-list", "--first-parent", "--reverse", `${older}..${newer}`];
  const { stdout } = await context.git({ args, gitDir: context.gitDir });
  return stdout.toString().split("\n").slice(0, -2); // the last one is `newer`
}

async function authorOf(
  context: FetcherContext,
  commit: string,
  path: string,
): Promise<FileAuthor> {
  await requireCommit(context, commit);
  const args = ["log", "-1", "--format=%H %an", commit, "--", `:(literal)${path}`];
  const { stdout } = await context.git({ args, gitDir: context.gitDir });
  const text = stdout.toString().trim();
  const [id = "", ...name] = text.split(" ");
  return { name: name.join(" ") || "unknown", commit: id || commit };
}

async function requireCommit(context: FetcherContext, commit: string): Promise<void> {
  if (await isFetched(context, commit)) return;
  throw new FleetError("GIT_NOT_FOUND", `commit ${commit} was not fetched`);
}

/**
 * True for a commit that a ref of the clone holds. That its object is there is not enough: a fetch that failed in its
 * last check leaves objects behind, of which some may be missing.
 */
async function isFetched(context: FetcherContext, commit: string): Promise<boolean> {
  if (!(await hasCommit(context, commit))) return false;
  const args = ["for-each-ref", "--count=1", `--contains=${commit}`, "refs/flotilla/"];
  const { stdout } = await context.git({ args, gitDir: context.gitDir });
  return stdout.length > 0;
}

async function hasCommit(
  { git, gitDir }: { readonly git: Git; readonly gitDir: string },
  commit: string,
): Promise<boolean> {
  checkId(commit);
  const args = ["rev-parse", "--quiet", "--verify", `${commit}^{commit}`];
  return (await git({ args, gitDir, codes: [0, 1] })).code === 0;
}

function sourceRef(commit: string): string {
  checkId(commit);
  return sources + commit;
}

function checkId(commit: string): void {
  if (!isObjectId(commit)) throw new Error(`not a commit id: ${JSON.stringify(commit)}`);
}
