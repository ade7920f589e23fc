/**
 * Where a site stands in a release: derived from what was recorded once (handed over, failed, excused) and what is
 * observed now. Every site of a release is in exactly one state.
 */
import type { TreeId } from "../render/rendered.ts";
import type { UntrueCheck } from "./checks/ask-checks.ts";
import { hasSiteChecks, untrueAfter } from "./checks/site-checks.ts";
import { own } from "./own.ts";
import type { PlannerInput } from "./planner-types.ts";
import type { ListEntry, Release, Standing } from "./records.ts";
import { isBackInFlight } from "./rollback/back-state.ts";
import { silentMs } from "./silence.ts";
import {
  absenceOf,
  hasBeenReady,
  heardAt,
  isHealthy,
  isHealthyOn,
  isNowhere,
  type SiteView,
  standingTree,
  viewSite,
} from "./site-view.ts";
import { healthInWords } from "./words.ts";

export type SiteState =
  /** Not handed over. `holdsSlot`: an older release has it in flight. */
  | { readonly kind: "waiting"; readonly holdsSlot: boolean }
  /**
   * `rehand`: recorded, but its mirror does not have it yet. `until`: its deadline; null: the clock stands still.
   * `check`: what it is healthy but not done for.
   */
  | {
      readonly kind: "in-flight";
      readonly rehand: boolean;
      readonly until: number | null;
      readonly check?: UntrueCheck;
    }
  /** `isBroken`: it was, beyond its soak, and is not well on its to-tree now. */
  | { readonly kind: "done"; readonly settledAt: number; readonly isBroken?: true }
  /** `holdsSlot`: it goes back, and has not settled on what it had before. */
  | {
      readonly kind: "failed";
      readonly settledAt: number;
      readonly cause: string;
      readonly holdsSlot: boolean;
    }
  /** It fails now: to be recorded. */
  | { readonly kind: "fails"; readonly cause: string }
  | { readonly kind: "unchanged"; readonly settledAt: number }
  | { readonly kind: "excused"; readonly because: ExcuseReason; readonly settledAt: number };

/** `tied`: of another release, which moves together with this one. */
type ExcuseReason =
  | "operator"
  | "tied"
  | "region"
  | "offline"
  | "suspended"
  | "forgotten"
  | "passed";

/** `by` of an excuse that nobody spoke: the stage passed while the site could not be reached. */
export const excusedByPlanner = "flotilla";

/** A person has said so; else its stage passed while it could not be reached. */
export function isSpoken({ by, spoken }: Release["excused"][string]): boolean {
  return spoken === true || by !== excusedByPlanner;
}

/** A site of a release with what is known of it. */
export interface ListedSite {
  readonly input: PlannerInput;
  readonly release: Release;
  readonly entry: ListEntry;
  readonly view: SiteView;
}

/** A site of a release's list; undefined when it is not in it. */
export function listedSite(
  input: PlannerInput,
  release: Release,
  site: string,
): ListedSite | undefined {
  const entry = own(release.list, site);
  return entry && { input, release, entry, view: viewSite(input, release.app, site) };
}

/** The state of a site in its release. */
export function siteState(listed: ListedSite): SiteState {
  const { release, view } = listed;
  const excused = own(release.excused, view.site);
  if (excused !== undefined) {
    return { kind: "excused", because: becauseOf(excused), settledAt: Date.parse(excused.at) };
  }
  const failed = own(release.failed, view.site);
  if (failed !== undefined) {
    const isGoingBack = isBackInFlight(listed.input, release, view);
    const settled = { settledAt: Date.parse(failed.at), cause: failed.cause };
    return { kind: "failed", ...settled, holdsSlot: isGoingBack };
  }
  if (view.facts === undefined) return { kind: "excused", because: "forgotten", settledAt: 0 };
  if (view.isRegionExcused) return { kind: "excused", because: "region", settledAt: 0 };
  const handed = own(release.handed, view.site);
  return handed === undefined
    ? unhandedState(listed)
    : handedState(listed, {
        at: Date.parse(handed.at),
        was: handed.was ?? "healthy",
        met: handed.met === undefined ? undefined : Date.parse(handed.met),
        isSoaked: handed.soaked !== undefined,
      });
}

