import type { Hint } from "../core/protocol/worker-report.ts";
import type { Clock } from "../runtime/clock.ts";

/** The newest hint of every mirror, and a way to wait for the next one. A hint that says nothing new asks for a report. */
export class HintBoard {
  readonly #hints = new Map<string, Hint>();
  readonly #waiting = new Map<string, Set<(isToTell: boolean) => void>>();
  readonly #asks = new Map<string, number>();
  readonly #epoch: () => number;

  /** `epoch`: of this leader; it may raise it. */
  constructor(epoch: () => number) {
    this.#epoch = epoch;
  }

  /** Says where a mirror's head is now; who waits for a change of it wakes. */
  set(mirror: string, head: string): void {
    if (this.current(mirror).head === head) return;
    this.#hints.set(mirror, { head, epoch: this.#epoch() });
    this.wake(mirror);
  }

  /** The times (wall ms) at which workers are asked for a report, in place of those given before. */
  ask(asks: ReadonlyMap<string, number>): void {
    const before = new Map(this.#asks);
    this.#asks.clear();
    for (const [mirror, at] of asks) this.#asks.set(mirror, at);
    for (const [mirror, at] of asks) if (before.get(mirror) !== at) this.#end(mirror, false);
  }

  /** Wakes who waits for a mirror's next hint: there is something else to say. */
  wake(mirror: string): void {
    this.#end(mirror, true);
  }

  #end(mirror: string, isToTell: boolean): void {
    for (const end of this.#waiting.get(mirror) ?? []) end(isToTell);
  }

  /** The newest hint; without a head where the mirror has none. */
  current(mirror: string): Hint {
    return this.#hints.get(mirror) ?? { head: "", epoch: this.#epoch() };
  }

  /** Resolves when there is another hint than `known`, a report is wanted, when woken, after `ms`, or when the signal aborts. */
  async next(
    mirror: string,
    { known, ms, clock, signal }: { known: Hint; ms: number; clock: Clock; signal: AbortSignal },
  ): Promise<void> {
    const until = clock.monotonic() + ms;
    while (!signal.aborted && this.current(mirror).head === known.head) {
      const askMs = (this.#asks.get(mirror) ?? Infinity) - clock.now();
      if (askMs <= 0) this.#asks.delete(mirror);
      const leftMs = Math.min(until - clock.monotonic(), askMs);
      if (leftMs <= 0) return;
      if (await this.#change(mirror, leftMs, { clock, signal })) return;
    }
  }

  /** Until something about a mirror changes, or `ms` have passed; true: there is something to say. */
  async #change(
    mirror: string,
    ms: number,
    { clock, signal }: { clock: Clock; signal: AbortSignal },
  ): Promise<boolean> {
    const ended = new AbortController();
    let tells = false;
    const end = (isToTell: boolean): void => {
      tells ||= isToTell;
      ended.abort("ended"); // a reason of its own: the standard one costs a stack trace
    };
    const stop = (): void => end(false);
    signal.addEventListener("abort", stop, { once: true });
    const waiting = this.#waiting.get(mirror) ?? new Set();
    this.#waiting.set(mirror, waiting.add(end));
    try {
      await clock.sleep(ms, ended.signal);
    } finally {
      waiting.delete(end);
      signal.removeEventListener("abort", stop);
    }
    return tells;
  }
}
