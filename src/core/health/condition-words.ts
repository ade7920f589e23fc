/**
 * What the conditions of a kind that nobody told us about are for, by the words of their types, and what it means that
 * one of them is not True, by its reason and message.
 */
import type { HealthStatus } from "./health.ts";
import { type Meaning, meaningOf, meaningOfWord, wordsOf } from "./health-words.ts";
import type { Condition } from "./read-object.ts";

/**
 * Trouble, work and pause hold while they are True. A summary speaks for all, an attempt for the last change only; a
 * result has to be True; a step has to be, and says nothing then. A hint is a result by its reason alone, and counts only
 * where no summary is True; a use counts only where there is nothing else.
 */
export type Role =
  | "trouble"
  | "work"
  | "pause"
  | "summary"
  | "attempt"
  | "result"
  | "step"
  | "hint"
  | "use";

/** Summaries of the API conventions and of kstatus, and of what ends; the most telling first. */
export const summaries: readonly string[] = [
  "Ready",
  "Available",
  "Healthy",
  "Succeeded",
  "Successful",
  "Complete",
  "Completed",
  "Finished",
  "Done",
  "Established",
];

/** Whether the last change was carried out, while what stands may still be Ready (Crossplane, ACK, Flux, operators). */
const attempts =
  /^(Synced|ResourceSynced|Reconciled|Reconcile(Success|Succeeded|Complete)|Last(Async)?(Operation|Reconcile|Apply))$/;

/** Steps on the way, by the last word of a type: what follows tells how it went. */
const steps =
  /^(launched|registered|initialized|installed|scheduled|created|provisioned|adopted|advertised|configured|bound|attached|joined|started)$/;

/** That a newer version exists is no result, nor that something runs or may run, nor that there are warnings. */
const neutral =
  /^((Update|Upgrade|Version)s?Available|NoWarnings?|.*(Running|Active|Enabled|Exists?))$/;

/** That it is in use, which says something only where nothing else does: what is idle is well. */
const uses = /^((?!Not)\w*Active|Activated|Enabled)$/;

/** What the last words of a type make of it. */
const roles: Readonly<Record<Meaning, Role>> = {
  good: "result",
  paused: "pause",
  broken: "trouble",
  waiting: "work",
};

/** The role of a condition by its type, else by its reason; undefined where neither tells one. */
export function roleOf(entry: Condition): Role | undefined {
  if (entry.state !== "") return "result";
  const role = roleByType(entry.type) ?? roleByReason(entry);
  // That it is not in use because something is wrong is no rest (`ScalingActive=False:FailedGetScale`).
  const isBroken = entry.status === "False" && meaningOf(entry.reason) === "broken";
  if (role === "use" && isBroken) return "hint";
  // What was stopped because something is wrong is in trouble.
  return role === "pause" && meaningOf(entry.reason) === "broken" ? "trouble" : role;
}

/** Of a type in no row the reason tells: that it went well, or wrong. That something can be so says nothing. */
function roleByReason({ type, status, reason }: Condition): Role | undefined {
  if (neutral.test(type) || steps.test(lastOf(type)) || /[ai]ble$/.test(type)) return undefined;
  const meaning = meaningOf(reason);
  if (meaning === "broken") return status === "True" ? "trouble" : "hint";
  return meaning === "good" && status === "True" ? "hint" : undefined;
}

function lastOf(type: string): string {
  return wordsOf(type).at(-1) ?? "";
}

function roleByType(type: string): Role | undefined {
  if (summaries.includes(type)) return "summary";
  if (attempts.test(type)) return "attempt";
  if (uses.test(type)) return "use";
  if (neutral.test(type)) return undefined;
  if (steps.test(lastOf(type))) return "step";
  if (isPartly(type) || /(ResolvedRefs|UpToDate)$/.test(type)) return "result";
  return roleByWords(type);
}

function roleByWords(type: string): Role | undefined {
  if (type.endsWith("InProgress")) return "work";
  const words = wordsOf(type);
  const meaning = meaningOf(words.slice(-2).join(" "));
  if (meaning === "good" || meaning === "paused") return roles[meaning];
  const isTrouble = words.some((word) => meaningOfWord(word) === "broken");
  // `NoPodsMatched`
  if (isTrouble || (words[0] === "no" && meaning === undefined)) return "trouble";
  return roleByEnds(words[0] ?? "", words.at(-1) ?? "");
}

/** Work is named last, or first as in `RollingUpdate`; what is good is named first in `ReadyToUse`. */
function roleByEnds(first: string, last: string): Role | undefined {
  if (meaningOfWord(last) === "waiting") return "work";
  const begin = isPast(last) ? undefined : meaningOfWord(first);
  return begin === "good" || begin === "waiting" ? roles[begin] : undefined;
}

