/** What a wait between attempts depends on. */
export interface BackoffOptions {
  /** Failures so far, 1 after the first. */
  readonly attempt: number;
  readonly baseMs: number;
  readonly maxMs: number;
  /** In [0, 1): `clock.random`. */
  readonly random: () => number;
}

/** Exponential backoff with full jitter: anywhere from 0 to min(max, base × 2^(attempt - 1)) ms, so that many who failed together do not come back together. */
export function backoffMs({ attempt, baseMs, maxMs, random }: BackoffOptions): number {
  const doublings = Math.min(Math.max(attempt - 1, 0), 52);
  return Math.floor(random() * Math.min(maxMs, baseMs * 2 ** doublings));
}
