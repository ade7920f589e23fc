/**
 * What a worker checks before it follows a mirror commit. In: a commit that was fetched, the one it follows. Out: yes,
 * or a refusal with one clear message. A mirror that is empty, torn or older is never followed, so that what is missing
 * in it is never taken for gone. After the first time the cost follows the change: only what differs from the commit
 * followed so far is read.
 */
import { type ErrorCode, FleetError } from "../../core/errors.ts";
import { type MirrorTrailers, parseTrailers } from "../../core/protocol/mirror-layout.ts";
import { diffTrees, type FileDifference } from "./diff-trees.ts";
import type { CommitInfo, ObjectStore } from "./object-store.ts";

/** The outcome of `verifyCommit`. */
export type Verification =
  | { readonly ok: true; readonly trailers: MirrorTrailers }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

const readAtOnce = 500;

/**
 * Checks a mirror commit against the one that is followed (null: none yet): it is there with everything it names and
 * undamaged, says what it holds and holds that, descends from `previous`, and comes from no older leader. A store that
 * cannot be read at all (timeout, no git) is thrown: it says nothing about the commit.
 */
export async function verifyCommit(
  store: ObjectStore,
  commit: string,
  previous: string | null,
): Promise<Verification> {
  try {
    return { ok: true, trailers: await verify(store, commit, previous) };
  } catch (error) {
    if (!(error instanceof FleetError) || !refusals.has(error.code)) throw error;
    const torn = error.code === "GIT_CORRUPT" || error.code === "GIT_NOT_FOUND";
    const code = torn ? "MIRROR_INVALID" : error.code;
    const reason = torn ? `objects are missing or damaged (${error.message})` : error.message;
    return {
      ok: false,
      code,
      message: `mirror commit ${short(commit)} is not followed: ${reason}`,
    };
  }
}

const refusals: ReadonlySet<ErrorCode> = new Set([
  "GIT_CORRUPT",
  "GIT_NOT_FOUND",
  "MIRROR_INVALID",
  "HISTORY_REWRITTEN",
  "STALE_EPOCH",
]);

async function verify(
  store: ObjectStore,
  commit: string,
  previous: string | null,
): Promise<MirrorTrailers> {
  const info = await store.commit(commit);
  if (info === null) throw new FleetError("GIT_NOT_FOUND", `there is no commit ${commit}`);
  const trailers = trailersOf(info);
  const before = previous === null ? null : await store.commit(previous);
  if (previous !== null && before === null) {
    // The worker's own store has a hole: that is no fault of the new commit, and nothing can be compared.
    throw new FleetError(
      "STATE_CORRUPT",
      `the followed mirror commit ${previous} is not in the store`,
    );
  }
  if (before !== null) await checkOrder(store, { info, trailers }, before);
  await checkTree(store, { info, trailers }, before);
  return trailers;
}

interface Candidate {
  readonly info: CommitInfo;
  readonly trailers: MirrorTrailers;
}

function trailersOf(info: CommitInfo): MirrorTrailers {
  const trailers = parseTrailers(info.message);
  if (trailers !== undefined) return trailers;
  throw new FleetError("MIRROR_INVALID", "its message lacks the trailers of a mirror commit");
}

async function checkOrder(
  store: ObjectStore,
  candidate: Candidate,
  before: CommitInfo,
): Promise<void> {
  if (!(await store.isAncestor(before.oid, candidate.info.oid))) {
    throw new FleetError(
      "HISTORY_REWRITTEN",
      `it does not descend from ${short(before.oid)}, which is followed now`,
    );
  }
  const epoch = parseTrailers(before.message)?.epoch ?? 0;
  if (candidate.trailers.epoch < epoch) {
    throw new FleetError(
      "STALE_EPOCH",
      `it was written by a leader of epoch ${candidate.trailers.epoch}, epoch ${epoch} is known`,
    );
  }
}

interface Counts {
  readonly sites: number;
  readonly objects: number;
}

async function checkTree(
  store: ObjectStore,
  { info, trailers }: Candidate,
  before: CommitInfo | null,
): Promise<void> {
  // What is followed was checked when it was accepted: its own trailers say what it holds.
  const known = before === null ? undefined : parseTrailers(before.message);
  const base = known === undefined ? null : (before?.tree ?? null);
  const differences = await diffTrees(store, base, info.tree);
  await checkBlobs(store, differences);
  const held = countAfter(known ?? { sites: 0, objects: 0 }, differences);
  if (held.sites !== trailers.sites || held.objects !== trailers.objects) {
    throw new FleetError(
      "MIRROR_INVALID",
      `it says ${describe(trailers)} and holds ${describe(held)}`,
    );
  }
  if (before === null && held.sites === 0) requireHistory(info);
}

/** A first commit without a site says nothing; a later one says that they have left, which somebody waits to hear. */
function requireHistory({ parents }: CommitInfo): void {
  if (parents.length > 0) return;
  throw new FleetError("MIRROR_INVALID", "the mirror holds no site yet");
}

/** Reads every file that is new, which also checks its bytes against its id. */
async function checkBlobs(
  store: ObjectStore,
  differences: readonly FileDifference[],
): Promise<void> {
  const oids = [...new Set(differences.flatMap(({ after }) => (after === null ? [] : [after])))];
  for (let start = 0; start < oids.length; start += readAtOnce) {
    await store.read(oids.slice(start, start + readAtOnce));
  }
}

function countAfter(counts: Counts, differences: readonly FileDifference[]): Counts {
  let { sites, objects } = counts;
  for (const { path, before, after } of differences) {
    const step = Number(after !== null) - Number(before !== null);
    if (/^meta\/[^/]+\.json$/.test(path)) sites += step;
    if (/^sites\/[^/]+\/[^/]+\/[^/]+\.yaml$/.test(path)) objects += step;
  }
  return { sites, objects };
}

function describe({ sites, objects }: Counts): string {
  return `${sites} sites and ${objects} objects`;
}

function short(oid: string): string {
  return oid.slice(0, 12);
}