/** What has begun says nothing of whether it has ended (`ProvisioningStarted`). */
function isPast(word: string): boolean {
  return word.endsWith("ed");
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
const clues: readonly (readonly [HealthStatus | "Unclear", Clue])[] = [
  ["Suspended", ({ reason }) => isPause(reason)],
  ["Degraded", ({ severity }) => severity === "Error"],
  ["Progressing", ({ severity }) => severity !== ""],
  ["Progressing", ({ reason }) => reason.endsWith("InProgress")],
  // Who should tell has fallen silent.
  ["Degraded", ({ message }) => /\bstopped (posting|updating|reporting|sending)\b/i.test(message)],
  ["Progressing", ({ message }) => /\bnot yet\b/i.test(message)],
  // What is not known yet is waited for.
  ["Progressing", ({ status, message }) => status === "Unknown" && waits.test(message)],
  ["Unclear", ({ reason }, meaning) => meaning === "broken" && saysAgain.test(reason)],
  ["Degraded", (_, meaning) => meaning === "broken"],
  ["Degraded", ({ reason }) => /(NotFound|NotSupported|NotAllowed|\bErr[A-Z])/.test(reason)],
  // The attempt went wrong, whatever the reason calls it.
  ["Degraded", ({ message }) => /(fail(ed|ure|s)?|error(ed|s)?)\b/i.test(message)],
  ["Degraded", ({ reason, message }) => /Not[A-Z]/.test(reason) && wrong.test(message)],
  // That it is not ready is no reason why it is not ready; that something else is not is one.
  ["Progressing", ({ reason }, meaning) => meaning === "waiting" && !noReason.test(reason)],
  // Work that is told by a noun: what is being waited for.
  ["Progressing", ({ reason }) => /(InFlight|NotReadyYet|Dependency|Reconciliation$)/.test(reason)],
  ["Progressing", ({ message }) => waits.test(message)],
  ["Degraded", ({ message }) => wrong.test(message)],
  // How far it has come: `1/5 proxies up to date`.
  ["Progressing", ({ message }) => /\b\d{1,9}( of |\/)\d{1,9}\b/.test(message)],
  // Work that is told first: `Switching to another primary`.
  ["Progressing", ({ message }) => meaningOfWord(wordsOf(message)[0] ?? "") === "waiting"],
  ["Progressing", ({ reason, message }) => reason === "" && meaningOf(message) === "waiting"],
  ["Degraded", ({ state }) => meaningOf(state) === "broken"],
];
/** A reason that says again that it is not as it should be, or what is not there, and not why. */
const saysAgain = /(^Missing\w*|Unavailable|Unhealthy|Missing)$/;
const noReason = /(^NotReady|NotExist)$/;
const wrong =
  /\b(invalid|denied|forbidden|unauthorized|not found|cannot|conflict\w*|crash\w*|expired|unreachable|refused|rejected|timed? ?out|malformed|unschedulable|insufficient)\b/i;
const waits = /\b(a?wait\w*|progress\w*|pending|not yet|starting|creating|updating)\b/i;

/** That somebody holds it, by a reason such as `ReconciliationPaused`. */
export function isPause(reason: string): boolean {
  if (/(Not|Un)(Pause|Suspend)/.test(reason)) return false;
  return /(Pause|Suspend|^(Stopped|Halted|Hibernat\w+)$)/.test(reason);
}

/** What somebody decides: a no is a no, without a reason as well. */
const decision = /(Accepted|Admitted|Approved|Valid|ResolvedRefs)$/;

/** A message without the trouble of which it says that there is none (`Failed: 0`, `no errors`). */
function withoutNone(message: string): string {
  return message.replaceAll(none, "");
}

const troubles = "(fail(ed|ures?)|errors?|cancell?ed|crash(ed|es)|lost|unhealthy|unavailable)";
const none = new RegExp(
  String.raw`\b${troubles}[:=]? ?0\b(?![.:/-]?\d)|\b(0|no|zero|without)( any)? ${troubles}\b`,
  "gi",
);

/** Tells trouble from work. */
export function amissOf(told: Condition): Amiss {
  const entry = { ...told, message: withoutNone(told.message) };
  const { type, status, reason, message } = entry;
  const meaning = reason === type ? undefined : meaningOf(reason);
  const clear = clues.find(([, isTold]) => isTold(entry, meaning));
  if (clear !== undefined && clear[0] !== "Unclear") return { status: clear[0] };
  if (status !== "False" || meaning === "good") return { status: "Progressing", unclear: true };
  const isTold = reason !== "" || message !== "" || decision.test(type);
  return { status: isTold ? "Degraded" : "Progressing", unclear: true };
}
