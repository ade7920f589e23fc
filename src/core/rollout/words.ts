import type { ObservedApp } from "./planner-types.ts";

/** `a, b, c and 4 more`: who uses a budget up. */
export function someOf(names: readonly string[] | ReadonlySet<string>, most = 3): string {
  const count = "size" in names ? names.size : names.length;
  const shown = names.values().take(most).toArray().join(", ");
  return count > most ? `${shown} and ${count - most} more` : shown;
}

/** `3 sites`, `1 site`. */
export function countOf(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** `90s`, `5m`, `1h30m`, `1.5s`: a span of time in the fleet's own notation. */
export function spanInWords(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}ms`;
  const seconds = Math.round(ms / 100) / 10;
  if (seconds < 60) return `${seconds}s`;
  const [hours, minutes, rest] = [
    Math.floor(seconds / 3600),
    Math.floor((seconds % 3600) / 60),
    Math.round(seconds % 60),
  ];
  const parts = [
    hours > 0 ? `${hours}h` : "",
    minutes > 0 ? `${minutes}m` : "",
    rest > 0 ? `${rest}s` : "",
  ];
  return parts.join("");
}

/** A text with its times as people read them: `2026-11-25 22:21:59 UTC` for `2026-11-25T22:21:59.930Z`. */
export function readableTimes(text: string): string {
  return text.replaceAll(/\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z\b/g, "$1 $2 UTC");
}

/** `Degraded: web-0 crashes`: how an app is doing, in the worker's words. */
export function healthInWords(observed: ObservedApp | undefined): string {
  if (observed === undefined) return "nothing reported yet";
  return observed.message === "" ? observed.health : `${observed.health}: ${observed.message}`;
}
