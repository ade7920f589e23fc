/**
 * What moves as one goes again as one: a site to which a release goes again by an operator's word gets those too that
 * move together with it and failed there, for alone none of them may go. What goes back as a whole needs a word of its own.
 */
import { type Board, setRelease } from "./board.ts";
import { retried } from "./decide-retry.ts";
import type { Release } from "./records.ts";
import { hasPassedAt } from "./share-excuses.ts";

/** Lets the releases of a unit go again where one of them does. */
export function shareRetries(board: Board, releases: readonly Release[]): void {
  const again = new Set(releases.flatMap(sitesToGoAgain));
  if (again.size === 0) return;
  for (const release of releases) {
    if (release.goingBack !== undefined) continue;
    const sites = Object.keys(release.failed).filter(
      (site) => again.has(site) && !hasPassedAt(release, site),
    );
    if (sites.length === 0) continue;
    const why = `${release.id} goes again to ${sites.join(", ")} with what it moves with there`;
    setRelease(board, retried(release, new Set(sites)), why);
  }
}

function sitesToGoAgain({ retried: before = {}, handed, failed, excused }: Release): string[] {
  return Object.keys(before).filter(
    (site) => ![handed, failed, excused].some((records) => Object.hasOwn(records, site)),
  );
}
