/**
 * What conditions say of a kind that nobody told us about. Their types are words of a common language: some summarise
 * (`Ready`), some tell of trouble while they are True (`Stalled`, `BackupFailed`), of work (`Reconciling`), of a result
 * (`Accepted`) or of a step on the way to one (`Scheduled`). A word that is none of these says nothing.
 */
import type { Health } from "./health.ts";
import { type Condition, health, healthBy } from "./read-object.ts";

/** Trouble while they are True, whatever else is said. */
const badWhenTrue = new Set([
  "Stalled",
  "Failed",
  "Failure",
  "Degraded",
  "Error",
  "ReconcileError",
  "Terminal",
]);
/** What is not valid is not carried out: what stands is of an older specification. */
const refused = /^Invalid/;
/** Trouble while they are True, unless a summary says that all is well. */
const badWords =
  /(Failed|Failure|Errors?|Unhealthy|Unavailable|Unreachable|Invalid|Conflicted|Orphan|Degraded)$/;
/** Work while they are True. */
const busyWhenTrue = new Set(["Reconciling", "Progressing", "Pending", "Creating", "Updating"]);
const pausedWhenTrue = new Set(["Paused", "Suspended"]);
/** Summaries: all is well while they are True, the most telling first. */
const goodWhenTrue = [
  "Ready",
  "Available",
  "Healthy",
  "Succeeded",
  "Complete",
  "Completed",
  "Established",
];
/** Whether the last attempt to make it so went well: it may fail while what stands is still Ready. */
const attempts = new Set(["Synced", "Reconciled", "ReconcileSuccess", "ReconcileSucceeded"]);
/** Results. (That an update is available is none.) */
const resultWords =
  /(Ready|(?<!Update|Upgrade|Version)Available|Healthy|Synced|Synchronized|Accepted|Programmed|Admitted|Valid|Applied|Succeeded|Successful|Deployed|Reconciled|Connected|Promoted|ResolvedRefs|Discoverable)$/;
/** Steps: True says nothing, False says what it waits for. */
const stepWords =
  /(Launched|Registered|Initialized|Installed|Scheduled|Created|Provisioned|Adopted|Advertised|Configured|Bound|Attached)$/;
/** The opposite of a summary or result. */
const negation = /^(Not|Partially|Partial)(?=[A-Z])/;

/** Reasons of what is not True that mean waiting, not trouble. */
const waitingReason =
  /(Progress|Reconcil|Creat|Pending|Wait|Provision|Install|Updat|Upgrad|Delet|Starting|Initializ|InFlight|Scheduling|NotReadyYet|Issuing|Dependency)/i;
const brokenReason =
  /(Fail|Error|\bErr[A-Z]|Invalid|Denied|Forbidden|Unauthorized|NotFound|Missing|Conflict|Crash|Expired|Unreachable|Unhealthy|Unresolved|Unsupported|NotSupported|Rejected|Refused|Exceeded|Timeout|Exception|Malformed|Abort|Terminated)/;
const brokenMessage =
  /\b(fail(ed|ure|s)?|errors?|invalid|denied|forbidden|unauthorized|not found|cannot|conflict\w*|crash\w*|expired|unreachable|refused|rejected|timed? ?out|malformed)\b/i;
const pausedReason = /(Paused|Suspended)$/;

/** What the conditions of an object say; undefined when they say nothing. */
export function conditionHealth(
  conditions: readonly Condition[],
  generation: number,
): Health | undefined {
  const trueOnes = conditions.filter((entry) => entry.status === "True");
  const bad = trueOnes.find(({ type }) => badWhenTrue.has(type) || refused.test(type));
  if (bad !== undefined) return healthBy("Degraded", bad);
  const paused = trueOnes.find((entry) => pausedWhenTrue.has(entry.type));
  if (paused !== undefined) return healthBy("Suspended", paused);
  const busy = trueOnes.find((entry) => busyWhenTrue.has(entry.type));
  const summary = summaryIn(conditions);
  if (summary?.status === "True") {
    return goodHealth(summary, { conditions, busy, generation });
  }
  const trouble = troubleIn(conditions);
  if (trouble !== undefined) return trouble;
  if (busy !== undefined) return healthBy("Progressing", busy);
  if (summary !== undefined) return notTrueHealth(summary);
  return resultHealth(conditions, generation);
}

