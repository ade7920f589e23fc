/**
 * How long a `Retry-After` asks to wait, ms: it is told in seconds, or as a date, which is held against `now` (ms since
 * 1970); undefined: it is neither, or not there.
 */
export function retryAfterMs(told: string | number | undefined, now: number): number | undefined {
  const seconds = Number(told);
  const ms = Number.isNaN(seconds) ? Date.parse(String(told)) - now : seconds * 1000;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
