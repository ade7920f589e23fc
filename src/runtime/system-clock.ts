import type { Clock } from "./clock.ts";

/** A longer timer would fire at once; whoever waits looks at the time again anyway. */
const longestTimerMs = 2 ** 31 - 1;

/** The machine's own clock. Built only in `main.ts`. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    random: () => Math.random(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const done = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", done);
          resolve();
        };
        const timer = setTimeout(done, Math.min(ms, longestTimerMs));
        signal?.addEventListener("abort", done);
      }),
  };
}
