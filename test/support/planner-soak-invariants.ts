/** No soak is skipped, by the records of hand-overs and by what the workers tell of health. */
import { isStagePromoted } from "../../src/core/rollout/approvals.ts";
import { own } from "../../src/core/rollout/own.ts";
import type { PlannerInput } from "../../src/core/rollout/planner-types.ts";
import type { Release } from "../../src/core/rollout/records.ts";
import { isExcusedRegion } from "./planner-in-flight.ts";
import { atLeast } from "./rules.ts";

/** One release before and after a plan. */
interface Change {
  readonly before: Release;
  readonly release: Release;
}

/** A stage that passes now, or whose soak is noted as over, has soaked at its sites; unless people have promoted it. */
export function checkSoaks(input: PlannerInput, after: PlannerInput): void {
  const all = Object.values(after.control.apps).flatMap(({ open }) => open);
  for (const release of all) {
    const known = own(input.control.apps, release.app)?.open;
    const before = known?.find(({ id }) => id === release.id);
    if (before !== undefined) checkStages(input, { before, release }, all);
  }
}

function checkStages(input: PlannerInput, change: Change, all: readonly Release[]): void {
  const { before, release } = change;
  for (const [index, { name }] of release.stages.entries()) {
    const sites = Object.keys(before.handed).filter(
      (site) => own(release.list, site)?.stage === index && isSame(change, site),
    );
    const passes = Object.hasOwn(release.passed, name) && !Object.hasOwn(before.passed, name);
    if (!passes && !sites.some((site) => isNoted(change, site))) continue;
    if (isStagePromoted(before, name) || isStagePromoted(release, name)) continue;
    // What is tied soaks as one, by the strategy of one of them.
    const soaks = all.flatMap(({ stages }) => stages.filter((stage) => stage.name === name));
    const soakMs = Math.min(...soaks.map((stage) => stage.soakMs));
    for (const site of sites) {
      if (!isJudgedByOther(release, site, all)) checkSite(input, change, { site, soakMs });
    }
  }
}

/** The plan has done nothing else with the site. */
function isSame({ before, release }: Change, site: string): boolean {
  const isAsBefore = own(release.handed, site)?.at === own(before.handed, site)?.at;
  return isAsBefore && own(release.list, site)?.to === own(before.list, site)?.to;
}

function isNoted({ before, release }: Change, site: string): boolean {
  const [was, is] = [own(before.handed, site), own(release.handed, site)];
  return is?.soaked !== undefined && was?.soaked === undefined;
}

/** Where a candidate lists the site too, it may be the candidate's part that counts. */
function isJudgedByOther(
  { app, id, kind }: Release,
  site: string,
  all: readonly Release[],
): boolean {
  if (kind === "app") return false;
  return all.some(
    (other) => other.app === app && other.id !== id && Object.hasOwn(other.list, site),
  );
}

/** It has had it for as long as the stage soaks, and failed no later. */
function checkSite(
  input: PlannerInput,
  change: Change,
  { site, soakMs }: { readonly site: string; readonly soakMs: number },
): void {
  const { before, release } = change;
  const handed = own(before.handed, site);
  if (handed === undefined || isLetOff(input, change, site)) return;
  const failed = own(release.failed, site);
  atLeast(input.now, sinceWhen(change, site) + soakMs);
  const isFree = handed.soaked !== undefined || handed.was === "unhealthy";
  if (failed === undefined && !isFree) checkHealthy(input, release, { site, soakMs });
}

/**
 * When the site failed, or was handed over; what it has met is of an earlier time where the clock was set back meanwhile,
 * and what has left has left when its marker goes along to another mirror.
 */
function sinceWhen({ before, release }: Change, site: string): number {
  const failed = own(release.failed, site);
  if (failed !== undefined) return Date.parse(failed.at);
  const times = [before, release].flatMap(({ handed, left = {} }) => {
    const { at, met = at } = own(handed, site) ?? {};
    if (at === undefined || met === undefined) return [];
    return [at, met, own(left, site) ?? at].map(Date.parse);
  });
  return Math.min(...times);
}

/** People or the head have said so, or the stage passes while nobody reaches it. */
function isLetOff(input: PlannerInput, { before, release }: Change, site: string): boolean {
  const isExcused = [before, release].some(({ excused }) => Object.hasOwn(excused, site));
  return isExcused || !input.sites.has(site) || isExcusedRegion(input, site);
}

/**
 * What was not broken before was healthy for so long after `minReady`, when its worker was last heard: ages of the
 * worker's own clock, which stand still while it is silent.
 */
function checkHealthy(
  input: PlannerInput,
  { app, minReadyMs, list }: Release,
  { site, soakMs }: { readonly site: string; readonly soakMs: number },
): void {
  if (soakMs === 0 || own(list, site)?.to === null) return;
  const healthyForMs = own(own(input.observed, site)?.apps, app)?.healthyForMs ?? 0;
  atLeast(healthyForMs, minReadyMs + soakMs);
}