function becauseOf(excused: Release["excused"][string]): ExcuseReason {
  if (excused.with !== undefined) return "tied";
  return isSpoken(excused) ? "operator" : "passed";
}

function unhandedState(listed: ListedSite): SiteState {
  const { entry, view } = listed;
  if (isThereAlready(listed)) {
    const left = own(listed.release.left, view.site);
    if (entry.to !== null) return { kind: "done", settledAt: settledAt(listed, 0) };
    return { kind: "done", settledAt: left === undefined ? 0 : Date.parse(left) };
  }
  if (isCarried(listed)) return { kind: "waiting", holdsSlot: true };
  if (view.isMoving) return { kind: "waiting", holdsSlot: false };
  const because = absenceOf(view);
  if (because !== undefined) return { kind: "excused", because, settledAt: 0 };
  return { kind: "waiting", holdsSlot: false };
}

/** Nothing is left to do there: it is on its to-tree, healthy and checked, or the app that leaves is not there. */
function isThereAlready({ input, release, entry, view }: ListedSite): boolean {
  if (entry.to === null) {
    return Object.hasOwn(release.left ?? {}, view.site) || isNowhere(view);
  }
  return (
    standingTree(view.entry) === entry.to &&
    hasBeenReady(view, entry.to, release) &&
    isHealthy(view, release.unknownBlocks) &&
    untrueAfter(input, release, { app: release.app, view }) === null
  );
}

/** An older release has it in flight: neither settled on what it gave nor out of time. */
function isCarried({ input, release, view }: ListedSite): boolean {
  const carried = own(release.carried, view.site);
  if (carried === undefined || carried.settled === true) return false;
  if (view.silentSince !== null || view.isMoving) return true;
  const tree = standingTree(view.entry);
  if (tree === undefined && view.entry === undefined) return false;
  if (tree !== undefined && hasBeenReady(view, tree, release)) return false;
  return input.now < deadline(input, release, { at: Date.parse(carried.at), mirror: view.mirror });
}

interface Handed {
  readonly at: number;
  readonly was: Standing;
  /** When it was done and every check was true; undefined: not yet, or there is none. */
  readonly met: number | undefined;
  /** Its soak was over: what happens there is no question of the release any more. */
  readonly isSoaked: boolean;
}

function handedState(listed: ListedSite, handed: Handed): SiteState {
  const { entry, view } = listed;
  if (entry.to === null) return leavingState(listed, handed);
  if (standingTree(view.entry) !== entry.to) return unwrittenState(listed, handed);
  if (handed.isSoaked) return soakedState(listed, handed, entry.to);
  return isFrozen(view)
    ? frozenState(listed, handed, entry.to)
    : judgedState(listed, handed, entry.to);
}

/**
 * Its mirror never got it: it goes again in the slot it has. From its deadline on it is as before its turn, so that a site
 * which cannot take it keeps nobody waiting.
 */
function unwrittenState(listed: ListedSite, { at }: Handed): SiteState {
  const { input, release, view } = listed;
  if (isFrozen(view)) return { kind: "in-flight", rehand: true, until: null };
  const until = deadline(input, release, { at, mirror: view.mirror });
  return input.now < until ? { kind: "in-flight", rehand: true, until } : unhandedState(listed);
}

function soakedState({ release, view }: ListedSite, { at }: Handed, to: TreeId): SiteState {
  const isWell = isFrozen(view) || isHealthyOn(view, to, release.unknownBlocks);
  return { kind: "done", settledAt: at, ...(isWell ? {} : { isBroken: true }) };
}

/** Nobody can tell how it is there: nothing is judged until somebody can. */
function isFrozen(view: SiteView): boolean {
  return view.silentSince !== null || view.isMoving;
}

