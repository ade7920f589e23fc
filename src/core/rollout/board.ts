/**
 * The planner's working copy: what control says plus what this plan has decided so far. Everything that a plan changes
 * goes through here, so that later steps of the same plan see it and each record is written once.
 */
import type { ObjectId } from "../model/kube-object.ts";
import type { TreeId } from "../render/rendered.ts";
import type { Block } from "./block.ts";
import { controlPaths } from "./control-files.ts";
import { own } from "./own.ts";
import type {
  AppControl,
  ControlChange,
  HandOver,
  JoinedSites,
  PlannerInput,
  ReleaseEnd,
  SiteMove,
  Wait,
} from "./planner-types.ts";
import type { Arrivals, CurrentReleases, Release } from "./records.ts";
import { type BadTrees, badTreesOf } from "./rollback/bad-trees.ts";
import { newUnitMemory, type UnitMemory } from "./unit-memory.ts";
import type { WindowMemory } from "./windows/window-block.ts";

export interface Board {
  readonly input: PlannerInput;
  /** `input.now` as records hold it. */
  readonly at: string;
  readonly apps: ReadonlyMap<string, AppBoard>;
  readonly changes: Map<string, BoardChange>;
  readonly handOvers: HandOver[];
  /** Site -> app -> the tree that this plan hands over there; null: it leaves. */
  readonly handedTrees: Map<string, Map<string, TreeId | null>>;
  readonly siteMoves: SiteMove[];
  readonly waits: Wait[];
  /** Sites in flight over all apps, those of this plan included, each with the apps that move there. */
  readonly sitesInFlight: Map<string, Set<string>>;
  /** Apps of which nothing moves while something is not rendered. */
  held: ReadonlyMap<string, Block>;
  wakeAt: number | null;
  /** Mirror -> when a word of its worker is wanted. */
  readonly asks: Map<string, number>;
  readonly windows: WindowMemory;
  /** What moves in one commit with what, by what each does (see dependencies.ts). */
  readonly ties: Map<string, readonly `${"comes" | "leaves"} ${string}`[]>;
  /** Tree -> the one that comes in its place (null: none) -> objects that this drops, worked out once. */
  readonly dropped: Map<TreeId, Map<TreeId | null, readonly ObjectId[]>>;
  /** Release -> site -> number of objects that it was counted to delete there, when this plan began. */
  readonly counted: Map<string, ReadonlyMap<string, number>>;
  readonly units: UnitMemory;
}

interface BoardChange {
  readonly record: object | null;
  readonly whys: readonly string[];
  readonly end?: ReleaseEnd;
  readonly joined?: JoinedSites;
}

/** Sites of one app that answer, by failure domain; `free` ones are healthy now and not in flight. */
export type Domains = ReadonlyMap<
  string,
  { readonly reachable: Set<string>; readonly free: Set<string> }
>;

export interface AppBoard {
  readonly app: string;
  current: CurrentReleases;
  readonly open: Map<string, Release>;
  bad: readonly string[];
  badTrees: BadTrees;
  arrivals: Arrivals;
  /** What of `arrivals` this plan has made itself, and so may change; null: nothing. */
  draft: ArrivalsDraft | null;
  /** site -> release that has it in flight; null: the open list. */
  readonly inFlight: Map<string, string | null>;
  /** Sites to which this plan has handed the app over already: not twice in one plan. */
  readonly movedNow: Set<string>;
  /** Trees of sites whose stage has passed in this plan. */
  readonly promoted: Map<string, TreeId>;
  /** A release became current in this plan: what sites outside of its list are entitled to is not known yet. */
  isCompleted: boolean;
  domains: Domains | null;
}

type ArrivalsDraft = Pick<Arrivals, "handed" | "failed">;

export const noArrivals: Arrivals = { handed: {}, failed: {} };

/** A board on which nothing has been decided. */
export function newBoard(input: PlannerInput, units: UnitMemory = newUnitMemory()): Board {
  const apps = Object.keys(input.control.apps).toSorted();
  return {
    input,
    at: isoTime(input.now),
    apps: new Map(apps.map((app) => [app, appBoard(app, own(input.control.apps, app))])),
    changes: new Map(),
    handOvers: [],
    handedTrees: new Map(),
    siteMoves: [],
    waits: [],
    sitesInFlight: new Map(),
    held: new Map(),
    wakeAt: null,
    asks: new Map(),
    windows: { blocks: new Map(), counting: new Map() },
    ties: new Map(),
    dropped: new Map(),
    counted: new Map(),
    units,
  };
}

const unknownApp: AppControl = { current: { release: null, partial: [] }, open: [], bad: [] };

function appBoard(app: string, control: AppControl | undefined): AppBoard {
  const { current, open, bad, badTrees, arrivals = noArrivals } = control ?? unknownApp;
  const releases = open.toSorted(byRank);
  return {
    app,
    current,
    open: new Map(releases.map((release) => [release.id, release])),
    bad,
    badTrees: badTreesOf(badTrees),
    arrivals,
    draft: null,
    inFlight: new Map(),
    movedNow: new Set(),
    promoted: new Map(),
    isCompleted: false,
    domains: null,
  };
}

const rankOf = { app: 0, removal: 1, site: 2 } as const;

/** What overtakes comes before what it overtakes; then the oldest first, of the same moment by id. */
function byRank(a: Release, b: Release): number {
  if (a.kind !== b.kind) return rankOf[a.kind] - rankOf[b.kind];
  if (a.startedAt !== b.startedAt) return Date.parse(a.startedAt) - Date.parse(b.startedAt);
  return a.id < b.id ? -1 : 1;
}

