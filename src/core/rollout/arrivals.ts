/** What the open list of an app has handed over, and where each of it stands. */
import { type AppBoard, type Board, setArrivals, wakeLater } from "./board.ts";
import { untrueAfter } from "./checks/site-checks.ts";
import { own } from "./own.ts";
import type { TreeId } from "../render/rendered.ts";
import type { Arrivals, OpenListBudgets } from "./records.ts";
import { isSetBack } from "./rollback/sites-back.ts";
import { silentMs } from "./silence.ts";
import {
  hasBeenReady,
  isHealthy,
  isHealthyOn,
  isNowhere,
  type SiteView,
  standingTree,
  viewSite,
} from "./site-view.ts";
import { healthInWords } from "./words.ts";

/** Budgets of apps whose release says nothing. */
const defaultOpenList: OpenListBudgets = {
  failureBudget: { percent: 2 },
  maxInFlight: { percent: 10 },
  maxUnavailable: { percent: 10 },
  minReadyMs: 10_000,
  progressDeadlineMs: 600_000,
  unknownBlocks: false,
};

/** Which of the recorded hand-overs of the open list are still in flight. Needs nothing but what is recorded. */
export function arrivalsInFlight(board: Board, app: AppBoard): string[] {
  return Object.keys(app.arrivals.handed).filter((site) => {
    const view = viewSite(board.input, app.app, site);
    return arrivalState(board, app, view) === "in-flight";
  });
}

/** `excused`: it stays on record, and takes no slot; `gone`: it is no question of the open list any more, or one anew. */
type ArrivalState = "in-flight" | "excused" | keyof typeof endInWords;

const endInWords = {
  settled: "has arrived",
  failed: "failed",
  gone: "is not on its way any more",
} as const;

/** Where a recorded hand-over of the open list stands. */
function arrivalState(board: Board, app: AppBoard, view: SiteView): ArrivalState {
  const handed = own(app.arrivals.handed, view.site);
  if (handed === undefined || view.facts === undefined) return "gone";
  if (view.isRegionExcused) return "excused";
  if (view.isMoving || view.silentSince !== null) return "in-flight";
  if (standingTree(view.entry) !== handed.to) {
    return isWanted(app, board, view) ? unwrittenState(board, app, view) : "gone";
  }
  return judgedState(board, view, { handed, app });
}

/** Its mirror never got it: it goes again in its slot. From its deadline on it waits without one, where it may not go. */
function unwrittenState(board: Board, app: AppBoard, view: SiteView): ArrivalState {
  const until = deadlineOf(board, app, view);
  wakeLater(board, until);
  return board.input.now < until ? "in-flight" : "gone";
}

function deadlineOf({ input }: Board, app: AppBoard, { site, mirror }: SiteView): number {
  const at = Date.parse(own(app.arrivals.handed, site)?.at ?? "");
  return at + budgetsOf(app).progressDeadlineMs + silentMs(input, mirror, at);
}

function judgedState(
  board: Board,
  view: SiteView,
  { handed, app }: { handed: Arrivals["handed"][string]; app: AppBoard },
): ArrivalState {
  const budgets = budgetsOf(app);
  const isHealthyNow = isHealthyOn(view, handed.to, budgets.unknownBlocks);
  const isReady = hasBeenReady(view, handed.to, budgets) && isHealthyNow;
  const isUntrue = isReady && untrueAfter(board.input, budgets, { app: app.app, view }) !== null;
  if (isReady && !isUntrue) return "settled";
  const until = deadlineOf(board, app, view);
  wakeLater(board, until);
  if (board.input.now < until || (isHealthyNow && !isUntrue)) return "in-flight";
  return handed.was === "unhealthy" ? "settled" : "failed";
}

/** The site is still to have the app by its entitlement, and by nothing else. */
function isWanted(app: AppBoard, board: Board, view: SiteView): boolean {
  return entitledTree(board, app, view.site) !== undefined && !isListed(app, view.site);
}

/** The open list has handed over what has not settled or failed. */
export function isArriving({ arrivals }: AppBoard): boolean {
  return Object.keys(arrivals.handed).length + Object.keys(arrivals.failed).length > 0;
}

/** The budgets of an app's open list. */
export function budgetsOf(app: Pick<AppBoard, "current">): OpenListBudgets {
  return app.current.openList ?? defaultOpenList;
}

/** Takes what has settled out of the record, and out of the failures what has healed. */
export function settleArrivals(board: Board, app: AppBoard): void {
  const { failed, whys, healed } = stillFailed(board, app);
  const ends = new Map<string, "arrived" | "failed">(healed.map((site) => [site, "arrived"]));
  const handed = { ...app.arrivals.handed };
  for (const [site, { to }] of Object.entries(app.arrivals.handed)) {
    const view = viewSite(board.input, app.app, site);
    const state = arrivalState(board, app, view);
    if (state === "in-flight" || state === "excused") continue;
    delete handed[site];
    whys.push(`${app.app}: ${site} ${endInWords[state]}`);
    if (state === "settled") ends.set(site, "arrived");
    if (state === "failed") ends.set(site, state);
    if (state === "failed") failed[site] = { at: board.at, to, cause: troubleOf(board, app, view) };
  }
  if (whys.length > 0)
    setArrivals(board, app, {
      arrivals: { ...app.arrivals, handed, failed },
      why: whys.join("; "),
      joined: Object.fromEntries(ends),
    });
}

