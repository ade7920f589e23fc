/**
 * Site releases that were to follow a candidate at its sites, when that goes back: a changed label never brings the
 * version again that just went away, but what is current for the site.
 */
import { entitledTree } from "../arrivals.ts";
import type { Block } from "../block.ts";
import { type AppBoard, type Board, setRelease } from "../board.ts";
import { own } from "../own.ts";
import type { Release } from "../records.ts";
import { treeAt } from "../site-view.ts";
import { shrink } from "../start/take-over.ts";
import { broughtTo } from "./brought.ts";
import { goodAt } from "./good-at.ts";
import { isToGoBack } from "./stop-failed.ts";

/** Takes sites that stay on the candidate out of site releases, and lets those that go back come to what is current. */
export function redirectFollowers(board: Board, candidate: Release): void {
  const app = board.apps.get(candidate.app);
  if (app === undefined || candidate.kind !== "app") return;
  for (const release of app.open.values()) {
    if (release.kind !== "site") continue;
    const sites = followers(release, candidate).filter((site) => leavesIt(board, candidate, site));
    if (sites.length > 0) redirect(board, app, { release, candidate, sites });
  }
}

/** Sites that the release was to take on from the candidate's tree, and has not. */
function followers(release: Release, candidate: Release): string[] {
  return Object.entries(release.list).flatMap(([site, { from }]) => {
    const isIts = from !== null && broughtTo(candidate, site).includes(from);
    if (!isIts || Object.hasOwn(release.handed, site)) return [];
    return isToGoBack(candidate, site) || isLeftThere(candidate, site) ? [site] : [];
  });
}

/** What is good there is another tree than the candidate's: where it is that one, nothing goes back. */
function leavesIt({ input, apps }: Board, candidate: Release, site: string): boolean {
  const good = goodAt(input, apps.get(candidate.app), site);
  return good === undefined || !broughtTo(candidate, site).includes(good);
}

/** It stays where the candidate has brought it, and the stage will not pass. */
function isLeftThere({ goingBack, list, stages, passed }: Release, site: string): boolean {
  const stage = stages[own(list, site)?.stage ?? -1]?.name ?? "";
  return goingBack !== undefined && !Object.hasOwn(passed, stage);
}

function redirect(
  board: Board,
  app: AppBoard,
  at: { release: Release; candidate: Release; sites: readonly string[] },
): void {
  const { release, candidate, sites } = at;
  const list = { ...release.list };
  const staying = new Set<string>();
  let changed = false;
  for (const site of sites) {
    const entry = own(list, site);
    const good = isToGoBack(candidate, site) ? goodAt(board.input, app, site) : undefined;
    const to = entitledTree(board, app, site);
    if (good === undefined) staying.add(site);
    else if (entry !== undefined && to !== undefined) {
      list[site] = { ...entry, from: good, to };
      changed = true;
    }
  }
  const why = `it does not follow ${candidate.id}`;
  const next = changed ? { ...release, list } : release;
  if (changed) setRelease(board, next, `${release.id}: ${why}`);
  shrink(board, next, { sites: staying, why });
}

/** What a site release waits for where a candidate has still to go back. */
export function returnBlock(board: Board, release: Release, site: string): Block | null {
  const app = board.apps.get(release.app);
  if (app === undefined || release.kind !== "site") return null;
  const other = [...app.open.values()].find((each) => isStillToReturn(board, each, site));
  if (other === undefined) return null;
  const reason = `${site} goes back from ${other.id}`;
  return { code: "rolling-back", reason, endsWhen: "it has gone back" };
}

/** Without anything else that is good, or moved on since, it stays. */
function isStillToReturn(board: Board, candidate: Release, site: string): boolean {
  const { app, kind, back } = candidate;
  if (kind !== "app" || !isToGoBack(candidate, site) || own(back, site)) return false;
  const tree = treeAt(board.input, app, site);
  if (tree === undefined || !broughtTo(candidate, site).includes(tree)) return false;
  const isGood = goodAt(board.input, board.apps.get(app), site) !== undefined;
  return isGood && leavesIt(board, candidate, site);
}