/** The condition that speaks for all: `Ready`, without it the first summary that is not True, else the first. */
export function summaryIn(conditions: readonly Condition[]): Condition | undefined {
  const found = goodWhenTrue.flatMap(
    (type) => conditions.find((entry) => entry.type === type) ?? [],
  );
  const [first] = found;
  if (first === undefined || first.type === "Ready") return first;
  return found.find((entry) => entry.status !== "True") ?? first;
}

interface Others {
  readonly conditions: readonly Condition[];
  readonly busy: Condition | undefined;
  readonly generation: number;
}

function goodHealth(summary: Condition, { conditions, busy, generation }: Others): Health {
  const attempt = conditions.find((entry) => attempts.has(entry.type) && entry.status === "False");
  if (attempt !== undefined) return notTrueHealth(attempt);
  const overdue = overdueIn(conditions);
  if (overdue !== undefined) return overdue;
  if (busy?.type === "Reconciling") return healthBy("Progressing", busy);
  return isOld(summary, generation) ? oldHealth : health("Healthy", summary.message);
}

/** As of a Deployment: it makes no progress any more, whatever still runs. */
function overdueIn(conditions: readonly Condition[]): Health | undefined {
  const progress = conditions.find((entry) => entry.type === "Progressing");
  const isOverdue = progress?.status === "False" && brokenReason.test(progress.reason);
  return isOverdue ? healthBy("Degraded", progress) : undefined;
}

/** Conditions that are not as they should be, and tell of more than waiting. */
function troubleIn(conditions: readonly Condition[]): Health | undefined {
  const bad = conditions.find((entry) => entry.status === "True" && badWords.test(entry.type));
  if (bad !== undefined) return healthBy("Degraded", bad);
  const said = conditions.filter(isAmiss).map(notTrueHealth);
  const telling = said.find(({ status }) => status === "Degraded");
  return telling ?? said.find(({ status }) => status === "Suspended") ?? overdueIn(conditions);
}

function isAmiss({ type, status }: Condition): boolean {
  const isResult = goodWhenTrue.includes(type) || resultWords.test(type) || stepWords.test(type);
  if (!isResult) return false;
  return negation.test(type) ? status === "True" : status === "False" || status === "Unknown";
}

/** Without a summary: all results have to be True, and of this generation. */
function resultHealth(conditions: readonly Condition[], generation: number): Health | undefined {
  const amiss = conditions.find(isAmiss);
  if (amiss !== undefined) return notTrueHealth(amiss);
  const results = conditions.filter(({ type }) => resultWords.test(type) && !negation.test(type));
  const [first] = results;
  if (first === undefined) return undefined;
  if (results.some((entry) => isOld(entry, generation))) return oldHealth;
  return health("Healthy", first.message);
}

const oldHealth = health("Progressing", "its conditions are of an older generation");

function isOld({ observedGeneration }: Condition, generation: number): boolean {
  return observedGeneration > 0 && observedGeneration < generation;
}

/** A condition that should be True and is not: trouble where it says so, else work. */
function notTrueHealth(entry: Condition): Health {
  const { severity, reason, message } = entry;
  if (pausedReason.test(reason)) return healthBy("Suspended", entry);
  if (severity !== "") return healthBy(severity === "Error" ? "Degraded" : "Progressing", entry);
  if (reason.endsWith("InProgress")) return healthBy("Progressing", entry);
  if (brokenReason.test(reason)) return healthBy("Degraded", entry);
  if (waitingReason.test(reason)) return healthBy("Progressing", entry);
  return healthBy(brokenMessage.test(message) ? "Degraded" : "Progressing", entry);
}
