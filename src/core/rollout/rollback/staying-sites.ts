/** Sites that stay on what they have when an app goes back to an older release, of which they have no tree. */
import type { Board } from "../board.ts";
import { entitledRelease } from "../entitled-release.ts";
import type { CurrentReleases, Release, ReleaseRef } from "../records.ts";
import { waitOf } from "../stage-waits.ts";

/** What these sites are entitled to, as promotions that outlast what becomes current for the others. */
export function stayingAt(
  current: CurrentReleases,
  sites: readonly string[],
): CurrentReleases["partial"] {
  const byRelease = new Map<string, { release: ReleaseRef; sites: string[] }>();
  for (const site of sites) {
    const release = entitledRelease(current, site);
    if (release === null) continue;
    const known = byRelease.get(release.id) ?? { release, sites: [] };
    byRelease.set(release.id, known);
    known.sites.push(site);
  }
  return [...byRelease.values()].map((entry) => ({ stage: "stays", ...entry }));
}

/** Says of each of them why it stays. */
export function reportStaying(board: Board, release: Release): void {
  for (const site of release.backTo?.stays ?? []) {
    const old = release.backTo?.release.id ?? "";
    const reason = `the mirrors' history has no tree of ${old} for ${site}: it stays as it is`;
    const block = { code: "no-good-tree", reason, endsWhen: "a newer commit reaches it" } as const;
    board.waits.push(waitOf(release, { stage: null, site, block }));
  }
}
