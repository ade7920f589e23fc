/**
 * Hands the sites of an open stage over, as far as its budgets reach. Nothing else decides that a site gets something
 * from a release; a hand-over is recorded in `handed` before it is carried out.
 */
import { removalVerb, withoutSites } from "./approvals.ts";
import { countedAt, recountBlock, withLosses } from "./count-losses.ts";
import { addHandOver, type Board, closeRelease, setInFlight, setRelease } from "./board.ts";
import { takeFromDomain } from "./failure-domains.ts";
import { followSites, noteFollowed } from "./follow-site.ts";
import type { Block } from "./block.ts";
import { goTogether, isBlock, takeAlong } from "./go-together.ts";
import { goodTree } from "./good-tree.ts";
import { againBlock, lossStep, waitingBlock } from "./hand-over-blocks.ts";
import { lossesOf } from "./losses.ts";
import { own } from "./own.ts";
import type { HandOver } from "./planner-types.ts";
import type { Release } from "./records.ts";
import { noteBrought } from "./rollback/note-brought.ts";
import { isReachable, standingOf, standingTree } from "./site-view.ts";
import { siteHash } from "./stable-order.ts";
import { type Blocked, type FullBudget, type StageRun, wakeAtDeadline } from "./stage-run.ts";
import { isFull, takeSlots } from "./stage-shares.ts";
import { holdsSlot, type Part, unitStanding, type UnitSite } from "./units.ts";

/** Hands over what may go now and tells why the others wait. */
export function handOverSites(run: StageRun): Blocked {
  const blocked = new Map<UnitSite, Block | FullBudget>();
  for (const site of run.sites.filter(needsRehanding)) {
    const block = againBlock(run, site) ?? handOver(run, site, true);
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
