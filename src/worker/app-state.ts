import type { FieldSet } from "../core/apply/owned-fields.ts";
import type { AppHealth } from "../core/health/app-health.ts";
import type { ObjectId } from "../core/model/kube-object.ts";
import type { AppReport } from "../core/protocol/worker-report.ts";
import type { Fight } from "./fights.ts";
import { formOfTarget } from "./target-form.ts";
import type { AppTarget } from "./mirror-view.ts";
import { type AppRow, type ObjectRow, wholeTree } from "./state-store.ts";

/** An object that is not as it was applied. */
export interface DriftedObject {
  /** Whether its fields may be taken back by force. */
  readonly force: boolean;
  /** Whether it is to be written again; else it is only told. */
  readonly repair: boolean;
  /** What has changed, and by whom; "" where that is not known. */
  readonly note: string;
}

/** What an object keeps though its app has dropped it, because others have it too. */
export interface Staying {
  readonly fields: FieldSet;
  /** Which fields, and who has them. */
  readonly note: string;
}

/** What a worker process holds of one app at one site, besides the store. All of it can be found out again. */
export interface AppState {
  readonly app: string;
  target: AppTarget | null;
  row: AppRow | null;
  rows: Map<ObjectId, ObjectRow>;
  /** This process has read what the cluster's inventory of the app names. */
  hasMetInventory: boolean;
  /** Raised by each write: what was observed before it says nothing about what stands after it. */
  writes: number;
  health: AppHealth | null;
  /** Monotonic time since when it is healthy without a break on the row's tree; null: it is not. */
  healthySince: number | null;
  /** Monotonic time of the last look at `health`: for what came after it nobody can vouch. */
  observedAt: number;
  /** The healthy time that was last to be told. */
  toldHealthyMs: number;
  /** It was told that nobody can vouch for it now; until it was looked at again. */
  isToldOverdue: boolean;
  /** Monotonic time since when all of the row's tree stands, or another one is written; null: before this process. */
  appliedAt: number | null;
  /** It is being written: what is read meanwhile is neither one version nor the other. */
  isBeingWritten: boolean;
  /** The version that stood before another one was begun is written again. */
  isReturning: boolean;
  /** Something was written since the last look that has to get ready: it has hardly begun to. */
  isStirred: boolean;
  drifted: Map<ObjectId, DriftedObject>;
  /** Too much of the region has drifted: what has drifted here is told, and not repaired. */
  isRepairHeld: boolean;
  /** Versions of the region's Secrets that stand at the site; of what an earlier run wrote nothing is known. */
  readonly sources: Map<ObjectId, string>;
  /** Secrets whose data is another one in the region now. */
  readonly stale: Set<ObjectId>;
  /** Objects that drift again and again. */
  fights: Map<ObjectId, Fight>;
  /** What is told of objects that others manage too, and troubles nobody: until the next version comes. */
  notes: Map<ObjectId, string>;
  /** What is told of fields that releases have dropped and others have too: until they are gone. */
  readonly staying: Map<ObjectId, Staying>;
  /** Objects beside this tree that no release has dropped: they stay. */
  unreleased: { readonly tree: string; readonly ids: ReadonlySet<ObjectId> };
  /** Whether the mirror had given them as kept: objects of which nobody knows with which fields they were applied. */
  readonly wereKept: Map<ObjectId, boolean>;
  /** Why its health cannot be told ("" when the last look saw everything), and the monotonic time since when. */
  unseen: { readonly since: number; readonly reason: string };
  /** Why the last look for drift did not see all of it; "" when it did. */
  unchecked: string;
  /** Why the last attempt did not do all: one line, "" when it did. */
  trouble: string;
  /** When it is tried again, where the cluster has asked for a long wait; "" where it has not. */
  delay: string;
  /** What waits, without being a failure: "2 objects wait to be pruned". */
  waiting: string;
  failures: number;
  /** The last attempt failed for want of an answer to what this app asked, while its cluster answered. */
  isUnanswered: boolean;
}