/** Time (ms) as records hold it. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** The app is in flight at a site by a release, or by the open list (null). */
export function setInFlight(
  board: Board,
  app: AppBoard,
  { site, by }: { site: string; by: string | null },
): void {
  app.inFlight.set(site, by);
  const moving = board.sitesInFlight.get(site) ?? new Set();
  board.sitesInFlight.set(site, moving.add(app.app));
}

/** Adds a hand-over to the plan. */
export function addHandOver(board: Board, handOver: HandOver): void {
  board.handOvers.push(handOver);
  const trees = board.handedTrees.get(handOver.site) ?? new Map<string, TreeId | null>();
  board.handedTrees.set(handOver.site, trees);
  for (const { app, set } of handOver.apps) trees.set(app, "tree" in set ? set.tree : null);
}

/** Writes a record of control; null removes it. */
export function change(
  board: Pick<Board, "changes">,
  path: string,
  { why, ...to }: Omit<BoardChange, "whys"> & { why: string },
): void {
  const known = board.changes.get(path);
  const joined = known?.joined === undefined ? {} : { joined: { ...known.joined, ...to.joined } };
  board.changes.set(path, { ...to, ...joined, whys: [...(known?.whys ?? []), why] });
}

/** Replaces an open release. */
export function setRelease(board: Board, release: Release, why: string): void {
  board.apps.get(release.app)?.open.set(release.id, release);
  change(board, controlPaths.open(release.app, release.id), { record: release, why });
}

/** Removes an open release that is through. */
export function finishRelease(board: Board, release: Release, why: string): void {
  removeRelease(board, release, { why, end: { through: true } });
}

/** Removes an open release that something else takes the place of. */
export function closeRelease(
  board: Board,
  release: Release,
  { why, by }: { why: string; by?: Release },
): void {
  const isOurs = by === undefined || by.backTo !== undefined;
  removeRelease(board, release, {
    why,
    end: { through: false, ...(isOurs ? {} : { by: by.source }) },
  });
}

function removeRelease(board: Board, { app, id }: Release, to: { why: string; end: ReleaseEnd }) {
  board.apps.get(app)?.open.delete(id);
  change(board, controlPaths.open(app, id), { record: null, ...to });
}

export function setCurrent(
  board: Board,
  app: AppBoard,
  to: { current: CurrentReleases; why: string },
): void {
  app.current = to.current;
  change(board, controlPaths.current(app.app), { record: to.current, why: to.why });
}

/** Writes which releases of an app are not tried again. */
export function setBad(
  board: Board,
  app: AppBoard,
  to: { digests: readonly string[]; trees: BadTrees; why: string },
): void {
  app.bad = to.digests;
  app.badTrees = to.trees;
  const record = to.digests.length === 0 ? null : { digests: to.digests, trees: to.trees };
  change(board, controlPaths.bad(app.app), { record, why: to.why });
}

/** An app that is gone may be tried again in any version when it comes back. */
export function forgetBad(board: Board, app: AppBoard): void {
  if (app.bad.length === 0) return;
  setBad(board, app, { digests: [], trees: {}, why: `${app.app} is gone` });
}

export function setArrivals(
  board: Board,
  app: AppBoard,
  { arrivals, ...to }: { arrivals: Arrivals; why: string; joined?: JoinedSites },
): void {
  app.arrivals = arrivals;
  const isEmpty = Object.values(arrivals).every((sites) => Object.keys(sites).length === 0);
  change(board, controlPaths.arrivals(app.app), {
    record: isEmpty ? null : arrivals,
    ...to,
  });
}

/**
 * The arrivals of an app, to be changed in place by what is handed over: copied once in a plan, or many hand-overs would
 * cost their square.
 */
export function draftArrivals(board: Board, app: AppBoard, why: string): ArrivalsDraft {
  const { handed, failed } = app.arrivals;
  if (app.draft?.handed === handed && app.draft.failed === failed) return app.draft;
  const draft = { handed: { ...handed }, failed: { ...failed } };
  const arrivals = { ...app.arrivals, ...draft };
  app.draft = draft;
  app.arrivals = arrivals;
  change(board, controlPaths.arrivals(app.app), { record: arrivals, why });
  return draft;
}

/** Plans again at a time that is still to come; what waits longer than that waits for something else. */
export function wakeLater(board: Board, at: number): void {
  if (at > board.input.now) wakeAt(board, at);
}

/** Asks for another plan at a time that is still to come. */
export function wakeAt(board: Board, at: number): void {
  if (at < board.input.now) return;
  board.wakeAt = board.wakeAt === null ? at : Math.min(board.wakeAt, at);
}

/** Wants a word of the worker of a mirror that is no older than `at`; where words have no time, just another plan then. */
export function askAt(board: Board, mirror: string, at: number): void {
  if (own(board.input.workers, mirror)?.heardAt === undefined) return wakeAt(board, at);
  board.asks.set(mirror, Math.min(at, board.asks.get(mirror) ?? at));
}

/** The changes in the order in which they were decided, one per record. */
export function changesOf(board: Pick<Board, "changes">): ControlChange[] {
  return [...board.changes].map(([path, { whys, ...change }]) => ({
    path,
    ...change,
    why: [...new Set(whys)].join("; "),
  }));
}
