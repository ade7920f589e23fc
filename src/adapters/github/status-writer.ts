/**
 * Tells GitHub what became of each commit: one commit status per commit and context, kept as a table of wishes that a
 * loop makes true. In: wishes, at any time. Out: as few creates as will do. It never repeats a create of unclear
 * outcome before it has looked what is there, and a restart (even with the table lost) creates nothing twice.
 */
import { FleetError } from "../../core/errors.ts";
import { backoffMs } from "../../runtime/backoff.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Logger } from "../../runtime/logger.ts";
import { createWaker, type Waker } from "../../runtime/wake.ts";
import { createGitHubClient, type GitHubClient, GitHubError } from "./github-client.ts";
import type { StatusStore } from "./status-store.ts";
import {
  fitDescription,
  isSettled,
  nextRow,
  pruneRows,
  sameStatus,
  type Status,
  type StatusRow,
  type StatusState,
} from "./status-table.ts";

/** The context of the status that stands for a commit's rollout. */
export const rolloutContext = "flotilla/rollout";

export interface StatusWriterOptions {
  /** `owner/name`. */
  readonly repository: string;
  /** Default `https://api.github.com`; GitHub Enterprise Server: `https://HOST/api/v3`. */
  readonly apiUrl?: string;
  /** Asked before each request, so that a rotated token is taken up. */
  readonly token: () => Promise<string>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: StatusStore;
}

/** What a commit's status should say. */
export interface StatusWish {
  readonly sha: string;
  readonly state: StatusState;
  /** Made one line and cut to 140 characters. */
  readonly description: string;
  readonly targetUrl?: string;
  /** Default `flotilla/rollout`. */
  readonly context?: string;
  /** What was wished before stays, but for `pending`. */
  readonly isLate?: true;
  /** Nobody knows whether the commit may be followed. */
  readonly isUndecided?: true;
}

export interface StatusWriter {
  /** Records the wish; resolves when it is on disk. Wishing the same again costs nothing. */
  set(wish: StatusWish): Promise<void>;
  /** The commits whose newest wish is an undecided one, also from before a restart. */
  undecided(): readonly string[];
  /** Makes wishes true until the signal aborts. Once at a time. */
  run(signal: AbortSignal): Promise<void>;
  /** True when GitHub shows (or refuses for good) every wish. */
  isSettled(): boolean;
  /** What keeps wishes from coming true, in one line for people; null when nothing does. */
  problem(): string | null;
}

/** At most one create in this time, as GitHub asks. */
const writeIntervalMs = 1000;
const backoff = { baseMs: 5000, maxMs: 15 * 60_000 };
/** The least pause after 401, 403, 404 or 429 without a word on how long. */
const leastPauseMs = 60_000;
/** A commit that was pushed a moment ago may not be known yet: 422 is final only after so many times. */
const refusalsUntilFinal = 5;

/** Loads the table. A table that cannot be read is started anew: GitHub itself is asked what is there. */
export async function createStatusWriter(options: StatusWriterOptions): Promise<StatusWriter> {
  const { clock } = options;
  const state: WriterState = {
    ...options,
    client: createGitHubClient({ ...options, now: () => clock.now() }),
    waker: createWaker(clock),
    rows: await loadRows(options),
    saving: Promise.resolve(),
    pausedUntil: 0,
    pauses: 0,
    problem: null,
  };
  return {
    set: (wish) => setWish(state, wish),
    undecided: () => state.rows.filter((row) => row.isUndecided === true).map(({ sha }) => sha),
    run: (signal) => runWriter(state, signal),
    isSettled: () => state.rows.every(isSettled),
    problem: () => state.problem,
  };
}

interface WriterState extends StatusWriterOptions {
  readonly client: GitHubClient;
  readonly waker: Waker;
  rows: StatusRow[];
  /** Saves, one after the other. */
  saving: Promise<void>;
  /** No request before this time (ms), and pauses since the last success. */
  pausedUntil: number;
  pauses: number;
  problem: string | null;
}

async function loadRows(options: StatusWriterOptions): Promise<StatusRow[]> {
  const { clock, logger, repository, store } = options;
  try {
    const table = await store.load();
    // A clock that was set back must not keep a row waiting for longer than a backoff can be.
    const latest = clock.now() + backoff.maxMs;
    return (table?.rows ?? [])
      .filter((row) => row.repository === repository)
      .map((row) => ({ ...row, retryAt: Math.min(row.retryAt, latest) }));
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    logger.warn("table of commit statuses is unreadable, started anew", { error });
    return [];
  }
}

function save(state: WriterState): Promise<void> {
  const next = state.saving.then(() => {
    state.rows = pruneRows(state.rows);
    return state.store.save({ version: 1, rows: state.rows });
  });
  state.saving = next.catch(() => undefined); // the next save is tried all the same; `next` tells this caller
  return next;
}

