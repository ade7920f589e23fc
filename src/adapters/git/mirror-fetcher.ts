import { FleetError } from "../../core/errors.ts";
import { mirrorBranch, recoverRef } from "../../core/protocol/mirror-layout.ts";
import type { Clock } from "../../runtime/clock.ts";
import { openBareRepository } from "./bare-repository.ts";
import { createGit, type Git } from "./git-process.ts";
import { isObjectId } from "./object-id.ts";
import { once } from "./once.ts";
import { type PostToGit, quickFetch } from "./quick-fetch.ts";
import { readRef, readRefFile, type RefContext, swapRef } from "./refs.ts";
import { fetchRef, listRemoteRefs, pushCommit, type Remote, remoteAt } from "./remote.ts";

/** The worker's side of a mirror: what was fetched waits aside until it is verified and accepted. */
export interface MirrorFetcher {
  /**
   * Fetches the mirror's head into the worker's repository, aside; null when the mirror has no main branch (nothing
   * was written yet, or it was lost): a reason to wait, never to act. Nothing the worker has moves. What is new is asked
   * for together with where the head is, where that is `told` to be one.
   */
  fetch(signal?: AbortSignal, told?: string): Promise<{ readonly head: string | null }>;
  /** What the worker accepted last; null before the first. */
  accepted(): Promise<string | null>;
  /** Moves the worker's main branch to a fetched commit that was verified; REF_RACE when it is not at `expectedOld`. */
  accept(commit: string, expectedOld: string | null): Promise<void>;
  /** Brings an accepted commit to a controller that asked for it, aside: to `refs/flotilla/recover`. */
  offer(commit: string, signal?: AbortSignal): Promise<void>;
}

const incoming = "refs/flotilla/incoming";

/** A fetcher of the mirror at `url` with its own bare repository in `dir` (made when first needed). */
export function createMirrorFetcher(options: {
  readonly dir: string;
  readonly url: string;
  readonly token: () => Promise<string>;
  /** Sends requests to the mirror, trusting whom git trusts; without it git sends all of them. */
  readonly post?: PostToGit;
  /** Told the texts of files, by their ids, that came with what was fetched; not of all of them. */
  readonly onFiles?: (files: ReadonlyMap<string, string>) => void;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** PEM file with the authorities to trust for https; default the system's. */
  readonly caFile?: string | undefined;
  /** Default 120,000. */
  readonly timeoutMs?: number;
}): MirrorFetcher {
  const { dir, url, token, post, clock, signal, caFile, timeoutMs = 120_000 } = options;
  const { onFiles = () => {} } = options;
  const git = createGit({ clock, signal });
  const context: RefContext = { git, gitDir: dir, clock };
  const remote = remoteAt({ url, token, caFile, user: "flotilla" });
  const ready = once(() => openBareRepository(git, dir, { create: true }));
  /** Of this process: what an earlier one left here may have holes. */
  let followed: string | undefined;
  let fetched: string | undefined;
  return {
    fetch: async (signal, told) => {
      await ready();
      if (post !== undefined && followed !== undefined) {
        const known = { followed, fetched, told };
        const means = { git, gitDir: dir, remote, post, clock, onFiles };
        const head = await quickFetch({ ...means, ...known, signal });
        fetched = head ?? undefined;
        if (head !== null) return { head };
      }
      return fetchHead(context, remote, { signal, timeoutMs });
    },
    accepted: async () => {
      await ready();
      return readRef(context, mirrorBranch);
    },
    accept: async (commit, expectedOld) => {
      if (!isObjectId(commit)) throw new Error(`not a commit id: ${JSON.stringify(commit)}`);
      await ready();
      await swapRef(context, mirrorBranch, { target: commit, expected: expectedOld });
      followed = commit;
    },
    offer: async (commit, signal) => {
      if (!isObjectId(commit)) throw new Error(`not a commit id: ${JSON.stringify(commit)}`);
      await ready();
      await pushCommit(git, remote, { gitDir: dir, commit, to: recoverRef, signal, timeoutMs });
    },
  };
}

interface Bounds {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
}

async function hasBranch(git: Git, remote: Remote, bounds: Bounds): Promise<boolean> {
  return (await listRemoteRefs(git, remote, { ...bounds, refs: [mirrorBranch] })).has(mirrorBranch);
}

async function fetchHead(
  context: RefContext,
  remote: Remote,
  options: Bounds,
): Promise<{ readonly head: string | null }> {
  const { git, gitDir } = context;
  const range = { gitDir, from: mirrorBranch, to: incoming, ...options };
  // A fetch of a first branch that comes meanwhile would read as a failed one.
  const isFirst = (await readRefAt(context, mirrorBranch)) === null;
  if (isFirst && !(await hasBranch(git, remote, options))) return { head: null };
  try {
    await fetchRef(git, remote, range);
  } catch (error) {
    // A branch that is not there and a failed transfer end alike: the listing tells them apart.
    if (!(error instanceof FleetError) || error.code !== "GIT_FAILED") throw error;
    if (await hasBranch(git, remote, options)) throw error;
    return { head: null };
  }
  return { head: await readRefAt(context, incoming) };
}

/** Without a git process where the ref is a file. */
async function readRefAt(context: RefContext, ref: string): Promise<string | null> {
  return (await readRefFile(context.gitDir, ref)) ?? (await readRef(context, ref));
}
