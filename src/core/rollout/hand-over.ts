/**
 * Hands the sites of an open stage over, as far as its budgets reach. Nothing else decides that a site gets something
 * from a release; a hand-over is recorded in `handed` before it is carried out.
 */
import { removalVerb, withoutSites } from "./approvals.ts";
import { countedAt, recountBlock, stepOf as lossStepOf, withLosses } from "./count-losses.ts";
import {
  addHandOver,
  type AppBoard,
  type Board,
  closeRelease,
  setInFlight,
  setRelease,
} from "./board.ts";
import { beforeBlock } from "./checks/check-blocks.ts";
import { dependencyBlock } from "./dependencies.ts";
import { loneBlock, loneDomain, takeFromDomain } from "./failure-domains.ts";
import { followBlock, followSites, noteFollowed } from "./follow-site.ts";
import type { Block } from "./block.ts";
import { goTogether, isBlock, takeAlong } from "./go-together.ts";
import { goodTree } from "./good-tree.ts";
import { heldBlock, holdOn } from "./holds.ts";
import { lossesOf, type TreeStep } from "./losses.ts";
import { own } from "./own.ts";
import type { HandOver } from "./planner-types.ts";
import type { Release } from "./records.ts";
import { noteBrought } from "./rollback/note-brought.ts";
import { returnBlock } from "./rollback/redirect-followers.ts";
import { isReachable, standingOf, standingTree, treeAt } from "./site-view.ts";
import { fitsFleet, siteBlock } from "./site-blocks.ts";
import { siteHash } from "./stable-order.ts";
import { type Blocked, type FullBudget, type StageRun, wakeAtDeadline } from "./stage-run.ts";
import { failedShare, fullBudget, isFull, takeSlots } from "./stage-shares.ts";
import { releaseWindowBlock } from "./windows/window-block.ts";
import { holdsSlot, type Part, releasesOf, unitStanding, type UnitSite } from "./units.ts";

/** Hands over what may go now and tells why the others wait. */
export function handOverSites(run: StageRun): Blocked {
  const blocked = new Map<UnitSite, Block | FullBudget>();
  for (const site of run.sites.filter(needsRehanding)) {
    const block = placeBlock(run, site) ?? run.gate ?? handOver(run, site, true);
    if (block === null) continue;
    blocked.set(site, block);
    wakeAtDeadline(run, site);
  }
  for (const site of inOrder(
    run,
    run.sites.filter(({ state }) => state.kind === "waiting"),
  )) {
    const block = waitingBlock(run, site) ?? handOver(run, site, false);
    if (block !== null) blocked.set(site, block);
  }
  return blocked;
}

/** Why a site that is waiting goes on to wait. */
function waitingBlock(run: StageRun, site: UnitSite): Block | FullBudget | null {
  return (
    placeBlock(run, site) ??
    run.gate ??
    orderBlock(run, site) ??
    budgetBlock(run, site) ??
    followBlock(run, site) ??
    beforeBlock(run, site)
  );
}

/** Recorded, but the process died before the mirror had it: it goes again, in the slot it has. */
function needsRehanding({ state, parts }: UnitSite): boolean {
  return state.kind === "in-flight" && parts.some((part) => isRehand(part));
}

function isRehand({ state }: Part): boolean {
  return state.kind === "in-flight" && state.rehand;
}

/** What is broken first, so that a fix reaches it; then by hash. With no slot left the order does not matter. */
function inOrder(run: StageRun, waiting: readonly UnitSite[]): readonly UnitSite[] {
  if (waiting.length < 2 || (isFull(run) && !waiting.some(({ state }) => holdsSlot(state))))
    return waiting;
  const app = run.unit.members[0]?.app ?? "";
  const keyed = waiting.map((site) => ({
    site,
    rank: backRank(site) ?? (unitStanding(site) === "healthy" ? 1 : 0),
    hash: siteHash(app, site.site),
  }));
  keyed.sort((a, b) => a.rank - b.rank || a.hash - b.hash || (a.site.site < b.site.site ? -1 : 1));
  return keyed.map(({ site }) => site);
}

/** What goes back to an older release: the newest touched first. */
function backRank({ site, parts }: UnitSite): number | undefined {
  const touched = parts.flatMap(({ release }) => own(release.backTo?.touched, site) ?? []);
  return touched.length === 0 ? undefined : -Math.max(...touched.map((at) => Date.parse(at)));
}

/** What stops anything at this site: it moves, nobody hears its worker, it cannot be reached, it is held, no window is open. */
function placeBlock(run: StageRun, { site, region, parts }: UnitSite): Block | null {
  const view = parts[0]?.view;
  if (view === undefined) return null;
  const block =
    siteBlock(view, "wait") ??
    movedBlock(run, { site, parts }) ??
    holdBlock(run, { site, region, parts });
  if (block !== null) return block;
  for (const { release } of parts) {
    const shut = releaseWindowBlock(run.board, view, release);
    if (shut !== null) return shut;
  }
  return null;
}

