/** One open (or opening) stage of a unit: record what failed, hand over what may go, pass it when it is through. */
import { type Board, setArrivals, setCurrent, wakeAt } from "./board.ts";
import { isStagePromoted } from "./approvals.ts";
import type { Block } from "./block.ts";
import { passingBlock, openingBlock } from "./checks/check-blocks.ts";
import { recordMet } from "./checks/record-met.ts";
import { recordSoaked } from "./record-soaked.ts";
import { currentRefOf } from "./entitled-release.ts";
import { stageGate } from "./gates.ts";
import { handOverSites, overtakeMissed, recordHandOvers } from "./hand-over.ts";
import { finalLosses } from "./losses.ts";
import { own } from "./own.ts";
import type { CurrentReleases, Release, SiteLosses } from "./records.ts";
import { sitesBack } from "./rollback/sites-back.ts";
import { backToInWords } from "./rollback/staying-sites.ts";
import { soakBlock } from "./soak.ts";
import { treeAt } from "./site-view.ts";
import { excusedByPlanner } from "./site-state.ts";
import { editMembers, newStageRun, type StageRun } from "./stage-run.ts";
import { failedShare } from "./stage-shares.ts";
import { failureWords, reportSites, reportStage } from "./stage-waits.ts";
import { type Part, releasesOf, type Unit, unitSite, type UnitSite } from "./units.ts";
import { someOf } from "./words.ts";

export interface StageInput {
  readonly board: Board;
  readonly unit: Unit;
  readonly index: number;
  /** Sites of the stage. */
  readonly sites: readonly string[];
}

/** Moves the stage as far as it goes now; true when it has passed. */
export function planStage(input: StageInput): boolean {
  const run = openRun(input);
  if (run === null) return false;
  if (!isOpened(run)) {
    const gate = run.gate ?? openingBlock(run);
    if (gate !== null) return waitAtGate(run, gate);
    openStage(run);
  }
  recordMet(run);
  const blocked = handOverSites(run);
  recordHandOvers(run);
  const block = closingBlock(run, blocked.size > 0);
  if (block === null) {
    passStage(run);
    return true;
  }
  if (run.gate === null && isSettled(run, blocked.size > 0)) recordSoaked(run);
  reportSites(run, blocked);
  if (block !== "unsettled") reportStage(run, block);
  return false;
}

/** The stage with its sites; what fails now is recorded first, so that every count knows it. */
function openRun({ board, unit, index, sites }: StageInput): StageRun | null {
  const releases = releasesOf(board, unit);
  const stage = releases[0]?.stages[index];
  if (stage === undefined) return null;
  const read = (): UnitSite[] =>
    sites.map((site) => unitSite(board, releasesOf(board, unit), site));
  const before = read();
  const gate =
    sites.length === 0 ? heldGate(board, releases, index) : stageGate(board, releases, stage);
  const failing = before.filter(({ parts }) => parts.some(({ state }) => state.kind === "fails"));
  if (failing.length === 0) return newStageRun({ board, unit, stage, sites: before, gate });
  recordFailures(board, unit, failing);
  return newStageRun({ board, unit, stage, sites: read(), gate });
}

/** A stage without sites needs nobody's approval; only a hold stops it, or that the release goes back. */
function heldGate(board: Board, releases: readonly Release[], index: number): StageRun["gate"] {
  const stage = releases[0]?.stages[index];
  const gate =
    stage === undefined ? null : stageGate(board, releases, { ...stage, approval: false });
  return gate?.code === "held" || gate?.code === "rolling-back" ? gate : null;
}

function recordFailures(board: Board, unit: Unit, failing: readonly UnitSite[]): void {
  const byRelease = new Map<string, Release["failed"]>();
  for (const { parts } of failing) {
    for (const { state, release, view } of parts) {
      if (state.kind !== "fails") continue;
      const failed = byRelease.get(release.id) ?? {};
      byRelease.set(release.id, failed);
      const others = unit.members.flatMap(({ id }) => (id === release.id ? [] : [id]));
      const along = others.length === 0 ? {} : { with: others };
      failed[view.site] = { at: board.at, cause: state.cause, ...along };
    }
  }
  editMembers(board, unit, (release) => {
    const failed = byRelease.get(release.id);
    if (failed === undefined) return undefined;
    const why = Object.entries(failed).map(
      ([site, { cause }]) => `${site} failed ${release.id}: ${cause}`,
    );
    return {
      release: { ...release, failed: { ...release.failed, ...failed } },
      why: why.join("; "),
    };
  });
}