function frozenState(listed: ListedSite, handed: Handed, to: TreeId): SiteState {
  const isMet = handed.met !== undefined || !hasSiteChecks(listed.release);
  return isMet && hasBeenReady(listed.view, to, listed.release)
    ? { kind: "done", settledAt: settledAt(listed, handed.met ?? handed.at) }
    : { kind: "in-flight", rehand: false, until: null };
}

function judgedState(listed: ListedSite, handed: Handed, to: TreeId): SiteState {
  const { input, release, view } = listed;
  const isReady = hasBeenReady(view, to, release);
  const isHealthyNow = isHealthyOn(view, to, release.unknownBlocks);
  if (isReady && isHealthyNow) return checkedState(listed, handed);
  if (isReady && handed.was !== "unhealthy") {
    return { kind: "fails", cause: `${trouble(listed)} again before the soak of its stage ended` };
  }
  const until = deadline(input, release, { at: handed.at, mirror: view.mirror });
  if (input.now < until || isHealthyNow) return { kind: "in-flight", rehand: false, until };
  if (handed.was === "unhealthy") return { kind: "unchanged", settledAt: until };
  return { kind: "fails", cause: `${trouble(listed)} at its deadline` };
}

/** It is healthy: done as soon as the checks say so too, and from then on as long as they do. */
function checkedState(listed: ListedSite, handed: Handed): SiteState {
  const { input, release, view } = listed;
  const check = untrueAfter(input, release, { app: release.app, view });
  if (check === null) {
    const earliest = hasSiteChecks(release) ? (handed.met ?? input.now) : handed.at;
    return { kind: "done", settledAt: settledAt(listed, earliest) };
  }
  if (handed.met !== undefined && handed.was !== "unhealthy") {
    return { kind: "fails", cause: `${check.words}, again before the soak of its stage ended` };
  }
  const until = deadline(input, release, { at: handed.at, mirror: view.mirror });
  if (input.now < until) return { kind: "in-flight", rehand: false, until, check };
  if (handed.was === "unhealthy") return { kind: "unchanged", settledAt: until };
  return { kind: "fails", cause: `${check.words}, at its deadline` };
}

/** A removal: done when the worker said so, failed when it has not by the deadline. */
function leavingState(listed: ListedSite, handed: Handed): SiteState {
  const { input, release, view } = listed;
  const left = own(release.left, view.site);
  if (left !== undefined) return { kind: "done", settledAt: Date.parse(left) };
  if (isNowhere(view)) return { kind: "done", settledAt: handed.at };
  if (view.isMoving || view.entry === undefined) {
    return { kind: "in-flight", rehand: false, until: null };
  }
  if ("tree" in view.entry) return unwrittenState(listed, handed);
  if (view.silentSince !== null) return { kind: "in-flight", rehand: false, until: null };
  const until = deadline(input, release, { at: handed.at, mirror: view.mirror });
  if (input.now < until) return { kind: "in-flight", rehand: false, until };
  return { kind: "fails", cause: `${trouble(listed)}; it has not left at its deadline` };
}

function trouble({ release, entry, view: { isReachable, observed } }: ListedSite): string {
  const unknownBlocks = entry.to !== null && release.unknownBlocks;
  return isReachable ? healthInWords(observed, unknownBlocks) : "offline";
}

/** When a hand-over has to be healthy: silences of the worker do not count. */
function deadline(
  input: PlannerInput,
  release: Release,
  { at, mirror }: { at: number; mirror: string },
): number {
  return at + release.progressDeadlineMs + silentMs(input, mirror, at);
}

/** When it had been healthy for `minReady`, by what its worker last said; not before `earliest`. */
function settledAt({ input, release, view }: ListedSite, earliest: number): number {
  const asOf = heardAt(input, view);
  const healthyFor = view.observed?.healthyForMs ?? 0;
  return Math.max(earliest, asOf - healthyFor + Math.min(healthyFor, release.minReadyMs));
}
