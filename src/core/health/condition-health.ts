/**
 * What the conditions of a kind say that nobody told us about. Trouble that is told plainly comes first, then a pause,
 * then the condition that speaks for all, then all results together. The order in which they are listed means nothing.
 */
import { type Role, amissOf, isPartly, isPause, roleOf, summaries } from "./condition-words.ts";
import type { Health } from "./health.ts";
import { meaningOf, meaningOfWord, wordsOf } from "./health-words.ts";
import { type Condition, health, healthBy } from "./read-object.ts";

interface Told extends Condition {
  readonly role: Role | undefined;
}

/** `unclear`: something is not as it should be, and whether that is work or trouble is not told. */
export interface SaidHealth extends Health {
  readonly unclear?: true;
}

/** What the conditions of an object say; undefined when they say nothing. */
export function conditionHealth(
  conditions: readonly Condition[],
  generation: number,
): SaidHealth | undefined {
  const told = conditions
    .map((entry) => ({ ...entry, role: roleOf(entry) }))
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const trouble = holding(told, "trouble");
  const plain = trouble.find(({ type }) => isPlain(type));
  if (plain !== undefined) return healthBy("Degraded", plain);
  const paused = pauseIn(told);
  if (paused !== undefined) return healthBy("Suspended", paused);
  const summary = summaryIn(told);
  if (summary?.status === "True") return goodHealth(told, summary, generation);
  const [soft] = trouble;
  if (soft !== undefined) return healthBy("Degraded", soft);
  return amissHealth(told, summary) ?? resultHealth(told, generation);
}

/** The condition that speaks for all: `Ready`, without it the first summary that is not True, else the first. */
export function summaryIn(conditions: readonly Condition[]): Condition | undefined {
  const found = summaries.flatMap((type) => conditions.find((entry) => entry.type === type) ?? []);
  const [first] = found;
  if (first === undefined || first.type === "Ready") return first;
  return found.find((entry) => entry.status !== "True") ?? first;
}

/** Conditions are a set: whatever their order, the same one is told. */
function keyOf({ type, status, reason, message }: Condition): string {
  return [type, status, reason, message].join("\n");
}

function holding(told: readonly Told[], role: Role): readonly Told[] {
  return told.filter((entry) => entry.role === role && entry.status === "True" && !isDone(entry));
}

/**
 * A reason that ends what it stands beside: a Deployment says `Progressing` with the reason that it has progressed;
 * what has stopped because it is complete is no pause, and what is out of reach because it sleeps is no trouble.
 */
function isDone({ role, reason }: Told): boolean {
  if (role === "trouble") return /(Pause|Suspend|Hibernat)/.test(reason);
  return (role === "work" || role === "pause") && meaningOf(reason) === "good";
}

/** That it is paused, or that the work on it is. */
function pauseIn(told: readonly Told[]): Told | undefined {
  // What has stopped because it failed is not paused.
  const hasTrouble = holding(told, "trouble").length > 0;
  const paused = holding(told, "pause").find(({ type }) => !hasTrouble || !/stop/i.test(type));
  return (
    paused ??
    told.find(
      ({ role, status, reason }) => role === "work" && status === "False" && isPause(reason),
    )
  );
}

/** Trouble of the whole (`Failed`, `InvalidSpec`), not of one thing that is not said to matter (`BackupFailed`). */
function isPlain(type: string): boolean {
  const [first = ""] = wordsOf(type);
  if (first === "warning") return false;
  return meaningOfWord(first) === "broken" || /^Reconcil\w*(Error|Failed)$/.test(type);
}

/** The summary is True: is the last change carried out as well? */
function goodHealth(told: readonly Told[], summary: Condition, generation: number): SaidHealth {
  const failed = told.find(hasEndedBadly);
  if (failed !== undefined) return healthBy("Degraded", failed);
  const attempt = told.find(({ role, status }) => role === "attempt" && status === "False");
  if (attempt !== undefined) return healthBy(amissOf(attempt).status, attempt);
  const overdue = overdueIn(told.filter(({ type }) => type === "Progressing"));
  if (overdue !== undefined) return overdue;
  const [work] = holding(told, "work");
  if (work !== undefined) return healthBy("Progressing", work);
  const rest = isOpenEnded(summary) ? amissHealth(told.filter(isPlainlyFalse), summary) : undefined;
  if (rest !== undefined) return rest;
  return isOld(summary, generation) ? oldHealth : health("Healthy", summary.message);
}

