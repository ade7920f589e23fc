/** A stage that loses its last site before it has passed gets another one: nothing goes on without its canary. */
import type { FrozenStage, ListEntry, Release } from "./records.ts";
import { compareText, siteHash } from "./stable-order.ts";
import { covering } from "./stage-names.ts";

type IsReachable = (site: string) => boolean;

/**
 * `after`, which has fewer sites, with one site of a later stage in each stage that it would leave empty. Such a stage
 * opens anew, and by what would have opened the site's own one: an approval, where that wants it, and no hold of either.
 */
export function refillStages(before: Release, after: Release, isReachable: IsReachable): Release {
  const list = { ...after.list };
  const stages = [...after.stages];
  const opened = { ...after.opened };
  const hadSites = new Set(Object.values(before.list).map(({ stage }) => stage));
  let changed = false;
  for (const [index, stage] of after.stages.entries()) {
    if (!hadSites.has(index) || Object.hasOwn(after.passed, stage.name)) continue;
    const next = nextSite({ ...after, list }, index, isReachable);
    if (next === undefined) continue;
    const from = stages[next.entry.stage] ?? stage;
    list[next.site] = { ...next.entry, stage: index };
    stages[index] = refilled(stage, from);
    delete opened[stage.name];
    changed = true;
  }
  return changed ? { ...after, list, stages, opened } : after;
}

function refilled(stage: FrozenStage, from: FrozenStage): FrozenStage {
  return covering({ ...stage, approval: stage.approval || from.approval }, [from]);
}

/** The first site by stage, then one that can be reached, then by hash; undefined: the stage has one, or there is none. */
function nextSite(
  { app, list }: Release,
  index: number,
  isReachable: IsReachable,
): Candidate | undefined {
  let first: Candidate | undefined;
  for (const [site, entry] of Object.entries(list)) {
    if (entry.stage === index) return undefined;
    if (entry.stage < index || (first !== undefined && entry.stage > first.entry.stage)) continue;
    const rank = isReachable(site) ? 0 : 1;
    const candidate = { site, entry, rank, hash: siteHash(app, site) };
    if (first === undefined || isBefore(candidate, first)) first = candidate;
  }
  return first;
}

interface Candidate {
  readonly site: string;
  readonly entry: ListEntry;
  readonly rank: number;
  readonly hash: number;
}

function isBefore(a: Candidate, b: Candidate): boolean {
  const order =
    a.entry.stage - b.entry.stage ||
    a.rank - b.rank ||
    a.hash - b.hash ||
    compareText(a.site, b.site);
  return order < 0;
}
