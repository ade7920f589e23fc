import type { Clock } from "../runtime/clock.ts";
import { createWaker } from "../runtime/wake.ts";

/** Runs keyed tasks when they are due: one at a time per key, at most `parallel` at once, none of them while it waits. */
export interface TaskTimer {
  /** Due in so many ms: the earlier of this and what it was due before. */
  schedule(key: string, afterMs: number): void;
  /** Due in so many ms, whatever it was before. */
  reschedule(key: string, afterMs: number): void;
  cancel(key: string): void;
  wake(): void;
  /** Until the signal aborts and the last task has ended. */
  run(signal: AbortSignal): Promise<void>;
}

/** How tasks are run. */
export interface TaskTimerOptions {
  readonly clock: Clock;
  readonly parallel: number;
  /** A task that may not run now stays due. */
  mayRun(key: string): boolean;
  /** Must not throw. */
  task(key: string): Promise<void>;
}

/** A timer without tasks. */
export function createTaskTimer(options: TaskTimerOptions): TaskTimer {
  const { clock, parallel } = options;
  const due = new Map<string, number>();
  const running = new Map<string, Promise<void>>();
  const waker = createWaker(clock);

  const start = (key: string): void => {
    due.delete(key);
    const ended = options.task(key).finally(() => {
      running.delete(key);
      waker.wake();
    });
    running.set(key, ended);
  };
  const ready = (now: number): string[] =>
    [...due]
      .filter(([key, at]) => at <= now && !running.has(key) && options.mayRun(key))
      .toSorted(([, a], [, b]) => a - b)
      .map(([key]) => key);
  const untilNext = (now: number): number | null => {
    const times = [...due]
      .filter(([key]) => !running.has(key) && options.mayRun(key))
      .map(([, at]) => at);
    return times.length === 0 ? null : Math.max(0, Math.min(...times) - now);
  };
  return {
    schedule: (key, afterMs) => {
      const at = clock.monotonic() + afterMs;
      due.set(key, Math.min(at, due.get(key) ?? at));
      waker.wake();
    },
    reschedule: (key, afterMs) => {
      due.set(key, clock.monotonic() + afterMs);
      waker.wake();
    },
    cancel: (key) => {
      due.delete(key);
    },
    wake: () => waker.wake(),
    run: async (signal) => {
      while (!signal.aborted) {
        for (const key of ready(clock.monotonic())) {
          if (running.size < parallel) start(key);
        }
        // With all places taken, the end of a task wakes.
        const isFull = running.size >= parallel;
        await waker.wait(isFull ? null : untilNext(clock.monotonic()), signal);
      }
      await Promise.all(running.values());
    },
  };
}
