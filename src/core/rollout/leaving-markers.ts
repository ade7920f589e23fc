/** Ends removals at sites: what its worker reports as left is recorded, and the marker goes. */
import type { TreeId } from "../render/rendered.ts";
import { type AppBoard, type Board, setRelease } from "./board.ts";
import { own } from "./own.ts";
import type { MirrorEntry } from "./planner-types.ts";
import type { Release } from "./records.ts";
import { isUnderWay, viewSite } from "./site-view.ts";

/** Records and clears every marker that has been carried out. */
export function clearMarkers(board: Board): void {
  const left = new Map<Release, Record<string, string>>();
  for (const site of Object.keys(board.input.mirrors)) {
    for (const [app, entry] of Object.entries(own(board.input.mirrors, site) ?? {})) {
      if (!("leaving" in entry) || !hasLeft(board, site, app)) continue;
      const { mirror } = viewSite(board.input, app, site);
      const { release } = entry.leaving;
      const apps = [{ app, release, set: { clear: "marker" as const }, good: null }];
      board.handOvers.push({ site, mirror, apps });
      board.apps.get(app)?.movedNow.add(site); // what comes there comes with the next plan
      noteLeft(left, board.apps.get(app)?.open.get(release), { site, at: board.at });
    }
  }
  for (const [release, sites] of left) {
    if (Object.keys(sites).length === 0) continue;
    const why = `${release.app} has left ${Object.keys(sites).join(", ")}`;
    setRelease(board, { ...release, left: { ...release.left, ...sites } }, why);
  }
}

/** Whether `clearMarkers` has something to do there. */
export function hasMarkerToClear(board: Board, site: string): boolean {
  const entries = Object.entries(own(board.input.mirrors, site) ?? {});
  return entries.some(([app, entry]) => "leaving" in entry && hasLeft(board, site, app));
}

/** Its worker, heard just now, has carried out the marker there. */
function hasLeft(board: Board, site: string, app: string): boolean {
  return board.input.sites.has(site) && isSaidToHaveLeft(board, site, app);
}

/** The same, of a site that may be forgotten. */
export function isSaidToHaveLeft(board: Board, site: string, app: string): boolean {
  const { observed, silentSince } = viewSite(board.input, app, site);
  return observed?.left === true && silentSince === null && !isUnderWay(board.input, site);
}

/** The removal by which an app leaves a site; undefined: none, or the app has come back there since. */
export function removalAt(app: AppBoard | undefined, site: string): Release | undefined {
  return app?.open
    .values()
    .find(({ kind, list }) => kind === "removal" && Object.hasOwn(list, site));
}

/** What a marker there deletes; undefined: there is none, or one of a controller that did not write that down. */
export function treeToLeave(entry: MirrorEntry | undefined): TreeId | undefined {
  if (entry === undefined || !("leaving" in entry)) return undefined;
  const { verb, from } = entry.leaving;
  // What was to be let go of, and not to be deleted, is nobody's.
  return verb === "delete" ? from : undefined;
}

function noteLeft(
  left: Map<Release, Record<string, string>>,
  release: Release | undefined,
  { site, at }: { site: string; at: string },
): void {
  if (release === undefined || !Object.hasOwn(release.list, site)) return;
  const sites = left.get(release) ?? {};
  left.set(release, sites);
  if (!Object.hasOwn(release.left ?? {}, site)) sites[site] = at;
}
