/**
 * Releases that move as one do without a site together. By itself the one would take an object that the other still has
 * there, or give away one that nobody takes. Later, when their stage has passed, they go there together.
 */
import { type Board, setRelease } from "./board.ts";
import { own } from "./own.ts";
import type { Release } from "./records.ts";
import { treeAt } from "./site-view.ts";

type Excuse = Release["excused"][string];

/** What has still to go to a site that is excused from one of them is excused there from all of them. */
export function shareExcuses(board: Board, tied: readonly Release[]): void {
  const excuses = new Map<string, Excuse>();
  for (const release of tied) {
    for (const [site, excuse] of Object.entries(release.excused)) {
      if (excuses.has(site) || !isStillToGo(board, release, site)) continue;
      excuses.set(site, { ...excuse, with: excuse.with ?? release.id });
    }
  }
  for (const release of tied) share(board, release, excuses);
}

function share(board: Board, release: Release, excuses: ReadonlyMap<string, Excuse>): void {
  const shared = [...excuses].filter(
    ([site]) => !Object.hasOwn(release.excused, site) && isStillToGo(board, release, site),
  );
  if (shared.length === 0) return;
  const excused = { ...release.excused, ...Object.fromEntries(shared) };
  const whys = shared.map(
    ([site, by]) => `${site} is excused from ${release.id} as it is from ${by.with}`,
  );
  setRelease(board, { ...release, excused }, whys.join("; "));
}

/** Its stage is still to pass, and nothing of it has come to the site. */
function isStillToGo({ input }: Board, release: Release, site: string): boolean {
  const entry = own(release.list, site);
  if (entry === undefined || hasPassedAt(release, site)) return false;
  if (Object.hasOwn(release.handed, site) || Object.hasOwn(release.failed, site)) return false;
  return treeAt(input, release.app, site) !== (entry.to ?? undefined);
}

/** The stage in which a release lists a site has passed. */
export function hasPassedAt(release: Release, site: string): boolean {
  const stage = release.stages[own(release.list, site)?.stage ?? -1]?.name ?? "";
  return Object.hasOwn(release.passed, stage);
}
