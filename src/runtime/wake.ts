import type { Clock } from "./clock.ts";

/**
 * A level-triggered wake-up for one loop: many calls of `wake` between two waits end one wait, and one that comes
 * while the loop works ends the next wait at once, so none is lost. It carries no reason: who wakes reads everything.
 */
export interface Waker {
  wake(): void;
  /** Like `wake`, but after a moment: all calls until then are one. */
  wakeSoon(): void;
  /** Until `wake`, or `ms` have passed (null: no limit), or the signal aborts. Never throws; one waiter at a time. */
  wait(ms: number | null, signal: AbortSignal): Promise<void>;
}

/** What comes from many at the same time is gathered for so long. */
const soonMs = 50;

/** A waker whose waits go by this clock. */
export function createWaker(clock: Clock): Waker {
  let isWoken = false;
  let isWakingSoon = false;
  let endWait: (() => void) | undefined;
  const wake = (): void => {
    isWoken = true;
    endWait?.();
  };
  return {
    wake,
    wakeSoon: () => {
      if (isWakingSoon) return;
      isWakingSoon = true;
      void clock.sleep(soonMs).then(() => {
        isWakingSoon = false;
        wake();
      });
    },
    wait: async (ms, signal) => {
      if (!isWoken && !signal.aborted) {
        const ended = new AbortController();
        // A reason of its own: the standard one costs a stack trace at each wake-up.
        const end = (): void => ended.abort("ended");
        endWait = end;
        signal.addEventListener("abort", end, { once: true });
        await sleepUntil(clock, ms, ended.signal);
        signal.removeEventListener("abort", end);
        endWait = undefined;
      }
      isWoken = false;
    },
  };
}

function sleepUntil(clock: Clock, ms: number | null, signal: AbortSignal): Promise<void> {
  if (ms !== null) return clock.sleep(Math.max(0, ms), signal);
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
