/**
 * Releases between which an object goes over at a site do without that site together. By itself the one would take an
 * object that the other still has there, or give away one that nobody takes. Later, when their stage has passed, they go
 * there together. The word counts for as long as they are tied: a release that replaces one of them begins without it.
 */
import { type Board, setRelease } from "./board.ts";
import { own } from "./own.ts";
import type { Release } from "./records.ts";
import { treeAt } from "./site-view.ts";

/** Pairs of open releases between which an object goes over, by site. */
export type Ties = ReadonlyMap<string, readonly (readonly [Release, Release])[]>;

/** What people have said of a site in one of the releases. */
interface Spoken {
  readonly site: string;
  readonly excuse: Release["excused"][string];
  /** The releases that do not go there without it. */
  readonly tied: ReadonlySet<string>;
}

/**
 * What has still to go to a site that people excuse from one of the releases of a unit is excused there from all that are
 * tied at that site, for as long as they are.
 */
export function shareExcuses(board: Board, releases: readonly Release[], ties: Ties): void {
  const spoken = releases.flatMap((release) => spokenOf(board, release, ties));
  for (const release of releases) share(board, release, spoken);
}

function isShared(excuse: Release["excused"][string]): boolean {
  return excuse.with !== undefined;
}

function spokenOf(board: Board, release: Release, ties: Ties): Spoken[] {
  return Object.entries(release.excused).flatMap(([site, excuse]) => {
    if (isShared(excuse) || !isStillToGo(board, release, site)) return [];
    const tied = tiedTo(release.id, ties.get(site) ?? []);
    return tied.size < 2 ? [] : [{ site, excuse: { ...excuse, with: release.id }, tied }];
  });
}

function tiedTo(id: string, pairs: readonly (readonly [Release, Release])[]): Set<string> {
  const tied = new Set([id]);
  // A set goes on to what is added meanwhile.
  for (const one of tied) {
    for (const [a, b] of pairs) {
      if (a.id === one) tied.add(b.id);
      if (b.id === one) tied.add(a.id);
    }
  }
  return tied;
}

function share(board: Board, release: Release, spoken: readonly Spoken[]): void {
  const { id } = release;
  const shared = spoken.filter(
    ({ site, tied }) => tied.has(id) && isStillToGo(board, release, site),
  );
  const isOver = (site: string, excuse: Release["excused"][string]): boolean =>
    isShared(excuse) &&
    !hasPassedAt(release, site) &&
    !shared.some((other) => other.site === site && other.excuse.with === excuse.with);
  const before = Object.entries(release.excused);
  const over = before.filter((entry) => isOver(...entry));
  const excused = Object.fromEntries(before.filter((entry) => !isOver(...entry)));
  const whys = over.map(
    ([site, by]) => `${site} is no longer excused from ${id} as it is from ${by.with}`,
  );
  for (const { site, excuse } of shared) {
    if (Object.hasOwn(excused, site)) continue;
    excused[site] = excuse;
    whys.push(`${site} is excused from ${id} as it is from ${excuse.with}`);
  }
  if (whys.length > 0) setRelease(board, { ...release, excused }, whys.join("; "));
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
