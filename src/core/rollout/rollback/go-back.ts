/**
 * Sets sites back to what was good there: the newest touched first, within `maxInFlight` of their stage and nothing else
 * but what stops anything at a site. What goes back is a tree that the mirror has; nothing is rendered. It is recorded
 * before the mirror has it, and goes again when the process died in between. Holds do not stop it.
 */
import type { Board } from "../board.ts";
import type { Wait } from "../planner-types.ts";
import type { Release } from "../records.ts";
import { viewSite, standingTree } from "../site-view.ts";
import { siteHash } from "../stable-order.ts";
import { editMembers } from "../stage-run.ts";
import { waitOf } from "../stage-waits.ts";
import { releasesOf, type Unit } from "../units.ts";
import { backBlock, type BackRun, slotUsers } from "./back-blocks.ts";
import { countBackLosses } from "./back-losses.ts";
import { type Back, backsOf, handBack, recordBacks, reportStanding } from "./back-steps.ts";
import { broughtSites, broughtTo } from "./brought.ts";
import { redirectFollowers } from "./redirect-followers.ts";
import { takeBackSites } from "./sites-back.ts";
import { isToGoBack, settleGoingBack } from "./stop-failed.ts";

/** Hands back what may go now, and says of the rest why it stays; true: something was handed. */
export function goBack(board: Board, unit: Unit): boolean {
  const isConcerned = ({ goingBack, setBack }: Release): boolean =>
    goingBack !== undefined || Object.keys(setBack ?? {}).length > 0;
  if (!releasesOf(board, unit).some(isConcerned)) return false;
  settleRecords(board, unit);
  const backs = inOrder(unit, backsOf(board, unit, sitesToGoBack(board, unit)));
  countBackLosses(board, unit, backs);
  const run: BackRun = { board, unit, users: slotUsers(board, unit), handed: new Map() };
  const waits: Wait[] = [];
  for (const back of backs) {
    const block = backBlock(run, back);
    if (block === null && back.steps.length > 0) handBack(run, back);
    const standing = block ?? reportStanding(run, back);
    if (standing === null) continue;
    for (const { release } of back.parts) {
      const stage = release.stages[back.stage]?.name ?? "";
      waits.push(waitOf(release, { stage, site: back.site, block: standing }));
    }
  }
  recordBacks(run);
  replaceWaits(board, waits);
  return [...run.handed.values()].flat().some(({ to }) => to !== null);
}

/** What follows from going back, before anything does. */
function settleRecords(board: Board, unit: Unit): void {
  settleGoingBack(board, releasesOf(board, unit));
  for (const release of releasesOf(board, unit)) {
    const app = board.apps.get(release.app);
    if (app !== undefined && release.kind === "app") takeBackSites(board, app, release);
    redirectFollowers(board, release);
  }
  dropUnwritten(board, unit);
}

/** One reason for each site: that it goes back comes before what its stage says of it. */
function replaceWaits(board: Board, waits: readonly Wait[]): void {
  const keyOf = ({ release, site }: Wait): string => `${release} ${site}`;
  const replaced = new Set(waits.map((wait) => keyOf(wait)));
  const others = board.waits.filter((wait) => !replaced.has(keyOf(wait)));
  board.waits.splice(0, board.waits.length, ...others, ...waits);
}

/** Recorded as handed over, and the process died before the mirror had it: with the release going back it never comes. */
function dropUnwritten(board: Board, unit: Unit): void {
  editMembers(board, unit, (release) => {
    if (release.goingBack === undefined || release.kind === "removal") return undefined;
    const unwritten = Object.keys(release.handed).filter((site) =>
      isUnwritten(board, release, site),
    );
    if (unwritten.length === 0) return undefined;
    const handed = { ...release.handed };
    for (const site of unwritten) delete handed[site];
    const why = `${release.id} goes back: it does not come to ${unwritten.join(", ")}`;
    return { release: { ...release, handed }, why };
  });
}

function isUnwritten(board: Board, release: Release, site: string): boolean {
  const isSettled = [release.failed, release.excused, release.back ?? {}].some((records) =>
    Object.hasOwn(records, site),
  );
  const view = viewSite(board.input, release.app, site);
  if (isSettled || view.isMoving) return false;
  const tree = standingTree(view.entry);
  return tree === undefined || !broughtTo(release, site).includes(tree);
}

function sitesToGoBack(board: Board, unit: Unit): string[] {
  const sites = releasesOf(board, unit).flatMap((release) =>
    [...broughtSites(release)].filter((site) => isToGoBack(release, site)),
  );
  return [...new Set(sites)].filter((site) => board.input.sites.has(site));
}

/** The newest touched first, then by hash. */
function inOrder(unit: Unit, backs: readonly Back[]): readonly Back[] {
  const app = unit.members[0]?.app ?? "";
  return backs.toSorted(
    (a, b) => b.handedAt - a.handedAt || siteHash(app, a.site) - siteHash(app, b.site),
  );
}