/** No tree was looked up for `unreleased`. */
export const noneLookedUp: AppState["unreleased"] = { tree: "", ids: new Set() };

/** A state that knows nothing yet. */
export function newAppState(app: string): AppState {
  return {
    app,
    target: null,
    row: null,
    rows: new Map(),
    hasMetInventory: false,
    writes: 0,
    health: null,
    healthySince: null,
    observedAt: 0,
    toldHealthyMs: 0,
    isToldOverdue: false,
    appliedAt: null,
    isBeingWritten: false,
    isReturning: false,
    isStirred: false,
    drifted: new Map(),
    isRepairHeld: false,
    sources: new Map(),
    stale: new Set(),
    fights: new Map(),
    notes: new Map(),
    staying: new Map(),
    unreleased: noneLookedUp,
    wereKept: new Map(),
    unseen: { since: 0, reason: "" },
    unchecked: "",
    trouble: "",
    delay: "",
    waiting: "",
    failures: 0,
    isUnanswered: false,
  };
}

/**
 * Takes in what was observed of what stands. That what is left of one version beside another is well counts for neither
 * of them. True when a person would see a difference.
 */
export function takeHealth(state: AppState, health: AppHealth, now: number): boolean {
  const isWell = health.status === "Healthy" || health.status === "Suspended";
  const isGood = isWell && state.row?.isMixed !== true;
  const before = `${state.health?.status} ${state.health?.message} ${state.health?.unverified}`;
  state.health = health;
  state.observedAt = now;
  if (!isGood) state.healthySince = null;
  else state.healthySince ??= now;
  return before !== `${health.status} ${health.message} ${health.unverified}`;
}

/**
 * Notes why an app could not be looked at ("" when it could). What was seen last stands for `patienceMs`; then its
 * health is Unknown. True when a person would see a difference.
 */
export function noteUnseen(
  state: AppState,
  reason: string,
  { now, patienceMs }: { readonly now: number; readonly patienceMs: number },
): boolean {
  const before = state.unseen;
  const since = before.reason === "" ? now : before.since;
  state.unseen = { since, reason };
  const differs = before.reason !== reason;
  if (reason === "" || now - since < patienceMs) return differs;
  return takeHealth(state, { status: "Unknown", message: "", unverified: 0 }, now) || differs;
}

/** For how long it was seen healthy, up to the last look, and the longest such time on this tree, in whole ms. */
export function healthTimes(state: AppState): { now: number; longest: number } {
  const { healthySince, observedAt } = state;
  const healthyForMs = healthySince === null ? 0 : Math.floor(observedAt - healthySince);
  return { now: healthyForMs, longest: Math.max(healthyForMs, state.row?.longestHealthyMs ?? 0) };
}

/** Whether something has drifted that is to be written again. */
export function needsRepair(state: AppState): boolean {
  return [...state.drifted.values()].some(({ repair }) => repair);
}

/** Where and when an app is told of; `now` is monotonic. */
interface ReportMeans {
  readonly site: string;
  readonly isSiteBroken: boolean;
  readonly now: number;
}

/**
 * The app's line in a report; null: there is nothing to tell. Where the whole site fails, `isSiteBroken`, that is told
 * of the site, once, and not of each of its apps.
 */
export function appReport(
  state: AppState,
  { site, isSiteBroken, now }: ReportMeans,
): AppReport | null {
  const { row, target } = state;
  if (row === null && target === null) return null;
  const base = { site, app: state.app, message: messageOf(state, isSiteBroken) };
  if (row === null) return { ...base, ...nothingYet };
  const times = healthTimes(state);
  const isGone = hasLeft(state) && isLeaving(target);
  return {
    ...base,
    tree: wholeTree(row),
    left: isGone,
    release: row.release,
    sync: isGone ? "Synced" : syncOf(state),
    health: isGone ? "Missing" : healthWord(state, row),
    ...appliedTime(state, now),
    healthyForMs: times.now,
    ...lookedTime(state, now),
    longestHealthyMs: times.longest,
    everHealthy: row.everHealthy || state.healthySince !== null,
    unverified: state.health?.unverified ?? 0,
    objects: state.rows.size,
  };
}

