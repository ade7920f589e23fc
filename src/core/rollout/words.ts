import type { ObservedApp } from "./planner-types.ts";

/** `a, b, c and 4 more`: who uses a budget up; `inWords` tells more of those that are named. */
export function someOf(
  names: readonly string[] | ReadonlySetLike<string>,
  most = 3,
  inWords = (name: string): string => name,
): string {
  const count = "size" in names ? names.size : names.length;
  const shown = Iterator.from("size" in names ? names.keys() : names)
    .take(most)
    .map((name) => inWords(name))
    .toArray()
    .join(", ");
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

/** `Degraded: web-0 crashes`: how an app is doing, in the worker's words, and whether that is all that is wrong. */
export function healthInWords(observed: ObservedApp | undefined, unknownBlocks: boolean): string {
  if (observed === undefined) return "nothing reported yet";
  const { health, message, unverified } = observed;
  const told = message === "" ? health : `${health}: ${message}`;
  if (!isWell(observed) || unverified === 0) return told;
  const objects = countOf(unverified, "object");
  if (!unknownBlocks) return `${told} (not verified: ${objects})`;
  const [are, their] = unverified === 1 ? ["is", "its"] : ["are", "their"];
  return `${told}, but ${objects} ${are} not verified (nothing tells ${their} health, and \`gates.unknown\` is block)`;
}

/** `it is healthy for 10s`, or what has to come first where objects block of which nobody knows how they are. */
export function readyInWords(
  observed: ObservedApp | undefined,
  { minReadyMs, unknownBlocks }: { readonly minReadyMs: number; readonly unknownBlocks: boolean },
): string {
  const isBlocked = unknownBlocks && observed !== undefined && observed.unverified > 0;
  return isBlocked && isWell(observed)
    ? "health rules tell how they are or a later commit sets `gates.unknown` to pass"
    : `it is healthy for ${spanInWords(minReadyMs)}`;
}

function isWell({ health }: ObservedApp): boolean {
  return health === "Healthy" || health === "Suspended";
}

/**
 * The command that names a site's cluster: said for a worker that is gone for good, and of a site that leaves, which is
 * forgotten by it.
 */
export function clusterCommand(site: string, uid = "UID"): string {
  return `\`flotilla rollout excuse --site ${site} --uid ${uid} --why TEXT\``;
}

/** `s1 has not failed`, or of all sites (undefined): what is said to who wants what failed there again. */
export function hasNotFailed(site: string | undefined): string {
  return site === undefined ? "no site has failed" : `${site} has not failed`;
}
