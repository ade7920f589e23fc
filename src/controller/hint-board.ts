import type { Hint } from "../core/protocol/worker-report.ts";
import type { Clock } from "../runtime/clock.ts";

/** The newest hint of every mirror, and a way to wait for the next one. */
export class HintBoard {
  readonly #hints = new Map<string, Hint>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #epoch: () => number;

  /** `epoch`: of this leader; it may raise it. */
  constructor(epoch: () => number) {
    this.#epoch = epoch;
  }

  /** Says where a mirror's head is now; who waits for a change of it wakes. */
  set(mirror: string, head: string): void {
    if (this.current(mirror).head === head) return;
    this.#hints.set(mirror, { head, epoch: this.#epoch() });
    for (const wake of this.#waiting.get(mirror) ?? []) wake();
  }

  /** The newest hint; without a head where the mirror has none. */
  current(mirror: string): Hint {
    return this.#hints.get(mirror) ?? { head: "", epoch: this.#epoch() };
  }

  /** Resolves when there is another hint than `known`, after `ms`, or when the signal aborts. */
  async next(
    mirror: string,
    { known, ms, clock, signal }: { known: Hint; ms: number; clock: Clock; signal: AbortSignal },
  ): Promise<void> {
    if (this.current(mirror).head !== known.head) return;
    const ended = new AbortController();
    const wake = (): void => ended.abort();
    const waiting = this.#waiting.get(mirror) ?? new Set();
    this.#waiting.set(mirror, waiting.add(wake));
    try {
      await clock.sleep(ms, AbortSignal.any([ended.signal, signal]));
    } finally {
      waiting.delete(wake);
    }
  }
}