function isOpened({ board, unit, stage }: StageRun): boolean {
  return releasesOf(board, unit).every(({ opened }) => Object.hasOwn(opened, stage.name));
}

/** Nothing has begun: every site waits for the gate. */
function waitAtGate(run: StageRun, gate: Block): false {
  reportStage(run, gate);
  const waiting = run.sites.filter(({ state }) => state.kind === "waiting");
  reportSites(run, new Map(waiting.map((site) => [site, gate])));
  return false;
}

function openStage({ board, unit, stage }: StageRun): void {
  editMembers(board, unit, (release) => {
    if (Object.hasOwn(release.opened, stage.name)) return undefined;
    const opened = { ...release.opened, [stage.name]: board.at };
    return { release: { ...release, opened }, why: `${release.id}: stage ${stage.name} opened` };
  });
}

/** Why the stage cannot close now; null: it can. `unsettled`: its sites say why. */
function closingBlock(run: StageRun, hasBlocked: boolean): StageRun["gate"] | "unsettled" {
  const { gate } = run;
  if (gate?.code === "rolling-back") return gate;
  const failed = failedShare(run);
  if (failed !== undefined) return failureWords(run, failed);
  if (gate !== null) return gate;
  if (!isSettled(run, hasBlocked)) return "unsettled";
  return successBlock(run) ?? waitingBlock(run);
}

function isSettled({ sites, handedNow }: StageRun, hasBlocked: boolean): boolean {
  return !hasBlocked && handedNow.size === 0 && !sites.some(isUnsettled);
}

function isUnsettled({ state }: UnitSite): boolean {
  return state.kind === "waiting" || state.kind === "in-flight";
}

function successBlock({ board, sites, stage, unit }: StageRun): Block | null {
  if (sites.length === 0 || hasSuccess(sites)) return null;
  const each = unit.members.length > 1 ? ", from each release that moves there" : "";
  const releases = releasesOf(board, unit);
  const isRemoval = releases.every(({ kind }) => kind === "removal");
  const hasLeft = (site: string): boolean =>
    releases.some(({ left }) => Object.hasOwn(left ?? {}, site));
  const names = someOf(sites.flatMap(({ site }) => (hasLeft(site) ? [] : [site])));
  const [reason, end] = isRemoval
    ? [`of the sites that stage ${stage.name} still has none has lost it (${names})`, "one has"]
    : [`no site of stage ${stage.name} has got it and is healthy (${names})`, "one is"];
  return {
    code: "no-success",
    reason,
    endsWhen: `${end}, or an operator excuses every site of the stage${each}`,
  };
}

/** What it still waits for when every site has settled. */
function waitingBlock(run: StageRun): StageRun["gate"] {
  return soakBlock(run) ?? passingBlock(run) ?? promotionBlock(run);
}

/** The releases of the stage that nobody has promoted yet. */
function unpromoted({ board, unit, stage }: StageRun): readonly Release[] {
  return releasesOf(board, unit).filter((release) => !isStagePromoted(release, stage.name));
}

/** A stage that is to be promoted by hand keeps the release to itself until then. */
function promotionBlock(run: StageRun): StageRun["gate"] {
  const { stage, sites } = run;
  const [release] = sites.length === 0 ? [] : unpromoted(run);
  if (stage.promotion !== "manual" || release === undefined) return null;
  const { app, id } = release;
  return {
    code: "promotion",
    reason: `stage ${stage.name} has ${id} for as long as wanted: its promotion is manual`,
    endsWhen: `an operator promotes stage ${stage.name} of ${id}`,
    needs: { app, release: id, what: "promotion", value: stage.name },
  };
}

/** One site has it and is healthy; or people have spoken for each of them, in each release that moves there. */
function hasSuccess(sites: readonly UnitSite[]): boolean {
  if (sites.some(({ state }) => state.kind === "done" && state.isBroken !== true)) return true;
  return sites.every(({ parts }) => parts.every(isSpokenFor));
}