function holdBlock(
  run: StageRun,
  { site, region, parts }: Pick<UnitSite, "site" | "region" | "parts">,
): Block | null {
  const holds = run.board.input.control.holds;
  if (holds.length === 0) return null;
  for (const { release, entry } of parts) {
    if (release.backTo !== undefined) continue;
    const hold = holdOn(holds, {
      app: release.app,
      kind: release.kind,
      release: release.id,
      source: release.source,
      stage: release.stages[entry.stage],
      at: { site, region },
    });
    if (hold === undefined) continue;
    return heldBlock(hold);
  }
  return null;
}

/** One step of an app at a site in a plan: what follows a marker, or another release, comes with the next. */
function movedBlock({ board }: StageRun, { site, parts }: Pick<UnitSite, "site" | "parts">) {
  const moved = parts.find(({ release }) => board.apps.get(release.app)?.movedNow.has(site));
  if (moved === undefined) return null;
  return {
    code: "progressing",
    reason: `${moved.release.app} is just being moved at ${site}`,
    endsWhen: "the next pass, which follows at once",
  } satisfies Block;
}

/** What the apps depend on comes first. */
function orderBlock({ board }: StageRun, { site, parts }: UnitSite): Block | null {
  const waiting = parts.filter(
    ({ release, state }) => state.kind === "waiting" && release.backTo === undefined,
  );
  const steps = waiting.map((part) => lossStep(board, part).step);
  const block = dependencyBlock(board, site, steps);
  if (block === null) return null;
  // What is taken along is not waited for.
  const together = goTogether(board, site, { steps, arrivals: [] });
  return isBlock(together) ? block : dependencyBlock(board, site, together.steps);
}

/** The budget that a hand-over to this site would exceed; null: it may go. What goes back needs a slot only. */
function budgetBlock(run: StageRun, site: UnitSite): Block | FullBudget | null {
  const isBack = site.parts.every(({ release }) => release.backTo !== undefined);
  const failed = isBack ? undefined : failedShare(run);
  if (failed !== undefined) return { full: "failure-budget", share: failed };
  const busy = busyBlock(run.board, site);
  if (busy !== null) return busy;
  const isHealthySite = !isBack && unitStanding(site) === "healthy";
  const full = fullBudget(run, site, isHealthySite);
  if (full !== undefined) return full;
  if (!fitsFleet(run.board, site.site)) return { full: "fleet-budget", share: null };
  return isHealthySite ? domainBlock(run, site) : null;
}

/** Another release of the app, not an older one that this one overtakes, has the site in flight. */
function busyBlock(board: Board, { site, parts }: UnitSite): Block | null {
  for (const { release } of parts) {
    const returning = returnBlock(board, release, site);
    if (returning !== null) return returning;
    const app = board.apps.get(release.app);
    const holder = app?.inFlight.get(site);
    if (app === undefined || holder === undefined || holder === release.id) continue;
    if (mayTakeFrom(app, release, { site, holder })) continue;
    return {
      code: "progressing",
      reason: `${holder ?? "the open list"} has ${site} in flight`,
      endsWhen: "it has settled there",
    };
  }
  return null;
}

function mayTakeFrom(
  app: AppBoard,
  release: Release,
  { site, holder }: { site: string; holder: string | null },
): boolean {
  const other = holder === null ? undefined : app.open.get(holder);
  return other !== undefined && !app.movedNow.has(site) && overtakes(release, other);
}

function overtakes(release: Release, other: Release): boolean {
  if (other.kind !== "site" || release.kind === "site") return false;
  return Date.parse(release.startedAt) >= Date.parse(other.startedAt);
}

/** Of each app that is healthy there: where it is not, a hand-over takes no healthy one away. */
function domainBlock({ board, unit }: StageRun, { site, parts }: UnitSite): Block | null {
  const members = releasesOf(board, unit);
  for (const { release, entry, view } of parts) {
    if (standingOf(view, release.unknownBlocks) !== "healthy") continue;
    const app = board.apps.get(release.app);
    // The app may leave some sites of the unit by another release than the one that it moves by at others.
    const lists = members.filter(({ app: name }) => name === release.app).map(({ list }) => list);
    const later = (other: string): boolean =>
      lists.some((list) => (own(list, other)?.stage ?? -1) > entry.stage);
    const domain = app && loneDomain(board, app, { site, later });
    if (domain !== undefined) return loneBlock(domain, release.app);
  }
  return null;
}

/** Hands a site over, with what has to go along; a block where that may not go. */
function handOver(run: StageRun, site: UnitSite, again: boolean): Block | null {
  const parts = site.parts.filter((part) => part.state.kind === "waiting" || isRehand(part));
  const taken = parts.map((part) => lossStep(run.board, part));
  const together = goTogether(run.board, site.site, {
    steps: taken.map(({ step }) => step),
    arrivals: [],
  });
  if (isBlock(together)) return together;
  const losses = new Map<Release, number>();
  for (const { step, release } of taken) {
    const lost = lossesOf(run.board, site.site, { step, steps: together.steps }).deleted.length;
    const counted = countedAt(run.board, release, site.site);
    if (lost > counted) return recountBlock(release);
    losses.set(release, counted);
  }
  const apps = parts.map((part) => stepOf(run.board, part));
  const mirror = site.parts[0]?.view.mirror ?? "";
  const along = takeAlong(run.board, together.arrivals);
  addHandOver(run.board, { site: site.site, mirror, apps: [...apps, ...along] });
  for (const part of parts) record(run, part, losses.get(part.release) ?? 0);
  run.handedNow.add(site.site);
  takeSlots(run, site, !again && unitStanding(site) !== "joining");
  noteFollowed(run, site);
  noteInFlight(run, site);
  return null;
}