/** Ready speaks for all that is listed beside it, and what has ended has ended; these do not. */
export function isOpenEnded({ type }: Condition): boolean {
  return /^(Available|Healthy|Established)$/.test(type);
}

/** It has ended, and its reason tells how. */
function hasEndedBadly({ type, status, reason }: Condition): boolean {
  return (
    /^(Completed?|Finished|Done)$/.test(type) && status === "True" && meaningOf(reason) === "broken"
  );
}

function isPlainlyFalse({ role, status }: Told): boolean {
  return role !== "hint" && status === "False";
}

/** As of a Deployment: it makes no progress any more, whatever still runs; as of `Issuing`: the work has failed. */
function overdueIn(told: readonly Told[]): Health | undefined {
  const failed = told.find(
    ({ role, status, reason }) =>
      role === "work" && status === "False" && meaningOf(reason) === "broken",
  );
  return failed === undefined ? undefined : healthBy("Degraded", failed);
}

/** The most telling of what is not as it should be: plain trouble, a pause, work, then the summary, then the rest. */
function amissHealth(
  told: readonly Told[],
  summary: Condition | undefined,
): SaidHealth | undefined {
  const amiss = told.filter(isAmiss).map((entry) => ({ entry, ...amissOf(entry) }));
  const clear = (status: Health["status"]) =>
    amiss.find((one) => one.status === status && one.unclear !== true);
  const telling = clear("Degraded") ?? clear("Suspended");
  if (telling !== undefined) return healthBy(telling.status, telling.entry);
  const overdue = overdueIn(told);
  if (overdue !== undefined) return overdue;
  const [work] = holding(told, "work");
  if (work !== undefined) return healthBy("Progressing", work);
  const waiting = clear("Progressing");
  if (waiting !== undefined) return healthBy("Progressing", waiting.entry);
  const spoken = amiss.find(({ entry }) => entry.type === summary?.type);
  const rest = spoken ?? amiss.find(({ status }) => status === "Degraded") ?? amiss[0];
  if (rest === undefined) return undefined;
  const said = healthBy(rest.status, rest.entry);
  return rest.unclear === true ? { ...said, unclear: true } : said;
}

const hasToHold = new Set<Role>(["summary", "attempt", "result", "step", "hint"]);

function isAmiss({ type, role, status, reason }: Told): boolean {
  if (role === undefined || !hasToHold.has(role)) return false;
  // Of anything but the whole: the reason says that nothing is amiss.
  if (reason === "AsExpected" && role !== "summary") return false;
  return isPartly(type) ? status === "True" : status !== "True" && status !== "";
}

/** Without a summary: all results have to be True, and of this generation. */
function resultHealth(told: readonly Told[], generation: number): SaidHealth | undefined {
  const results = told.filter(({ role, type }) => isResult(role) && !isPartly(type));
  const [first] = results;
  if (first === undefined) return restHealth(told);
  if (results.some((entry) => isOld(entry, generation))) return oldHealth;
  return health("Healthy", first.message);
}

/** Nothing but that it is in use, or but what holds in bad times, and none of that holds: no trouble, no work undone. */
function restHealth(told: readonly Told[]): SaidHealth | undefined {
  const use = told.find(({ role }) => role === "use");
  if (use !== undefined) return useHealth(use);
  const rests = told.some(
    (entry) =>
      (isOfBadTimes(entry.role) && entry.status === "False") ||
      (entry.role === "work" && isDone(entry)),
  );
  const isSettled = told.every(({ status }) => status !== "Unknown");
  return rests && isSettled ? health("Healthy") : undefined;
}

function isOfBadTimes(role: Role | undefined): boolean {
  return role === "work" || role === "trouble";
}

function useHealth(use: Told): SaidHealth | undefined {
  if (use.status === "True") return health("Healthy", use.message);
  const { status, unclear } = amissOf(use);
  // That it is idle is no reason.
  const isIdle = use.reason === "" || /(Active|Idle|NoTraffic)$/i.test(use.reason);
  return unclear === true && isIdle ? undefined : healthBy(status, use);
}

function isResult(role: Role | undefined): boolean {
  return role === "result" || role === "attempt" || role === "summary" || role === "hint";
}

const oldHealth = health("Progressing", "its conditions are of an older generation");

function isOld({ observedGeneration }: Condition, generation: number): boolean {
  return observedGeneration > 0 && observedGeneration < generation;
}
