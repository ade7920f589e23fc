/**
 * A site release moves a site that a candidate has handed over: the candidate watches the new tree there from then on, so
 * the site is in flight for it again, and takes a slot of its stage.
 */
import type { Block } from "./block.ts";
import { type Board, setRelease } from "./board.ts";
import { own } from "./own.ts";
import type { Release } from "./records.ts";
import type { SiteTree } from "./rollback/bad-trees.ts";
import { broughtTo, withBrought } from "./rollback/brought.ts";
import { newStageRun, type StageRun } from "./stage-run.ts";
import { budget } from "./stage-waits.ts";
import { unitSite, unitStanding, type UnitSite } from "./units.ts";

/** The budget of a candidate's open stage that has no room for the site, which the candidate would have to follow. */
export function followBlock(run: StageRun, site: UnitSite): Block | null {
  for (const followed of followedStages(run, site)) {
    const { stage, inFlight, unavailable, unit } = followed;
    const words = `stage ${stage.name} of ${unit.members[0]?.id ?? ""}`;
    if (usedByOthers(inFlight, site) >= stage.maxInFlight) {
      const used = { name: "maxInFlight", most: stage.maxInFlight, users: inFlight };
      return budget("in-flight-budget", { ...used, stage: words });
    }
    if (unitStanding(site) !== "healthy") continue;
    if (usedByOthers(unavailable, site) < stage.maxUnavailable) continue;
    const used = { name: "maxUnavailable", most: stage.maxUnavailable, users: unavailable };
    return budget("unavailable-budget", { ...used, stage: words });
  }
  return null;
}

/** How many other sites use a budget up. */
export function usedByOthers(users: ReadonlySet<string>, { site }: UnitSite): number {
  return users.size - (users.has(site) ? 1 : 0);
}

/** The site has been handed over: it takes its slots in the stages that follow it. */
export function noteFollowed(run: StageRun, site: UnitSite): void {
  for (const { inFlight, unavailable } of followedStages(run, site)) {
    inFlight.add(site.site);
    unavailable.add(site.site);
  }
}

function followedStages(run: StageRun, { site, parts }: UnitSite): StageRun[] {
  return parts.flatMap(({ release }) => {
    if (release.kind !== "site") return [];
    const others = [...(run.board.apps.get(release.app)?.open.values() ?? [])];
    return others.flatMap((other) => {
      const isSettled = Object.hasOwn(other.failed, site) || Object.hasOwn(other.excused, site);
      if (isSettled || followedTo(other, { moved: release, site }) === undefined) return [];
      return stageOf(run, other, own(other.list, site)?.stage ?? 0) ?? [];
    });
  });
}

function stageOf(run: StageRun, release: Release, index: number): StageRun | undefined {
  const stage = release.stages[index];
  if (stage === undefined || Object.hasOwn(release.passed, stage.name)) return undefined;
  const key = `${release.id} ${index}`;
  const known = run.followed.get(key);
  if (known !== undefined) return known;
  const { board } = run;
  const sites = Object.keys(release.list)
    .filter((site) => own(release.list, site)?.stage === index)
    .map((site) => unitSite(board, [release], site));
  const unit = { members: [{ app: release.app, id: release.id }] };
  const counted = newStageRun({ board, unit, stage, sites, gate: null });
  run.followed.set(key, counted);
  return counted;
}

/** The tree to which a candidate follows a site that another release moves; undefined: it does not. */
function followedTo(
  candidate: Release,
  { moved, site }: { moved: Release; site: string },
): string | null | undefined {
  if (candidate.kind !== "app" || own(candidate.back, site) !== undefined) return undefined;
  const [entry, to] = [own(candidate.list, site), own(moved.list, site)?.to];
  if (entry === undefined || !Object.hasOwn(candidate.handed, site)) return undefined;
  return entry.to === to ? undefined : to;
}

/** The candidate's to-trees follow what a site release has handed over, and its clocks; what it had brought stays known. */
export function followSites(
  board: Board,
  { site: moved, other, sites }: { site: Release; other: Release; sites: ReadonlySet<string> },
): void {
  const [list, handed] = [{ ...other.list }, { ...other.handed }];
  const left: SiteTree[] = [];
  for (const site of sites) {
    const [entry, record] = [own(list, site), own(handed, site)];
    const to = followedTo(other, { moved, site });
    if (entry === undefined || record === undefined || to === undefined) continue;
    list[site] = { ...entry, to };
    left.push(...broughtTo(other, site).map((tree) => ({ site, tree })));
    const { met: _, soaked: __, ...before } = record;
    handed[site] = { ...before, at: board.at };
  }
  if (left.length === 0) return;
  const next = { ...other, list, handed, ...withBrought(other, left) };
  setRelease(board, next, `${other.id} follows ${moved.id}`);
}
