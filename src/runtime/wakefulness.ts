import { FleetError } from "../core/errors.ts";
import type { Clock } from "./clock.ts";

/**
 * Whether this process has been running all the time. One that was stopped for a while (SIGSTOP, a frozen machine) goes on
 * in the middle of what it did, though others may have been told to do it since: it must ask first.
 */
export interface Wakefulness {
  /** Throws WORKER_STOPPED from a long stop on until it has been asked what to do. Called right before a write. */
  mustBeAwake(): void;
  /** What to do is being asked; the function that it gives is called when that has ended, whatever came of it. */
  asking(): () => void;
  /** Calls back when a long stop was noticed. */
  onStopped(listener: () => void): void;
  /** Keeps watch until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

const tickMs = 1000;
const longStopMs = 10_000;

/** Awake from now on. */
export function createWakefulness(clock: Clock): Wakefulness {
  // A suspended machine stands still by its monotonic clock and goes on by the other.
  const readings = (): readonly number[] => [clock.monotonic(), clock.now()];
  let seenAt = readings();
  let stops = 0;
  let mustAsk = false;
  let listener = (): void => {};
  const look = (): void => {
    const now = readings();
    const wasStopped = now.some((time, which) => time - (seenAt[which] ?? time) > longStopMs);
    seenAt = now;
    if (!wasStopped) return;
    stops += 1;
    mustAsk = true;
    listener();
  };
  return {
    mustBeAwake: () => {
      look();
      if (!mustAsk) return;
      throw new FleetError(
        "WORKER_STOPPED",
        "this worker was stopped for a while: it asks the mirror before it writes anything",
        { retry: { afterMs: tickMs } },
      );
    },
    asking: () => {
      look();
      const before = stops;
      return () => {
        look();
        if (before === stops) mustAsk = false;
      };
    },
    onStopped: (next) => {
      listener = next;
    },
    run: async (signal) => {
      while (!signal.aborted) {
        look();
        await clock.sleep(tickMs, signal);
      }
    },
  };
}