async function setWish(state: WriterState, wish: StatusWish): Promise<void> {
  const { repository, clock } = state;
  const { sha, context = rolloutContext } = wish;
  const desired: Status = {
    state: wish.state,
    description: fitDescription(wish.description),
    ...(wish.targetUrl === undefined ? {} : { targetUrl: wish.targetUrl }),
  };
  const old = state.rows.find((row) => row.sha === sha && row.context === context);
  if (old !== undefined && (isSame(old, wish, desired) || isTold(old, wish))) return;
  const changed = { desired, changedAt: clock.now(), attempts: 0, retryAt: 0 };
  if (old === undefined) {
    const fresh = { repository, sha, context, posted: null, inDoubt: true, posts: 0 };
    state.rows.push({ ...fresh, ...changed, ...marksOf(wish) });
  } else {
    // A row in doubt keeps its backoff: GitHub gets time to show what the unclear create did.
    const { attempts, retryAt } = old.inDoubt ? old : changed;
    delete old.refused;
    delete old.isLate;
    delete old.isUndecided;
    Object.assign(old, changed, { attempts, retryAt }, marksOf(wish));
  }
  await save(state);
  state.waker.wake();
}

function marksOf({ isLate, isUndecided }: StatusWish): Pick<StatusRow, "isLate" | "isUndecided"> {
  return {
    ...(isLate === true && { isLate }),
    ...(isUndecided === true && { isUndecided }),
  };
}

function isSame(old: StatusRow, { isUndecided }: StatusWish, desired: Status): boolean {
  return old.isUndecided === isUndecided && sameStatus(old.desired, desired);
}

function isTold({ desired }: StatusRow, { isLate }: StatusWish): boolean {
  return isLate === true && desired.state !== "pending";
}

async function runWriter(state: WriterState, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const now = state.clock.now();
    const next = nextRow(state.rows, now);
    const startAt = next === undefined ? null : Math.max(next.at, state.pausedUntil);
    if (next === undefined || (startAt !== null && startAt > now)) {
      await state.waker.wait(startAt === null ? null : startAt - now, signal);
    } else {
      await workOn(state, next.row, signal);
    }
  }
}

/** One exchange for one row, and its outcome in the table. */
async function workOn(state: WriterState, row: StatusRow, signal: AbortSignal): Promise<void> {
  try {
    if (row.inDoubt) await look(state, row, signal);
    else await create(state, row, signal);
    Object.assign(row, { attempts: 0, retryAt: 0 });
    state.problem = null;
    state.pauses = 0;
  } catch (error) {
    if (signal.aborted) return; // the row stays as it was saved: in doubt
    postpone(state, row, error);
  }
  await saveOutcome(state);
}

/** After the exchange the table may be behind by one outcome: the row is then still in doubt on disk, which is safe. */
async function saveOutcome(state: WriterState): Promise<void> {
  try {
    await save(state);
  } catch (error) {
    state.problem = "the table of commit statuses cannot be saved";
    state.logger.error("cannot save the table of commit statuses", { error });
    state.pausedUntil = state.clock.now() + leastPauseMs;
  }
}

async function look(state: WriterState, row: StatusRow, signal: AbortSignal): Promise<void> {
  const found = await state.client.newestStatus(row, signal);
  row.posted = found;
  row.inDoubt = false;
  if (row.isLate !== true || found === null || found.state === "pending") return;
  const { at: _at, ...shown } = found;
  row.desired = shown;
}

async function create(state: WriterState, row: StatusRow, signal: AbortSignal): Promise<void> {
  const { clock } = state;
  const sent = row.desired; // a newer wish may come while it is under way
  row.inDoubt = true;
  await save(state);
  try {
    const { pauseMs } = await state.client.createStatus(row, sent, signal);
    row.inDoubt = false;
    row.posted = { ...sent, at: clock.now() };
    row.posts += 1;
    state.pausedUntil = clock.now() + Math.max(writeIntervalMs, pauseMs);
  } catch (error) {
    row.inDoubt = !(error instanceof GitHubError) || error.kind === "unclear";
    throw error;
  }
}

function postpone(state: WriterState, row: StatusRow, error: unknown): void {
  const { clock, logger } = state;
  const isExpected = error instanceof FleetError;
  const kind = error instanceof GitHubError ? error.kind : "unclear";
  row.attempts += 1;
  const random = (): number => 0.5 + clock.random() / 2;
  const rowPause = backoffMs({ ...backoff, attempt: row.attempts, random });
  row.retryAt = clock.now() + rowPause;
  if (kind === "wait") pauseAll(state, error as GitHubError, random);
  const isFinal = kind === "refused" && row.attempts >= refusalsUntilFinal;
  if (isFinal) row.refused = (error as GitHubError).message;
  state.problem = isExpected ? error.message : "a commit status could not be written";
  const fields = { sha: row.sha, state: row.desired.state, attempts: row.attempts, isFinal, error };
  logger[isExpected && !isFinal ? "warn" : "error"]("commit status not written", fields);
}

/** All rows wait: whatever GitHub objects to concerns each of them. */
function pauseAll(state: WriterState, error: GitHubError, random: () => number): void {
  state.pauses += 1;
  const grown = backoffMs({
    baseMs: 2 * leastPauseMs,
    maxMs: backoff.maxMs,
    attempt: state.pauses,
    random,
  });
  state.pausedUntil = state.clock.now() + Math.max(error.afterMs ?? grown, writeIntervalMs);
}
