/**
 * Asks the remote for its head, again and again, beside the loop: a remote that hangs or fails holds up nothing. A
 * read that fails changes nothing but the problem that is told; what was seen last stays.
 */
import { FleetError } from "../core/errors.ts";
import { backoffMs } from "../runtime/backoff.ts";
import { describeError } from "./describe-error.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";

/** Share of the interval by which polls are spread. */
const jitter = 0.2;
const maxBackoffMs = 300_000;

/** What the follower needs of a remote. */
interface RemoteHead {
  /** The commit at the branch's head now; null: there is no such branch. */
  poll(signal?: AbortSignal): Promise<{ readonly head: string | null }>;
  /** Brings that commit and its history into the clone. */
  fetch(commit: string, signal?: AbortSignal): Promise<void>;
}

/** What is known of the remote now. */
interface SourceState {
  /** Newest head whose commit lies in the clone; null: none since the start. */
  readonly seen: string | null;
  /** Why the remote cannot be read at present, in one line. */
  readonly problem: string | null;
}

export interface FollowerOptions {
  readonly remote: RemoteHead;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when the state has changed. */
  readonly onChange: () => void;
  readonly signal: AbortSignal;
}

export interface SourceFollower {
  state(): SourceState;
  /** Ends when the signal has aborted and no read is under way. */
  readonly done: Promise<void>;
}

/** Starts to follow; the first poll goes out at once. */
export function followSource(options: FollowerOptions): SourceFollower {
  let state: SourceState = { seen: null, problem: null };
  const set = (next: SourceState): void => {
    const isNews = next.seen !== state.seen || next.problem !== state.problem;
    if (next.problem !== null && next.problem !== state.problem) {
      options.logger.warn("the fleet repository cannot be read", { problem: next.problem });
    }
    state = next;
    if (isNews) options.onChange();
  };
  return { state: () => state, done: follow(options, () => state, set) };
}

async function follow(
  { remote, intervalMs, clock, signal }: FollowerOptions,
  state: () => SourceState,
  set: (next: SourceState) => void,
): Promise<void> {
  let attempt = 0;
  while (!signal.aborted) {
    try {
      const seen = await readHead(remote, state().seen, signal);
      attempt = 0;
      set({ seen, problem: null });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof FleetError)) throw error;
      attempt += 1;
      set({ seen: state().seen, problem: describeError(error) });
    }
    const spread = 1 - jitter + 2 * jitter * clock.random();
    const extraMs =
      attempt < 2
        ? 0
        : backoffMs({
            attempt,
            baseMs: intervalMs,
            maxMs: maxBackoffMs,
            random: () => clock.random(),
          });
    await clock.sleep(intervalMs * spread + extraMs, signal);
  }
}

async function readHead(
  remote: RemoteHead,
  seen: string | null,
  signal: AbortSignal,
): Promise<string> {
  const { head } = await remote.poll(signal);
  if (head === null) {
    throw new FleetError("EMPTY_SOURCE", "the fleet repository does not have the branch", {
      hint: "push it, or set fleet.branch in the controller's config",
    });
  }
  if (head !== seen) await remote.fetch(head, signal);
  return head;
}
