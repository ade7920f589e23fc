/** Why a site of an open stage is not handed over now: its place, the gate, the order, a budget. */
import { stepOf as lossStepOf } from "./count-losses.ts";
import type { AppBoard, Board } from "./board.ts";
import { beforeBlock } from "./checks/check-blocks.ts";
import { dependencyBlock } from "./dependencies.ts";
import { loneBlock, loneDomain } from "./failure-domains.ts";
import { followBlock } from "./follow-site.ts";
import type { Block } from "./block.ts";
import { goTogether, isBlock } from "./go-together.ts";
import { heldBlock, holdOn } from "./holds.ts";
import type { TreeStep } from "./losses.ts";
import { own } from "./own.ts";
import type { Release } from "./records.ts";
import { returnBlock } from "./rollback/redirect-followers.ts";
import { standingOf, treeAt } from "./site-view.ts";
import { fitsFleet, siteBlock } from "./site-blocks.ts";
import type { FullBudget, StageRun } from "./stage-run.ts";
import { failedShare, fullBudget } from "./stage-shares.ts";
import { releaseWindowBlock } from "./windows/window-block.ts";
import { type Part, releasesOf, unitStanding, type UnitSite } from "./units.ts";

/** Why a site that is waiting goes on to wait. */
export function waitingBlock(run: StageRun, site: UnitSite): Block | FullBudget | null {
  return (
    placeBlock(run, site) ??
    run.gate ??
    orderBlock(run, site) ??
    budgetBlock(run, site) ??
    followBlock(run, site) ??
    beforeBlock(run, site)
  );
}

/** Why a site that was recorded, and that its mirror never got, does not go again. */
export function againBlock(run: StageRun, site: UnitSite): Block | FullBudget | null {
  return placeBlock(run, site) ?? run.gate ?? failureBlock(run, site);
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

/** More failed than may: no site gets it any more, not even one that it is on its way to. */
function failureBlock(run: StageRun, site: UnitSite): FullBudget | null {
  const failed = goesBackTo(site) ? undefined : failedShare(run);
  return failed === undefined ? null : { full: "failure-budget", share: failed };
}

/** Of a rollback to an older release, which failures do not stop. */
function goesBackTo({ parts }: UnitSite): boolean {
  return parts.every(({ release }) => release.backTo !== undefined);
}

/** The budget that a hand-over to this site would exceed; null: it may go. What goes back needs a slot only. */
function budgetBlock(run: StageRun, site: UnitSite): Block | FullBudget | null {
  const block = failureBlock(run, site) ?? busyBlock(run.board, site);
  if (block !== null) return block;
  const isHealthySite = !goesBackTo(site) && unitStanding(site) === "healthy";
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

export function lossStep(
  board: Board,
  { release, entry, view }: Part,
): { step: TreeStep; release: Release } {
  const from = treeAt(board.input, release.app, view.site);
  return { step: lossStepOf(release, { from, to: entry.to }), release };
}
