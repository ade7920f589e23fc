import type { ObjectStore } from "../adapters/git/object-store.ts";
import { type ErrorCode, FleetError } from "../core/errors.ts";
import type { MirrorTrailers } from "../core/protocol/mirror-layout.ts";
import { backoffMs } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import { type Waker, createWaker } from "../runtime/wake.ts";
import type { Wakefulness } from "../runtime/wakefulness.ts";
import { type MirrorView, readMirror } from "./mirror-view.ts";
import type { StateStore } from "./state-store.ts";

/** Gets the mirror's objects here, and keeps the commit that is followed. */
export interface MirrorFetcher {
  /** Fetches and tells the mirror's head; moves nothing that is followed. It may be `told`: who has heard so says it. */
  fetch(signal: AbortSignal, told?: string): Promise<{ readonly head: string | null }>;
  /** Makes a fetched commit the followed one, durably; REF_RACE when that is not `expectedOld`. */
  accept(commit: string, expectedOld: string | null): Promise<void>;
  /** Brings an accepted commit to a controller whose mirror came back from an older copy. */
  offer(commit: string, signal: AbortSignal): Promise<void>;
}

/** The answer of a check: the commit's trailers, or why it is not followed. */
export type Verification =
  | { readonly ok: true; readonly trailers: MirrorTrailers }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** What a follower needs. */
export interface FollowerOptions {
  readonly git: ObjectStore;
  /** The branch of the mirror, here and there. */
  readonly ref: string;
  readonly fetcher: MirrorFetcher;
  /** Whether a fetched commit may be followed after `previous`. */
  readonly verify: (commit: string, previous: string | null) => Promise<Verification>;
  readonly store: StateStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pollMs: number;
  /** Told when the mirror is asked, and when the answer is in force or there was none. */
  readonly wakefulness?: Wakefulness | undefined;
  /** A commit is stored and followed from now on. */
  onView(view: MirrorView): void;
  /** What `facts` gives has changed. */
  onChange(): void;
}

/** Follows a mirror: fetch, verify, store, then hand on. */
export interface MirrorFollower {
  /** Follows what was stored by an earlier run, if it can be read and is no older; needs no controller. */
  resume(): Promise<void>;
  /** The mirror's head may be this one now. */
  hint(head: string): void;
  /** The controller asks for this commit, which its mirror lacks; undefined: for none. */
  recover(commit: string | undefined): void;
  /** While hints come, the mirror is only asked now and then. */
  setHinted(isHinted: boolean): void;
  facts(): { readonly head: string; readonly epoch: number; readonly refused: string };
  run(signal: AbortSignal): Promise<void>;
}

const refusals = new Set([
  "MIRROR_INVALID",
  "STALE_EPOCH",
  "HISTORY_REWRITTEN",
  "GIT_CORRUPT",
  "STATE_CORRUPT",
]);
const epochKey = "epoch";
const headKey = "head";

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
  #asked: string | undefined;
  /** Heads that were told since the last attempt began: it may have come before them. */
  readonly #told = new Set<string>();
  #failures = 0;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#waker = createWaker(options.clock);
  }

  async resume(): Promise<void> {
    const { git, ref } = this.#options;
    try {
      const commit = await git.resolve(ref);
      if (commit === null) return;
      await this.#checkDescent(commit);
      this.#follow(await readMirror(git, commit));
    } catch (error) {
      if (!(error instanceof FleetError) || !refusals.has(error.code)) throw error;
      this.#refuse(`the copy of the mirror cannot be followed: ${error.code}: ${error.message}`);
    }
  }

  hint(head: string): void {
    if (head === this.#view?.commit) return;
    this.#told.add(head);
    this.#waker.wake();
  }

  recover(commit: string | undefined): void {
    const isNews = commit !== undefined && commit !== this.#asked;
    this.#asked = commit;
    if (isNews) this.#waker.wake();
  }

  setHinted(isHinted: boolean): void {
    this.#isHinted = isHinted;
  }

  facts(): { head: string; epoch: number; refused: string } {
    const head = this.#view?.commit ?? "";
    return { head, epoch: this.#epoch(), refused: this.#refused };
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const told = [...this.#told].at(-1);
      this.#told.clear();
      await this.#attempt(signal, told);
      await this.#waitForNews(signal);
    }
  }

  /** A commit is told again and again while it is being fetched: that is nothing to ask for once it is followed. */
  async #waitForNews(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const until = clock.monotonic() + this.#wait();
    do await this.#waker.wait(until - clock.monotonic(), signal);
    while (!signal.aborted && !this.#hasNews() && clock.monotonic() < until);
  }

  #hasNews(): boolean {
    return this.#asked !== undefined || [...this.#told].some((head) => head !== this.#view?.commit);
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

  async #attempt(signal: AbortSignal, told: string | undefined): Promise<void> {
    const asked = this.#options.wakefulness?.asking();
    try {
      await this.#once(signal, told);
      this.#failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof FleetError)) throw error;
      this.#failures += 1;
      if (refusals.has(error.code)) this.#refuse(`${error.code}: ${error.message}`);
      else if (this.#failures === 1) {
        this.#options.logger.warn("cannot fetch the mirror", { error });
      }
    } finally {
      asked?.();
    }
  }

  async #once(signal: AbortSignal, told: string | undefined): Promise<void> {
    const { fetcher, git, store, verify } = this.#options;
    await this.#offer(signal);
    const { head } = await fetcher.fetch(signal, told);
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
    if (previous === null) await this.#checkDescent(head);
    const next = await readMirror(git, head, this.#view);
    await fetcher.accept(head, await this.#accepted());
    store.setValue(epochKey, String(checked.trailers.epoch));
    store.setValue(headKey, head);
    await store.durable();
    this.#refuse("");
    this.#follow(next);
  }

  /** Only what is followed here is given away, and only to who asks for it. */
  async #offer(signal: AbortSignal): Promise<void> {
    const commit = this.#view?.commit;
    if (commit === undefined || commit !== this.#asked) return;
    await this.#options.fetcher.offer(commit, signal);
    this.#asked = undefined;
    this.#options.logger.info("the mirror was behind and got the commit that is followed", {
      commit,
    });
  }

  #follow(next: MirrorView): void {
    this.#view = next;
    this.#options.onView(next);
    this.#options.onChange();
  }

  /** What was followed before must be in the history of a commit, also where the copy of the mirror was lost or is old. */
  async #checkDescent(commit: string): Promise<void> {
    const { git, store } = this.#options;
    const followed = store.value(headKey);
    if (followed === null || (await git.isAncestor(followed, commit))) return;
    throw new FleetError(
      "HISTORY_REWRITTEN",
      `mirror commit ${commit.slice(0, 12)} is not followed: it does not descend from ${followed.slice(0, 12)}, which was followed before (if that is meant, move the worker's stateDir away)`,
    );
  }

  /** Where the ref of the copy is: elsewhere than what is followed where that could not be resumed. */
  async #accepted(): Promise<string | null> {
    return this.#view?.commit ?? (await this.#options.git.resolve(this.#options.ref));
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
