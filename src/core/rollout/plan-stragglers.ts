/**
 * Sites of a removal that could not be reached when their stage passed: the app leaves them when they are back, under
 * the budget of the last stage. Until then the removal stays on record: leaving is written, never inferred.
 */
import { removalVerb } from "./approvals.ts";
import { addHandOver, type Board, setInFlight, setRelease } from "./board.ts";
import type { Block } from "./block.ts";
import { countedAt, recountBlock, stepOf, withLosses } from "./count-losses.ts";
import { dependencyBlock } from "./dependencies.ts";
import { consentGate } from "./gates.ts";
import { goTogether, isBlock, takeAlong } from "./go-together.ts";
import { heldBlock, holdOn } from "./holds.ts";
import { lossesOf } from "./losses.ts";
import { fitsFleet, siteBlock } from "./site-blocks.ts";
import { own } from "./own.ts";
import type { Release } from "./records.ts";
import { siteState } from "./site-state.ts";
import { isGone, type SiteView, standingOf, standingTree, viewSite } from "./site-view.ts";
import { budget, fleetWords, waitOf } from "./stage-waits.ts";
import { releaseWindowBlock } from "./windows/window-block.ts";
import { healthInWords } from "./words.ts";

/** Hands the marker to stragglers that are back. */
export function planStragglers(board: Board, release: Release): void {
  const behind = viewsBehind(board, release);
  reportMarked(board, release, behind);
  const stragglers = behind.filter(isStraggler).map(({ site }) => site);
  if (stragglers.length === 0) return;
  const inFlight = inFlightOf(board, release);
  const handed: Release["handed"] = {};
  const losses: Record<string, number> = {};
  for (const site of stragglers) {
    const result =
      stragglerBlock(board, release, { site, inFlight }) ?? handMarker(board, release, site);
    if ("record" in result) {
      inFlight.add(site);
      handed[site] = result.record;
      losses[site] = result.counted;
    } else {
      const stage = stageName(release, site);
      board.waits.push(waitOf(release, { stage, site, block: result }));
    }
  }
  if (Object.keys(handed).length === 0) return;
  const excused = Object.fromEntries(
    Object.entries(release.excused).filter(([site]) => !Object.hasOwn(handed, site)),
  );
  const deletions = withLosses(release, losses);
  // What has left and stands again, since its mirror is an older one, is to leave once more.
  const left = Object.fromEntries(
    Object.entries(release.left ?? {}).filter(([site]) => !Object.hasOwn(handed, site)),
  );
  const known = release.left === undefined ? {} : { left };
  const all = { ...release.handed, ...handed };
  const next = { ...release, excused, deletions, ...known, handed: all };
  setRelease(
    board,
    next,
    `${release.app}: ${release.id} handed over to ${Object.keys(handed).join(", ")}`,
  );
}

/** Of the sites of passed stages that the fleet has. */
function viewsBehind(board: Board, release: Release): SiteView[] {
  return Object.keys(release.list).flatMap((site) => {
    if (!Object.hasOwn(release.passed, stageName(release, site))) return [];
    const view = viewSite(board.input, release.app, site);
    return view.facts === undefined ? [] : [view];
  });
}

/** Its tree still stands: excused when its stage passed, or recorded and never written. */
function isStraggler({ isMoving, entry }: SiteView): boolean {
  return isMoving || standingTree(entry) !== undefined;
}

/** Those that were told to remove the app, and have not said that it has left: nothing else waits for them. */
function reportMarked(board: Board, release: Release, views: readonly SiteView[]): void {
  for (const view of views) {
    const { site, observed } = view;
    if (isStraggler(view) || isGone(view, release) || observed?.left === true) continue;
    const block = siteBlock(view, "slot") ?? notLeftBlock(view);
    board.waits.push(waitOf(release, { stage: stageName(release, site), site, block }));
  }
}

function notLeftBlock({ observed }: SiteView): Block {
  return {
    code: "progressing",
    reason: `it has not left yet: ${healthInWords(observed, false)}`,
    endsWhen: "its worker reports that the app has left",
  };
}

function stageName(release: Release, site: string): string {
  return release.stages[own(release.list, site)?.stage ?? -1]?.name ?? "";
}

function inFlightOf(board: Board, release: Release): Set<string> {
  const sites = Object.keys(release.handed).filter((site) => {
    const [entry, view] = [own(release.list, site), viewSite(board.input, release.app, site)];
    if (entry === undefined || view.entry === undefined) return false;
    return siteState({ input: board.input, release, entry, view }).kind === "in-flight";
  });
  return new Set(sites);
}

function stragglerBlock(
  board: Board,
  release: Release,
  { site, inFlight }: { site: string; inFlight: ReadonlySet<string> },
): Block | null {
  const view = viewSite(board.input, release.app, site);
  return (
    siteBlock(view) ??
    holdBlock(board, release, view) ??
    releaseWindowBlock(board, view, release) ??
    consentBlock(release) ??
    slotBlock(board, release, { site, inFlight })
  );
}

/** A removal stays one when its stage has passed: whatever holds removals there holds this too. */
function holdBlock(board: Board, release: Release, { site, facts }: SiteView): Block | null {
  const at = { site, region: facts?.region ?? "" };
  const { app, kind, id, source, stages } = release;
  const stage = stages[own(release.list, site)?.stage ?? -1];
  const target = { app, kind, release: id, source, stage, at };
  const hold = holdOn(board.input.control.holds, target);
  return hold === undefined ? null : heldBlock(hold);
}

function consentBlock(release: Release): Block | null {
  const gate = consentGate(release);
  if (gate === null) return null;
  return {
    ...gate,
    reason: `what ${release.id} removes is not approved any more: ${gate.reason}`,
  };
}

function slotBlock(
  board: Board,
  release: Release,
  { site, inFlight }: { site: string; inFlight: ReadonlySet<string> },
): Block | null {
  const most = release.stages.at(-1)?.maxInFlight ?? 0;
  if (inFlight.size >= most && !inFlight.has(site)) {
    const stage = release.id;
    return budget("in-flight-budget", { name: "maxInFlight", most, users: inFlight, stage });
  }
  if (fitsFleet(board, site)) return null;
  return fleetWords(board);
}

function handMarker(
  board: Board,
  release: Release,
  site: string,
): { readonly record: Release["handed"][string]; readonly counted: number } | Block {
  const view = viewSite(board.input, release.app, site);
  const from = standingTree(view.entry) ?? "";
  const step = stepOf(release, { from, to: null });
  const early = dependencyBlock(board, site, [step]);
  if (early !== null) return early;
  const together = goTogether(board, site, { steps: [step], arrivals: [] });
  if (isBlock(together)) return together;
  const lost = lossesOf(board, site, { step, steps: together.steps }).deleted.length;
  const counted = countedAt(board, release, site);
  if (lost > counted) return recountBlock(release);
  const leaving = { verb: removalVerb(release), release: release.id, from };
  const marker = { app: release.app, release: release.id, set: { leaving }, good: null };
  const apps = [marker, ...takeAlong(board, together.arrivals)];
  addHandOver(board, { site, mirror: view.mirror, apps });
  const app = board.apps.get(release.app);
  if (app !== undefined) setInFlight(board, app, { site, by: release.id });
  return { record: { at: board.at, was: standingOf(view, release.unknownBlocks) }, counted };
}
