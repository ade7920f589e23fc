/** Sites that stay on what they have when another release is current: they went back from it, or could not go back to it. */
import { entitledTree, isListed } from "../arrivals.ts";
import type { AppBoard, Board } from "../board.ts";
import { entitledRelease } from "../entitled-release.ts";
import { own } from "../own.ts";
import type { CurrentReleases, Release, ReleaseRef } from "../records.ts";
import { standingTree } from "../site-view.ts";
import { waitOf } from "../stage-waits.ts";

type Staying = CurrentReleases["partial"][number];

/** What these sites are entitled to, as promotions that outlast what becomes current for the others; and why each stays. */
export function stayingAt(
  current: CurrentReleases,
  sites: readonly (readonly [site: string, because: string])[],
): Staying[] {
  const entries = new Map<string, Staying & { readonly release: ReleaseRef }>();
  for (const [site, because] of sites) {
    const release = entitledRelease(current, site);
    if (release === null) continue;
    const key = `${release.id} ${because}`;
    const known = entries.get(key) ?? { stage: "stays", release, sites: [], because };
    entries.set(key, known);
    known.sites.push(site);
  }
  return [...entries.values()];
}

/** Why a site that went back stays when the release is through. */
export function backInWords({ id, setBack, back, failed }: Release, site: string): string {
  const word = own(setBack, site);
  if (word !== undefined) return `set back from ${id} by ${word.by} at ${word.at}: ${word.why}`;
  const at = own(back, site)?.at;
  return `went back from ${id}${at === undefined ? "" : ` at ${at}`}: ${own(failed, site)?.cause ?? "it stays"}`;
}

type BackTo = Pick<Release, "app" | "startedAt"> & {
  readonly backTo?: Pick<NonNullable<Release["backTo"]>, "release" | "by" | "why"> | undefined;
};

/** Why sites are on an older release that a person has set back to it, without the others. */
export function backToInWords({ startedAt, backTo }: BackTo): string {
  return `set back to ${backTo?.release.id} by ${backTo?.by} at ${startedAt}: ${backTo?.why}`;
}

/** Why sites are not on the older release to which a person has set the others back. */
export function noTreeInWords({ app, startedAt, backTo }: BackTo): string {
  const old = backTo?.release.id;
  return `the mirrors' history has no tree of ${old} for it, to which ${backTo?.by} set ${app} back at ${startedAt}: ${backTo?.why}`;
}

/** Says of each site that stays, as a release goes back to an older one, why. */
export function reportStaying(board: Board, release: Release): void {
  for (const site of release.backTo?.stays ?? []) {
    const old = release.backTo?.release.id ?? "";
    const reason = `the mirrors' history has no tree of ${old} for ${site}: it stays as it is`;
    const block = { code: "no-good-tree", reason, endsWhen: "a newer commit reaches it" } as const;
    board.waits.push(waitOf(release, { stage: null, site, block }));
  }
}

/** Says of each site that is to stay on another release than is current, and that nothing else is on its way to, why. */
export function reportStays(board: Board, app: AppBoard): void {
  const { partial } = app.current;
  if (partial.every(({ because }) => because === undefined)) return;
  const entries = new Map(partial.flatMap((entry) => entry.sites.map((site) => [site, entry])));
  for (const [site, { because }] of entries) {
    if (because === undefined || isTold(app, site) || !isStaying(board, app, site)) continue;
    board.waits.push({
      app: app.app,
      release: null,
      stage: null,
      site,
      code: "set-back",
      reason: because,
      endsWhen: `a newer version of ${app.app} reaches it`,
    });
  }
}

/** An open release says what becomes of it. */
function isTold(app: AppBoard, site: string): boolean {
  return (
    isListed(app, site) ||
    [...app.open.values()].some(({ backTo }) => backTo?.stays.includes(site) === true)
  );
}

/** It stands on what it is entitled to; and where that is what the head wants there, the head's version is not current. */
function isStaying(board: Board, app: AppBoard, site: string): boolean {
  const { input } = board;
  const standing = standingTree(own(own(input.mirrors, site), app.app));
  if (standing === undefined || !input.sites.has(site)) return false;
  if (standing !== entitledTree(board, app, site)) return false;
  const isCurrent = own(input.wanted ?? {}, app.app)?.digest === app.current.release?.digest;
  return !isCurrent || input.wantedAt?.(app.app, site) !== standing;
}
