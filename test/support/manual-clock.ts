import type { Clock } from "../../src/runtime/clock.ts";

/** Time that passes only when the test says so. */
export interface ManualClock extends Clock {
  /** Moves on and ends the sleeps that are over by then, in their order. */
  advance(ms: number): void;
}

interface Sleeper {
  readonly until: number;
  readonly end: () => void;
}

/** A clock that stands still at `startAt` (ms). */
export function manualClock(startAt = Date.parse("2026-01-01T00:00:00Z")): ManualClock {
  let passed = 0;
  const sleepers = new Set<Sleeper>();
  return {
    now: () => startAt + passed,
    monotonic: () => passed,
    random: () => 0.5,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        const sleeper: Sleeper = { until: passed + ms, end: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", () => {
          sleepers.delete(sleeper);
          resolve();
        });
      }),
    advance: (ms) => {
      passed += ms;
      const over = [...sleepers].filter(({ until }) => until <= passed);
      for (const sleeper of over.toSorted((a, b) => a.until - b.until)) {
        sleepers.delete(sleeper);
        sleeper.end();
      }
    },
  };
}
