import type { FleetError } from "../../core/errors.ts";
import { backoffMs } from "../../runtime/backoff.ts";
import type { Clock } from "../../runtime/clock.ts";

/** How requests go to one API server: as many at once as it answers in time, and none while it asks to be left alone. */
export interface RequestFlow {
  /**
   * Resolves when a request may be sent; `leave` must then be called. Throws where the server asks for a longer wait
   * than `until` (monotonic ms), where the connection breaks meanwhile, and the signal's reason. Of two places or more,
   * writes leave one to the reads: a webhook may let writes hang while all else is well.
   */
  enter(request: {
    readonly until: number;
    readonly signal: AbortSignal | undefined;
    readonly isWrite: boolean;
  }): Promise<void>;
  /** A request that had entered has ended, whichever way. */
  leave(isWrite: boolean): void;
  /** An answer to what was sent then (monotonic ms): one that took long makes for less at once, a prompt one for more. */
  answered(sentAt: number): void;
  /** It answered 429: fewer at once, and nothing before it says (or before a wait that grows). */
  throttled(sentAt: number, retryAfterMs: number | undefined): void;
  /** For how long it is still to be left alone, ms. */
  closedForMs(): number;
  /** No answer came: what waits fails with this too, and the next request goes alone. */
  broke(error: unknown): void;
  /** Ends the wait for the end of a pause. */
  close(): void;
}

/** What a flow goes by. */
export interface RequestFlowOptions {
  /** At once at the beginning. */
  readonly first: number;
  /** At once at most, where all goes well for long. */
  readonly most: number;
  /** An answer that takes so long is one too many, ms. */
  readonly slowMs: number;
  readonly clock: Clock;
  /** What is thrown at those who may not wait as long as the server asks, ms. */
  readonly refusal: (afterMs: number) => FleetError;
}

/** Longer than this no server is left alone, whatever it asks. */
const longestPauseMs = 60_000;
const firstPauseMs = 500;

/**
 * Additive increase, multiplicative decrease: each prompt answer while all places are taken adds 1/limit, and a
 * sixteenth of that beyond `first`, so that only who has much to send opens many connections. A 429 or a slow answer halves the
 * limit, once for all that were under way together. A broken connection sets it to one.
 */
export function createRequestFlow(options: RequestFlowOptions): RequestFlow {
  return new Flow(options);
}

interface Waiter {
  readonly until: number;
  readonly isWrite: boolean;
  readonly enter: () => void;
  readonly fail: (reason: unknown) => void;
}

/** Who waits under which signal: hundreds may wait under one, and each listener costs looking through all of them. */
class Aborts {
  readonly #bySignal = new Map<AbortSignal, { waiters: Set<Waiter>; onAbort: () => void }>();

  add(signal: AbortSignal, waiter: Waiter): void {
    const known = this.#bySignal.get(signal);
    if (known !== undefined) return void known.waiters.add(waiter);
    const waiters = new Set([waiter]);
    const onAbort = (): void => {
      for (const each of waiters) each.fail(signal.reason);
    };
    this.#bySignal.set(signal, { waiters, onAbort });
    signal.addEventListener("abort", onAbort, { once: true });
  }

  drop(signal: AbortSignal, waiter: Waiter): void {
    const known = this.#bySignal.get(signal);
    known?.waiters.delete(waiter);
    if (known === undefined || known.waiters.size > 0) return;
    signal.removeEventListener("abort", known.onAbort);
    this.#bySignal.delete(signal);
  }
}

class Flow implements RequestFlow {
  readonly #options: RequestFlowOptions;
  readonly #waiting = new Set<Waiter>();
  #waitingReads = 0;
  readonly #aborts = new Aborts();
  #limit: number;
  #underWay = 0;
  /** Of those under way. */
  #writes = 0;
  /** Monotonic. */
  #closedUntil = 0;
  #cutAt = Number.NEGATIVE_INFINITY;
  #throttles = 0;
  #isOpening = false;
  readonly #ended = new AbortController();

