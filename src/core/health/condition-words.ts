/**
 * What the conditions of a kind that nobody told us about are for, by the words of their types, and what it means that
 * one of them is not True, by its reason and message.
 */
import type { HealthStatus } from "./health.ts";
import { type Meaning, meaningOf, meaningOfWord, wordsOf } from "./health-words.ts";
import type { Condition } from "./read-object.ts";

/**
 * Trouble, work and pause hold while they are True. A summary speaks for all, an attempt for the last change only; a
 * result has to be True; a step has to be, and says nothing then.
 */
export type Role = "trouble" | "work" | "pause" | "summary" | "attempt" | "result" | "step";

/** Summaries of the API conventions and of kstatus, and of what ends; the most telling first. */
export const summaries: readonly string[] = [
  "Ready",
  "Available",
  "Healthy",
  "Succeeded",
  "Successful",
  "Complete",
  "Completed",
  "Established",
];

/** Whether the last change was carried out, while what stands may still be Ready (Crossplane, ACK, Flux, operators). */
const attempts =
  /^(Synced|ResourceSynced|Reconciled|ReconcileSuccess|ReconcileSucceeded|ReconcileComplete)$/;

/** Steps on the way: what follows tells how it went. */
const steps =
  /(Launched|Registered|Initialized|Installed|Scheduled|Created|Provisioned|Adopted|Advertised|Configured|Bound|Attached|Joined)$/i;

/** That a newer version exists is no result, nor that something runs or may run. */
const neutral = /^((Update|Upgrade|Version)s?Available|.*(Running|Active|Enabled|Exists?))$/;

/** What the last words of a type make of it. */
const roles: Readonly<Record<Meaning, Role>> = {
  good: "result",
  paused: "pause",
  broken: "trouble",
  waiting: "work",
};

/** The role of a condition by its type; undefined where its words tell none. */
export function roleOf(type: string): Role | undefined {
  if (summaries.includes(type)) return "summary";
  if (attempts.test(type)) return "attempt";
  if (neutral.test(type)) return undefined;
  if (steps.test(type)) return "step";
  if (isPartly(type) || /(ResolvedRefs|UpToDate)$/.test(type)) return "result";
  return roleByWords(type);
}

function roleByWords(type: string): Role | undefined {
  const words = wordsOf(type);
  const meaning = meaningOf(words.slice(-2).join(" "));
  if (meaning === "good" || meaning === "paused") return roles[meaning];
  if (words.some((word) => meaningOfWord(word) === "broken")) return "trouble";
  return meaningOfWord(words.at(-1) ?? "") === "waiting" ? "work" : undefined;
}

/** Types that say the opposite of a result: `NotReady`, `PartiallyReady`. */
export function isPartly(type: string): boolean {
  const last = wordsOf(type).at(-1) ?? "";
  return /^(Not|Partially|Partial)[A-Z]/.test(type) && meaningOfWord(last) === "good";
}

/** What a condition says that should be True and is not. `unclear`: neither work nor trouble is told. */
export interface Amiss {
  readonly status: HealthStatus;
  readonly unclear?: true;
}

type Clue = (entry: Condition, reason: Meaning | undefined) => boolean;

/** What tells trouble from work, the most reliable first: severity (Cluster API), reason, message. */
const clues: readonly (readonly [HealthStatus, Clue])[] = [
  ["Suspended", ({ reason }) => /(Paused|Suspended)$/.test(reason)],
  ["Degraded", ({ severity }) => severity === "Error"],
  ["Progressing", ({ severity }) => severity !== ""],
  ["Progressing", ({ reason }) => reason.endsWith("InProgress")],
  ["Degraded", (_, reason) => reason === "broken"],
  ["Degraded", ({ reason }) => /(NotFound|NotSupported|NotAllowed|\bErr[A-Z])/.test(reason)],
  // The attempt went wrong, whatever the reason calls it.
  ["Degraded", ({ message }) => /\b(fail(ed|ure|s)?|error(ed|s)?)\b/i.test(message)],
  // That it is not ready is no reason why it is not ready.
  ["Progressing", ({ reason }, meaning) => meaning === "waiting" && !reason.endsWith("NotReady")],
  // Work that is told by a noun: what is being waited for.
  ["Progressing", ({ reason }) => /(InFlight|NotReadyYet|Dependency|Reconciliation$)/.test(reason)],
  ["Degraded", ({ message }) => wrong.test(message)],
  [
    "Progressing",
    ({ message }) =>
      /\b(wait\w*|progress\w*|pending|not yet|starting|creating|updating)\b/i.test(message),
  ],
];
const wrong =
  /\b(invalid|denied|forbidden|unauthorized|not found|cannot|conflict\w*|crash\w*|expired|unreachable|refused|rejected|timed? ?out|malformed)\b/i;

/** What somebody decides: a no is a no, without a reason as well. */
const decision = /(Accepted|Admitted|Approved|Valid|ResolvedRefs)$/;

/** Tells trouble from work. */
export function amissOf(entry: Condition): Amiss {
  const { type, status, reason, message } = entry;
  const meaning = reason === type ? undefined : meaningOf(reason);
  const clear = clues.find(([, isTold]) => isTold(entry, meaning));
  if (clear !== undefined) return { status: clear[0] };
  if (status !== "False" || meaning === "good") return { status: "Progressing", unclear: true };
  const isTold = reason !== "" || message !== "" || decision.test(type);
  return { status: isTold ? "Degraded" : "Progressing", unclear: true };
}
