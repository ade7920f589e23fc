/**
 * Time as a dependency: processes get it from `main.ts`, tests and the simulation pass their own.
 * `now` is wall time in ms since 1970 (for records that people read), `monotonic` never goes back (for
 * durations). `sleep` ends early, without an error, when the signal aborts. `random` is in [0, 1).
 */
export interface Clock {
  now(): number;
  monotonic(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  random(): number;
}