  constructor(options: RequestFlowOptions) {
    this.#options = options;
    this.#limit = Math.min(options.first, options.most);
  }

  enter({ until, signal, isWrite }: Parameters<RequestFlow["enter"]>[0]): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#waiting.size === 0 && this.#hasPlace(isWrite) && this.closedForMs() === 0) {
      this.#take(isWrite);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(waiter);
        if (!isWrite) this.#waitingReads -= 1;
        if (signal !== undefined) this.#aborts.drop(signal, waiter);
      };
      const waiter: Waiter = {
        until,
        isWrite,
        enter: () => (end(), resolve()),
        fail: (reason) => (end(), reject(reason)),
      };
      if (signal !== undefined) this.#aborts.add(signal, waiter);
      this.#waiting.add(waiter);
      if (!isWrite) this.#waitingReads += 1;
      this.#next();
    });
  }

  leave(isWrite: boolean): void {
    this.#underWay -= 1;
    if (isWrite) this.#writes -= 1;
    this.#next();
  }

  #take(isWrite: boolean): void {
    this.#underWay += 1;
    if (isWrite) this.#writes += 1;
  }

  #hasPlace(isWrite: boolean): boolean {
    const places = Math.floor(this.#limit);
    if (this.#underWay >= places) return false;
    return !isWrite || this.#writes < Math.max(1, places - 1);
  }

  answered(sentAt: number): void {
    const { clock, first, most, slowMs } = this.#options;
    this.#throttles = 0;
    if (clock.monotonic() - sentAt >= slowMs) return this.#cut(sentAt);
    if (this.#hasPlace(true)) return;
    const step = this.#limit < first ? 1 : 1 / 16;
    this.#limit = Math.min(most, this.#limit + step / this.#limit);
  }

  throttled(sentAt: number, retryAfterMs: number | undefined): void {
    const { clock } = this.#options;
    this.#cut(sentAt);
    this.#throttles += 1;
    const random = (): number => clock.random();
    const asked = retryAfterMs ?? firstPauseMs / 2 + this.#growingPauseMs(random);
    // Many that were told the same do not come back at the same moment.
    const pauseMs = Math.min(longestPauseMs, asked) * (1 + random() / 4);
    this.#closedUntil = Math.max(this.#closedUntil, clock.monotonic() + pauseMs);
  }

  #growingPauseMs(random: () => number): number {
    const attempt = this.#throttles;
    return backoffMs({ attempt, baseMs: firstPauseMs, maxMs: longestPauseMs / 2, random });
  }

  closedForMs(): number {
    return Math.max(0, this.#closedUntil - this.#options.clock.monotonic());
  }

  broke(error: unknown): void {
    this.#limit = 1;
    for (const waiter of this.#waiting) waiter.fail(error);
  }

  close(): void {
    this.#ended.abort("closed");
  }

  /** Once for all requests that were under way at the same time. */
  #cut(sentAt: number): void {
    if (sentAt < this.#cutAt) return;
    this.#cutAt = this.#options.clock.monotonic();
    this.#limit = Math.max(1, this.#limit / 2);
  }

  /** Lets in who waits, as far as there is room; who cannot wait for the end of a pause is told so at once. */
  #next(): void {
    const closedMs = this.closedForMs();
    if (closedMs > 0) {
      for (const waiter of this.#waiting) {
        if (this.#closedUntil > waiter.until) waiter.fail(this.#options.refusal(closedMs));
      }
      if (this.#waiting.size > 0) void this.#openLater(closedMs);
      return;
    }
    for (const waiter of this.#waiting) {
      if (!this.#hasPlace(this.#waitingReads === 0)) return;
      if (!this.#hasPlace(waiter.isWrite)) continue;
      this.#take(waiter.isWrite);
      waiter.enter();
    }
  }

  async #openLater(afterMs: number): Promise<void> {
    if (this.#isOpening) return;
    this.#isOpening = true;
    await this.#options.clock.sleep(afterMs, this.#ended.signal);
    this.#isOpening = false;
    if (!this.#ended.signal.aborted) this.#next();
  }
}
