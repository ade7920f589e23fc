import type { ObjectStore } from "../adapters/git/object-store.ts";
import { type ErrorCode, FleetError } from "../core/errors.ts";
import type { MirrorTrailers } from "../core/protocol/mirror-layout.ts";
import { backoffMs } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import { type Waker, createWaker } from "../runtime/wake.ts";
import { type MirrorView, readMirror } from "./mirror-view.ts";
import type { StateStore } from "./state-store.ts";

/** Gets the mirror's objects here, and keeps the commit that is followed. */
export interface MirrorFetcher {
  /** Fetches and tells the mirror's head; moves nothing that is followed. */
  fetch(signal: AbortSignal): Promise<{ readonly head: string | null }>;
  /** Makes a fetched commit the followed one, durably; REF_RACE when that is not `expectedOld`. */
  accept(commit: string, expectedOld: string | null): Promise<void>;
}

/** The answer of a check: the commit's trailers, or why it is not followed. */
export type Verification =
  | { readonly ok: true; readonly trailers: MirrorTrailers }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** What a follower needs. */
export interface FollowerOptions {
  readonly git: ObjectStore;
  readonly fetcher: MirrorFetcher;
  /** Whether a fetched commit may be followed after `previous`. */
  readonly verify: (commit: string, previous: string | null) => Promise<Verification>;
  readonly store: StateStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pollMs: number;
  /** A commit is stored and followed from now on. */
  onView(view: MirrorView): Promise<void>;
  /** What `facts` gives has changed. */
  onChange(): void;
}

/** Follows a mirror: fetch, verify, store, then hand on. */
export interface MirrorFollower {
  /** Follows what was stored by an earlier run; needs no controller. */
  resume(ref: string): Promise<void>;
  /** The mirror's head may be this one now. */
  hint(head: string): void;
  /** While hints come, the mirror is only asked now and then. */
  setHinted(isHinted: boolean): void;
  facts(): { readonly head: string; readonly epoch: number; readonly refused: string };
  run(signal: AbortSignal): Promise<void>;
}

const refusals = new Set(["MIRROR_INVALID", "STALE_EPOCH", "HISTORY_REWRITTEN", "GIT_CORRUPT"]);
const epochKey = "epoch";

/** A follower of nothing yet. */
export function createMirrorFollower(options: FollowerOptions): MirrorFollower {
  return new Follower(options);
}

class Follower implements MirrorFollower {
  readonly #options: FollowerOptions;
  readonly #waker: Waker;
  #view: MirrorView | undefined;
  #refused = "";
  #isHinted = false;
  #failures = 0;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#waker = createWaker(options.clock);
  }

  async resume(ref: string): Promise<void> {
    const { git } = this.#options;
    const commit = await git.resolve(ref);
    if (commit !== null) await this.#follow(await readMirror(git, commit));
  }

  hint(head: string): void {
    if (head !== this.#view?.commit) this.#waker.wake();
  }

  setHinted(isHinted: boolean): void {
    this.#isHinted = isHinted;
  }

  facts(): { head: string; epoch: number; refused: string } {
    const head = this.#view?.commit ?? "";
    return { head, epoch: this.#epoch(), refused: this.#refused.slice(0, 2000) };
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#attempt(signal);
      await this.#waker.wait(this.#wait(), signal);
    }
  }

  #epoch(): number {
    return Number(this.#options.store.value(epochKey) ?? "0");
  }

  #wait(): number {
    const { clock, pollMs } = this.#options;
    const attempt = this.#failures;
    if (attempt === 0) return this.#isHinted ? pollMs * 4 : pollMs;
    return 50 + backoffMs({ attempt, baseMs: 500, maxMs: pollMs, random: () => clock.random() });
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    try {
      await this.#once(signal);
      this.#failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof FleetError)) throw error;
      this.#failures += 1;
      if (refusals.has(error.code)) this.#refuse(`${error.code}: ${error.message}`);
      else if (this.#failures === 1) {
        this.#options.logger.warn("cannot fetch the mirror", { error });
      }
    }
  }

  async #once(signal: AbortSignal): Promise<void> {
    const { fetcher, git, store, verify } = this.#options;
    const { head } = await fetcher.fetch(signal);
    if (head === null) {
      // An empty mirror says nothing, least of all that anything is to go.
      if (this.#view !== undefined) this.#refuse("the mirror is empty");
      return;
    }
    if (head === this.#view?.commit) return this.#refuse("");
    const previous = this.#view?.commit ?? null;
    const checked = await verify(head, previous);
    if (!checked.ok) throw new FleetError(checked.code, checked.message);
    if (checked.trailers.epoch < this.#epoch()) {
      const found = `${checked.trailers.epoch}, and ${this.#epoch()} was seen before`;
      throw new FleetError("STALE_EPOCH", `the mirror's head is of the older epoch ${found}`);
    }
    const next = await readMirror(git, head, this.#view);
    await fetcher.accept(head, previous);
    store.setValue(epochKey, String(checked.trailers.epoch));
    this.#refuse("");
    await this.#follow(next);
  }

  async #follow(next: MirrorView): Promise<void> {
    this.#view = next;
    await this.#options.onView(next);
    this.#options.onChange();
  }

  #refuse(reason: string): void {
    if (reason === this.#refused) return;
    this.#refused = reason;
    if (reason !== "") {
      this.#options.logger.warn("the mirror's head is not followed", { reason });
    }
    this.#options.onChange();
  }
}
