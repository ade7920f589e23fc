/** Plans one unit: its stages in order, then what follows when all have passed. */
import {
  type AppBoard,
  type Board,
  change,
  finishRelease,
  forgetBad,
  noArrivals,
  setArrivals,
  setCurrent,
  wakeAt,
} from "./board.ts";
import { controlPaths } from "./control-files.ts";
import { currentRefOf } from "./entitled-release.ts";
import type { Block } from "./block.ts";
import { planStage } from "./plan-stage.ts";
import { own } from "./own.ts";
import { planStragglers } from "./plan-stragglers.ts";
import { backInWords, noTreeInWords, reportStaying, stayingAt } from "./rollback/staying-sites.ts";
import { goBack } from "./rollback/go-back.ts";
import { sitesBack } from "./rollback/sites-back.ts";
import { stopFailed } from "./rollback/stop-failed.ts";
import type { Wait } from "./planner-types.ts";
import type { CurrentReleases, Release } from "./records.ts";
import { isGone, viewSite } from "./site-view.ts";
import { excusedBlock, waitOf } from "./stage-waits.ts";
import { releasesOf, sitesByStage, stagesOf, type Unit, unitSite } from "./units.ts";
import { someOf } from "./words.ts";

/** Moves the unit as far as it goes now. */
export function planUnit(board: Board, unit: Unit): void {
  const releases = releasesOf(board, unit);
  const stages = stagesOf(releases);
  for (const [index, stage] of stages.entries()) {
    const rest: Unit = {
      members: unit.members.filter(({ app, id }) => !hasPassed(board, { app, id }, stage.name)),
    };
    if (rest.members.length === 0) continue;
    const told = board.waits.length;
    const sites = sitesByStage(board, releasesOf(board, rest))[index] ?? [];
    if (planStage({ board, unit: rest, index, sites })) continue;
    const cause = causeInWords(board.waits.slice(told));
    stopFailed(board, rest, index);
    reportLaterStages(board, unit, { open: index, cause });
    break;
  }
  const isHandingBack = goBack(board, unit);
  for (const release of releasesOf(board, unit)) {
    if (release.kind === "removal") planStragglers(board, release);
    reportStaying(board, release);
    const isThrough = stages.every(({ name }) => Object.hasOwn(release.passed, name));
    // What is carried out under its name comes before it ends.
    if (isThrough && !isHandingBack) finish(board, release);
  }
}

function hasPassed(board: Board, { app, id }: { app: string; id: string }, stage: string): boolean {
  const passed = board.apps.get(app)?.open.get(id)?.passed ?? {};
  return Object.hasOwn(passed, stage);
}

function reportLaterStages(
  board: Board,
  unit: Unit,
  { open, cause }: { open: number; cause: string },
): void {
  const releases = releasesOf(board, unit);
  const stages = stagesOf(releases);
  const current = stages[open]?.name ?? "";
  for (const [index, sites] of sitesByStage(board, releases).entries()) {
    const stage = stages[index];
    if (index <= open || stage === undefined) continue;
    const block: Block = {
      code: "earlier-stage",
      reason: `stage ${stage.name} comes after stage ${current}: ${cause}`,
      endsWhen: `stage ${current} has passed`,
    };
    for (const site of sites) reportLaterSite(board, { releases, site, stage: stage.name, block });
  }
}

/**
 * What keeps a stage from passing, of the waits that it told: the reason of the whole stage, else the sites that wait, with
 * their reason where it is one and the same and does not pass by itself.
 */
function causeInWords(waits: readonly Wait[]): string {
  const whole = waits.find(({ site }) => site === null);
  if (whole !== undefined) return whole.reason;
  const sites = new Set(waits.flatMap(({ site }) => site ?? []));
  const [why, ...others] = new Set(waits.map(({ reason }) => reason));
  const isTold = others.length === 0 && waits.every(({ code }) => code !== "progressing");
  return `it waits for ${someOf(sites)}${isTold && why !== undefined ? `: ${why}` : ""}`;
}

function reportLaterSite(
  board: Board,
  at: { releases: readonly Release[]; site: string; stage: string; block: Block },
): void {
  for (const part of unitSite(board, at.releases, at.site).parts) {
    const block = part.state.kind === "waiting" ? at.block : excusedBlock(part);
    if (block === null) continue;
    board.waits.push(waitOf(part.release, { stage: at.stage, site: at.site, block }));
  }
}

/** All stages have passed: a candidate is current everywhere; a removal stays open until the app is gone everywhere. */
function finish(board: Board, release: Release): void {
  const app = board.apps.get(release.app);
  if (app === undefined) return;
  if (release.kind === "app") {
    if (release.backTo?.only !== true) makeCurrent(board, app, release);
    app.isCompleted = true;
  }
  if (release.kind === "removal" && isSomewhere(board, release)) return;
  finishRelease(board, release, `${release.id} is through`);
  if (release.kind === "removal") forgetApp(board, app);
  wakeAt(board, board.input.now);
}

function makeCurrent(board: Board, app: AppBoard, release: Release): void {
  const openList = release.openList ?? app.current.openList;
  const ref = currentRefOf(release);
  const current = {
    release: ref,
    partial: stayingAt(app.current, [
      ...(release.backTo?.stays ?? []).map((site) => [site, noTreeInWords(release)] as const),
      ...[...sitesBack(board, release)].map((site) => [site, backInWords(release, site)] as const),
    ]),
    ...(release.backTo === undefined ? {} : unplacedOf(app.current)),
    ...(openList === undefined ? {} : { openList }),
  };
  setCurrent(board, app, { current, why: `${ref.id} is current` });
}

/** What goes back to an older release does not bring the app back to where the head does not have it. */
function unplacedOf({ unplaced }: CurrentReleases): Pick<CurrentReleases, "unplaced"> {
  return unplaced === undefined ? {} : { unplaced };
}

/** An app that the fleet has no more, and that has left everywhere, leaves control too. */
function forgetApp(board: Board, app: AppBoard): void {
  const { release, partial } = app.current;
  if (release !== null || partial.length > 0 || app.open.size > 0) return;
  // In a version that is not tried again nothing of it is under way, and it stands where it has not left.
  if (own(board.input.placedByHead, app.app) !== undefined) return;
  change(board, controlPaths.current(app.app), { record: null, why: `${app.app} is gone` });
  setArrivals(board, app, { arrivals: noArrivals, why: `${app.app} is gone` });
  forgetBad(board, app);
}

/** The app, or a marker that ends it, still stands at a site of the list, or may. */
function isSomewhere(board: Board, release: Release): boolean {
  return Object.keys(release.list).some((site) => {
    const view = viewSite(board.input, release.app, site);
    return view.facts !== undefined && !isGone(view, release);
  });
}