function lossStep(
  board: Board,
  { release, entry, view }: Part,
): { step: TreeStep; release: Release } {
  const from = treeAt(board.input, release.app, view.site);
  return { step: lossStepOf(release, { from, to: entry.to }), release };
}

function noteInFlight(run: StageRun, { site, parts }: UnitSite): void {
  for (const { release } of parts) {
    const app = run.board.apps.get(release.app);
    if (app === undefined) continue;
    takeFromDomain(run.board, app, site);
    setInFlight(run.board, app, { site, by: release.id });
    app.movedNow.add(site);
  }
}

function record(run: StageRun, { release, view }: Part, lost: number): void {
  const isUnknown = view.observed === undefined;
  const standing = isUnknown ? "joining" : standingOf(view, release.unknownBlocks);
  const before = own(release.handed, view.site)?.was ?? own(release.retried, view.site);
  const was = before ?? standing;
  const records = run.handed.get(release.id) ?? {};
  run.handed.set(release.id, records);
  records[view.site] = { at: run.board.at, was };
  const losses = run.losses.get(release.id) ?? {};
  run.losses.set(release.id, losses);
  losses[view.site] = lost;
}

function stepOf(board: Board, { release, entry, view }: Part): HandOver["apps"][number] {
  const { app, id } = release;
  if (entry.to === null) {
    const from = standingTree(view.entry) ?? entry.from ?? "";
    const verb = removalVerb(release);
    return { app, release: id, set: { leaving: { verb, release: id, from } }, good: null };
  }
  const good = goodTree(board, board.apps.get(app), view);
  return { app, release: id, set: { tree: entry.to }, good };
}

/** Writes the hand-overs of a run into the releases, and takes their sites out of what they overtake. */
export function recordHandOvers(run: StageRun): void {
  for (const { app, id } of run.unit.members) {
    const release = run.board.apps.get(app)?.open.get(id);
    const handed = run.handed.get(id);
    if (release === undefined || handed === undefined) continue;
    const sites = Object.keys(handed);
    const why = `${app}: ${id} handed over to ${sites.length === 1 ? sites[0] : `${sites.length} sites`}`;
    const deletions = withLosses(release, run.losses.get(id) ?? {});
    setRelease(run.board, { ...release, deletions, handed: { ...release.handed, ...handed } }, why);
    settleWithOthers(run.board, release, new Set(sites));
  }
}

/** A candidate or removal takes its sites from site releases; a site release takes a candidate's along. */
function settleWithOthers(board: Board, release: Release, sites: ReadonlySet<string>): void {
  for (const other of board.apps.get(release.app)?.open.values() ?? []) {
    if (other.id === release.id) continue;
    if (release.kind === "site") followSites(board, { site: release, other, sites });
    else if (other.kind === "site") overtake(board, other, { sites, by: release });
  }
  if (release.kind === "site") noteMoved(board, release, sites);
}

function noteMoved(board: Board, { app: name, list }: Release, sites: ReadonlySet<string>): void {
  const app = board.apps.get(name);
  const found = [...sites].flatMap((site) => {
    const tree = own(list, site)?.to ?? null;
    return tree === null ? [] : [{ site, tree }];
  });
  if (app !== undefined) noteBrought(board, app, found);
}

/** Sites that a candidate excused are its own once their stage has passed: site releases have no say there any more. */
export function overtakeMissed(board: Board, by: Release, sites: ReadonlySet<string>): void {
  for (const other of board.apps.get(by.app)?.open.values() ?? []) {
    if (other.kind === "site") overtake(board, other, { sites, by });
  }
}

/** What failed stays on record, so that it goes on to count; but a release that has nothing else left ends. */
function overtake(
  board: Board,
  other: Release,
  { sites, by }: { sites: ReadonlySet<string>; by: Release },
): void {
  const taken = new Set([...sites].filter((site) => !Object.hasOwn(other.failed, site)));
  const smaller = withoutSites(other, taken, (site) => isReachable(board.input, site));
  const isOver = Object.keys(smaller.list).every(
    (site) =>
      sites.has(site) || (Object.hasOwn(other.failed, site) && Object.hasOwn(by.handed, site)),
  );
  if (isOver)
    closeRelease(board, other, { why: `${other.id} ends: ${by.id} has overtaken it`, by });
  else if (smaller !== other) setRelease(board, smaller, `${by.id} overtakes ${other.id}`);
}
