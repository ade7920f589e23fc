import type { Clock } from "./clock.ts";

/**
 * A level-triggered wake-up for one loop: many calls of `wake` between two waits end one wait, and one that comes
 * while the loop works ends the next wait at once, so none is lost. It carries no reason: who wakes reads everything.
 */
export interface Waker {
  wake(): void;
  /** Like `wake`, but what comes until a moment later is one with it. */
  wakeSoon(): void;
  /**
   * Until `wake`, or `ms` have passed (null: no limit), or the signal aborts; after `wakeSoon` it goes on for a moment
   * (50 ms), and until it has lasted for `restMs`. Never throws; one waiter at a time.
   */
  wait(ms: number | null, signal: AbortSignal, restMs?: number): Promise<void>;
}

/** What comes within so long after `wakeSoon` is one with it. */
const momentMs = 50;

/** A waker whose waits go by this clock. */
export function createWaker(clock: Clock): Waker {
  let isWoken = false;
  let isWokenSoon = false;
  let endWait: (() => void) | undefined;
  const pause = async (ms: number | null, signal: AbortSignal): Promise<void> => {
    const ended = new AbortController();
    // A reason of its own: the standard one costs a stack trace at each wake-up.
    const end = (): void => ended.abort("ended");
    endWait = end;
    signal.addEventListener("abort", end, { once: true });
    await sleepUntil(clock, ms, ended.signal);
    signal.removeEventListener("abort", end);
    endWait = undefined;
  };
  return {
    wake: () => {
      isWoken = true;
      endWait?.();
    },
    wakeSoon: () => {
      if (isWokenSoon) return;
      isWokenSoon = true;
      endWait?.();
    },
    wait: async (ms, signal, restMs = 0) => {
      const startedAt = clock.monotonic();
      const leftOf = (wholeMs: number): number => wholeMs - (clock.monotonic() - startedAt);
      if (!isWoken && !isWokenSoon && !signal.aborted) await pause(ms, signal);
      if (!isWoken && isWokenSoon && !signal.aborted) {
        const soonMs = Math.max(momentMs, leftOf(restMs));
        await pause(ms === null ? soonMs : Math.min(soonMs, leftOf(ms)), signal);
      }
      isWoken = false;
      isWokenSoon = false;
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
