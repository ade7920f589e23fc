/** Sites that go from one release to another: in flight they keep their slot, nothing else of their past counts. */
import { withoutSites } from "../approvals.ts";
import { type AppBoard, type Board, closeRelease, setArrivals, setRelease } from "../board.ts";
import { own } from "../own.ts";
import type { Release } from "../records.ts";
import { movedSites } from "../rollback/brought.ts";
import { isToGoBack } from "../rollback/stop-failed.ts";
import { listedSite, siteState } from "../site-state.ts";
import { isReachable } from "../site-view.ts";
import { holdsSlot } from "../units.ts";

/**
 * What a release has at its sites whose stage has not passed, or that went back or are to: since when, and whether they
 * have settled.
 */
export function touchedBy(board: Board, release: Release): Map<string, Release["carried"][string]> {
  const touched = new Map<string, Release["carried"][string]>();
  for (const site of movedSites(release)) {
    const listed = listedSite(board.input, release, site);
    if (listed === undefined) continue;
    const stage = release.stages[listed.entry.stage]?.name ?? "";
    if (Object.hasOwn(release.passed, stage) && !goesBack(release, site)) continue;
    const at = lastMove(release, site)?.at ?? board.at;
    touched.set(site, holdsSlot(siteState(listed)) ? { at } : { at, settled: true });
  }
  return touched;
}

/** It went back last, or is to. */
function goesBack(release: Release, site: string): boolean {
  return lastMove(release, site) === own(release.back, site) || isToGoBack(release, site);
}

function lastMove(
  { back, handed, carried }: Release,
  site: string,
): { readonly at: string } | undefined {
  return own(back, site) ?? own(handed, site) ?? own(carried, site);
}

/** Takes sites out of all open releases of the given kinds and out of the arrivals; gives those in flight. */
export function takeSites(
  board: Board,
  app: AppBoard,
  {
    sites,
    kinds,
    why,
  }: { sites: ReadonlySet<string>; kinds: readonly Release["kind"][]; why: string },
): Release["carried"] {
  const carried: Release["carried"] = {};
  for (const release of app.open.values()) {
    if (!kinds.includes(release.kind)) continue;
    for (const [site, record] of touchedBy(board, release)) {
      if (sites.has(site) && record.settled !== true) carried[site] = record;
    }
    shrink(board, release, { sites, why });
  }
  return { ...carried, ...takeArrivals(board, app, { sites, why }) };
}

/** Takes sites out of a release; one that has none left ends. */
export function shrink(
  board: Board,
  release: Release,
  { sites, why }: { sites: ReadonlySet<string>; why: string },
): void {
  const smaller = withoutSites(release, sites, (site) => isReachable(board.input, site));
  if (smaller === release) return;
  if (Object.keys(smaller.list).length > 0) setRelease(board, smaller, `${release.id}: ${why}`);
  else closeRelease(board, release, { why: `${release.id} ends: ${why}` });
}

function takeArrivals(
  board: Board,
  app: AppBoard,
  { sites, why }: { sites: ReadonlySet<string>; why: string },
): Release["carried"] {
  const carried: Release["carried"] = {};
  const [handed, failed] = [{ ...app.arrivals.handed }, { ...app.arrivals.failed }];
  let changed = false;
  for (const site of sites) {
    const record = own(handed, site);
    if (record !== undefined) carried[site] = { at: record.at };
    changed ||= record !== undefined || Object.hasOwn(failed, site);
    delete handed[site];
    delete failed[site];
  }
  if (changed)
    setArrivals(board, app, {
      arrivals: { ...app.arrivals, handed, failed },
      why,
      joined: Object.fromEntries(Object.keys(carried).map((site) => [site, "gone"])),
    });
  return carried;
}