interface Failures {
  readonly failed: Arrivals["failed"];
  readonly whys: string[];
  /** Sites that are well on what failed there. */
  readonly healed: string[];
}

function stillFailed(board: Board, app: AppBoard): Failures {
  const still: Failures = { failed: {}, whys: [], healed: [] };
  for (const [site, record] of Object.entries(app.arrivals.failed)) {
    const end = endOfFailure(board, app, { site, to: record.to });
    if (end === null) still.failed[site] = record;
    else still.whys.push(`${app.app}: ${site} no longer counts as failed`);
    if (end === "healed") still.healed.push(site);
  }
  return still;
}

/** It is well on what failed there, or something else stands there; null: it still counts. */
function endOfFailure(
  board: Board,
  app: AppBoard,
  { site, to }: { site: string; to: TreeId },
): "healed" | "replaced" | null {
  const view = viewSite(board.input, app.app, site);
  if (standingTree(view.entry) !== to) return "replaced";
  return hasHealed(board, app, { view, tree: to }) ? "healed" : null;
}

function troubleOf(board: Board, app: AppBoard, view: SiteView): string {
  const { isReachable, observed } = view;
  const budgets = budgetsOf(app);
  const check = isHealthy(view, budgets.unknownBlocks)
    ? untrueAfter(board.input, budgets, { app: app.app, view })
    : null;
  const words = isReachable ? healthInWords(observed, budgets.unknownBlocks) : "offline";
  return `${check?.words ?? words} at its deadline`;
}

function hasHealed(
  board: Board,
  app: AppBoard,
  { view, tree }: { view: SiteView; tree: TreeId },
): boolean {
  const budgets = budgetsOf(app);
  if (view.silentSince !== null) return false;
  if (!isHealthyOn(view, tree, budgets.unknownBlocks)) return false;
  if (!hasBeenReady(view, tree, budgets)) return false;
  return untrueAfter(board.input, budgets, { app: app.app, view }) === null;
}

/** That nobody waits for a site ends when the app is healthy there, or gone, or what it was said of is over. */
export function endExcuses(board: Board, app: AppBoard, arriving: number): void {
  const { excused = {}, ...arrivals } = app.arrivals;
  const isListBusy = arriving > 0 || isArriving(app);
  const kept = Object.entries(excused).filter(([site, { releases }]) => {
    const isOpen = releases.length === 0 ? isListBusy : releases.some((id) => app.open.has(id));
    const view = viewSite(board.input, app.app, site);
    const isWell = view.silentSince === null && isHealthy(view, false);
    return isOpen && !isNowhere(view) && !isWell;
  });
  if (kept.length === Object.keys(excused).length) return;
  const next = kept.length === 0 ? arrivals : { ...arrivals, excused: Object.fromEntries(kept) };
  const over = Object.keys(excused).filter((site) => !kept.some(([name]) => name === site));
  const why = `${app.app}: ${over.join(", ")} is no longer excused`;
  setArrivals(board, app, { arrivals: next, why });
}

/** The tree that a site is entitled to; in a plan that made a release current, only where that is known already. */
export function entitledTree(board: Board, app: AppBoard, site: string): TreeId | undefined {
  const promoted = app.promoted.get(site);
  if (promoted !== undefined || app.isCompleted) return promoted;
  return own(own(board.input.entitled, app.app), site);
}

/** A site that is entitled to a tree and is not on it. */
export interface Arrival {
  readonly view: SiteView;
  readonly to: TreeId;
}

/** The arrival of an app at a site, where it is entitled to another tree than stands there and no open release lists it. */
export function arrivalAt(board: Board, app: AppBoard, site: string): Arrival | undefined {
  if (app.movedNow.has(site)) return undefined;
  const to = entitledTree(board, app, site);
  const standing = standingTree(own(own(board.input.mirrors, site), app.app));
  if (to === undefined || standing === to || isListed(app, site)) return undefined;
  if (standing === undefined && isLeftOut(board, app, site)) return undefined;
  const view = viewSite(board.input, app.app, site);
  return view.facts === undefined ? undefined : { view, to };
}

/**
 * An open release decides about the site: a removal, or one that goes or went back there, until it is through, others until
 * its stage has passed.
 */
export function isListed(app: AppBoard, site: string): boolean {
  for (const release of app.open.values()) {
    const entry = own(release.list, site);
    if (entry === undefined) continue;
    if (release.kind === "removal" || release.goingBack !== undefined) return true;
    if (isSetBack(release, site)) return true;
    if (!Object.hasOwn(release.passed, release.stages[entry.stage]?.name ?? "")) return true;
  }
  return false;
}

/**
 * The head has the app, and not there. Where a share of the fleet ends whose version left the site out, what is current
 * may have it there still.
 */
function isLeftOut({ input }: Board, { app }: AppBoard, site: string): boolean {
  const placed = own(input.placedByHead ?? {}, app);
  if (placed === undefined) return false;
  const sites = placedSets.get(placed) ?? new Set(placed);
  placedSets.set(placed, sites);
  return !sites.has(site);
}

/** Of the lists that heads have: one is asked for many sites. */
const placedSets = new WeakMap<readonly string[], ReadonlySet<string>>();