const unspoken: ReadonlySet<string> = new Set(["offline", "suspended", "tied"]);

function isSpokenFor({ state }: Part): boolean {
  return state.kind === "excused" && !unspoken.has(state.because);
}

/** The stage's sites are the release's from now on; what it could not reach is excused and catches up later. */
function passStage(run: StageRun): void {
  const { board, unit, stage, sites } = run;
  const excused = new Map<string, Record<string, Release["excused"][string]>>();
  for (const { parts } of sites) for (const part of parts) excuse(board, part, excused);
  editMembers(board, unit, (release) => {
    const passed = { ...release.passed, [stage.name]: board.at };
    const missed = { ...release.excused, ...excused.get(release.id) };
    const note = sites.length === 0 ? " (it has no sites)" : "";
    return {
      release: { ...release, passed, excused: missed },
      why: `${release.id}: stage ${stage.name} passed${note}`,
    };
  });
  const releases = releasesOf(board, unit);
  for (const release of releases) if (release.kind === "app") promote(run, release);
  // Now all of them are what their sites are to have: what one gives, and another takes there, is no loss.
  for (const release of releases) {
    if (release.kind !== "removal") grantLosses(board, release, sites);
  }
  wakeAt(board, board.input.now);
}

/** What was counted at sites that the release did not reach may go when the open list brings them what they missed. */
function grantLosses(board: Board, release: Release, sites: readonly UnitSite[]): void {
  const app = board.apps.get(release.app);
  const granted: SiteLosses = {};
  for (const { site } of sites) {
    const to = own(release.list, site)?.to ?? null;
    const from = treeAt(board.input, release.app, site);
    if (to === null || from === undefined || from === to) continue;
    const step = { app: release.app, from, to };
    const deleted = finalLosses(board, site, step);
    if (deleted.length > 0) granted[site] = { to, objects: [...deleted] };
  }
  if (app === undefined || Object.keys(granted).length === 0) return;
  const arrivals = { ...app.arrivals, granted: { ...app.arrivals.granted, ...granted } };
  setArrivals(board, app, { arrivals, why: `${release.id}: what it deletes where it was missed` });
}

function excuse(
  board: Board,
  { state, release, view }: Part,
  excused: Map<string, Record<string, Release["excused"][string]>>,
): void {
  if (state.kind !== "excused" || Object.hasOwn(release.excused, view.site)) return;
  const records = excused.get(release.id) ?? {};
  excused.set(release.id, records);
  const why = state.because === "region" ? "the region was excused" : state.because;
  records[view.site] = { at: board.at, by: excusedByPlanner, why };
}

/** A release that passes a stage is current for that stage's sites. */
function promote({ board, stage, sites }: StageRun, release: Release): void {
  const app = board.apps.get(release.app);
  if (app === undefined) return;
  const back = sitesBack(board, release);
  const names = sites.flatMap(({ site }) =>
    Object.hasOwn(release.list, site) && !back.has(site) ? [site] : [],
  );
  for (const site of names) {
    const to = own(release.list, site)?.to;
    if (to !== undefined && to !== null) app.promoted.set(site, to);
  }
  const missed = names.filter((site) => !Object.hasOwn(release.handed, site));
  overtakeMissed(board, release, new Set(missed));
  const gone = new Set(names);
  const older = app.current.partial
    .map((entry) => ({ ...entry, sites: entry.sites.filter((site) => !gone.has(site)) }))
    .filter((entry) => entry.sites.length > 0 || entry.release.id === release.id);
  const partial = [...older, promotionOf(release, stage, names.toSorted())];
  const openList = app.current.openList ?? release.openList;
  const current = { ...app.current, partial, ...(openList === undefined ? {} : { openList }) };
  setCurrent(board, app, { current, why: `${release.id} is current for stage ${stage.name}` });
}

function promotionOf(
  release: Release,
  { name, selector }: StageRun["stage"],
  sites: string[],
): CurrentReleases["partial"][number] {
  const isOnly = release.backTo?.only === true;
  return {
    stage: name,
    release: currentRefOf(release),
    sites,
    ...(selector === undefined ? {} : { selector }),
    ...(isOnly ? { because: backToInWords(release) } : {}),
  };
}
