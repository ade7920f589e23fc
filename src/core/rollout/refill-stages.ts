/** A stage that loses its last site before it has passed gets another one: nothing goes on without its canary. */
import type { Release } from "./records.ts";
import { compareText, siteHash } from "./stable-order.ts";

/** `after`, which has fewer sites, with one site of a later stage in each stage that it would leave empty. */
export function refillStages(before: Release, after: Release): Release {
  const list = { ...after.list };
  const hadSites = new Set(Object.values(before.list).map(({ stage }) => stage));
  let changed = false;
  for (const [index, { name }] of after.stages.entries()) {
    if (!hadSites.has(index) || Object.hasOwn(after.passed, name)) continue;
    const next = nextSite(after.app, list, index);
    if (next === undefined || list[next]?.stage === index) continue;
    const entry = list[next];
    if (entry !== undefined) list[next] = { ...entry, stage: index };
    changed = true;
  }
  return changed ? { ...after, list } : after;
}

/** Of the sites in this stage or a later one the first by stage, then by hash. */
function nextSite(app: string, list: Release["list"], index: number): string | undefined {
  let first: Candidate | undefined;
  for (const [site, { stage }] of Object.entries(list)) {
    if (stage < index || (first !== undefined && stage > first.stage)) continue;
    if (stage === index) return site;
    const candidate = { site, stage, hash: siteHash(app, site) };
    if (first === undefined || isBefore(candidate, first)) first = candidate;
  }
  return first?.site;
}

interface Candidate {
  readonly site: string;
  readonly stage: number;
  readonly hash: number;
}

function isBefore(a: Candidate, b: Candidate): boolean {
  const order = a.stage - b.stage || a.hash - b.hash || compareText(a.site, b.site);
  return order < 0;
}