function appliedTime({ row, appliedAt }: AppState, now: number): Pick<AppReport, "appliedForMs"> {
  const isKnown = appliedAt !== null && row !== null && wholeTree(row) !== null;
  return isKnown ? { appliedForMs: Math.floor(now - appliedAt) } : {};
}

/** What is gathered for a report waits for no longer than this; who looked longer ago has nothing to say of today. */
const freshMs = 1000;

function lookedTime(state: AppState, now: number): Pick<AppReport, "lookedMs"> {
  const { healthySince, observedAt, unseen, isToldOverdue } = state;
  const ago = Math.floor(now - observedAt);
  const isVouched = healthySince !== null && unseen.reason === "" && !isToldOverdue;
  return isVouched && ago < freshMs ? { lookedMs: ago } : {};
}

/** It was told to leave, and nothing of it is at the site any more. */
export function hasLeft({ row, rows }: AppState): boolean {
  return row?.left === true && rows.size === 0;
}

function isLeaving(target: AppTarget | null): boolean {
  return target !== null && "leaving" in target;
}

const nothingYet = {
  tree: null,
  left: false,
  release: null,
  sync: "Unknown",
  health: "Missing",
  healthyForMs: 0,
  longestHealthyMs: 0,
  everHealthy: false,
  unverified: 0,
  objects: 0,
} as const;

/** What was seen; after a restart what was seen last, until it is looked at again. */
function healthWord(state: AppState, row: AppRow): AppReport["health"] {
  if (state.health !== null) return state.health.status;
  const last = healthWords.find((word) => word === row.health);
  return last ?? (row.tree === null ? "Missing" : "Progressing");
}

const healthWords = [
  "Healthy",
  "Progressing",
  "Degraded",
  "Suspended",
  "Missing",
  "Unknown",
] as const;

function syncOf(state: AppState): AppReport["sync"] {
  const { target, row } = state;
  if (target === null || row === null) return "Unknown";
  const form = formOfTarget(target, row);
  const isApplied = form.tree !== null && wholeTree(row) === form.tree;
  const isPruned = form.tree !== null && state.waiting === "";
  const isChecked = state.drifted.size === 0 && state.unchecked === "";
  return isApplied && isPruned && isChecked && state.trouble === "" ? "Synced" : "OutOfSync";
}

function messageOf(state: AppState, isSiteBroken: boolean): string {
  if (state.target === null) return "the mirror does not name it here any more: nothing is written";
  const failed = isSiteBroken
    ? []
    : [state.trouble, state.delay, state.unseen.reason, state.unchecked];
  const health = state.health?.message ?? "";
  return [...new Set(failed), driftText(state), state.waiting, health, ...notesOf(state)]
    .filter((part) => part !== "")
    .join("; ");
}

const maxNotes = 3;

function notesOf({ notes, staying }: AppState): readonly string[] {
  const kept = [...staying.values()].map(({ note }) => note);
  return [...some([...notes.values()]), ...some(kept)];
}

function some(notes: readonly string[]): readonly string[] {
  const more = notes.length > maxNotes ? [`and ${notes.length - maxNotes} more of that kind`] : [];
  return [...notes.slice(0, maxNotes), ...more];
}

function driftText({ drifted }: AppState): string {
  if (drifted.size === 0) return "";
  const notes = [...drifted.values()].map(({ note }) => note).filter((note) => note !== "");
  const count =
    drifted.size === 1 ? "1 object has drifted" : `${drifted.size} objects have drifted`;
  return notes.length === 0 ? count : `${count}: ${notes.slice(0, maxNotes).join(", ")}`;
}
