/** The budgets of a stage, release by release: those of each are of the sites that it lists, and a site fits all of them. */
import { usedByOthers } from "./follow-site.ts";
import type { FullBudget, StageRun, StageShare } from "./stage-run.ts";
import type { UnitSite } from "./units.ts";

/** The parts of the releases that list a site. */
function sharesAt({ shares }: StageRun, { site }: UnitSite): readonly StageShare[] {
  return shares.filter(({ lists }) => lists(site));
}

/** Of no release that moves in the stage is a slot free. */
export function isFull({ shares }: StageRun): boolean {
  return shares.every((share) => share.inFlight.size >= share.stage.maxInFlight);
}

/** The budget that has no room for the site, of any release that lists it; undefined: it fits. */
export function fullBudget(
  run: StageRun,
  site: UnitSite,
  isHealthy: boolean,
): FullBudget | undefined {
  const shares = sharesAt(run, site);
  for (const share of shares) {
    if (usedByOthers(share.inFlight, site) >= share.stage.maxInFlight) {
      return { full: "in-flight-budget", share };
    }
  }
  for (const share of isHealthy ? shares : []) {
    if (usedByOthers(share.unavailable, site) >= share.stage.maxUnavailable) {
      return { full: "unavailable-budget", share };
    }
  }
  return undefined;
}

/** The site has been handed over: it takes a slot, and counts as unavailable unless it was joining. */
export function takeSlots(run: StageRun, site: UnitSite, isUnavailable: boolean): void {
  for (const { inFlight, unavailable } of [run, ...sharesAt(run, site)]) {
    inFlight.add(site.site);
    if (isUnavailable) unavailable.add(site.site);
  }
}

/** The release of which more sites failed than may; undefined: none. */
export function failedShare({ shares }: StageRun): StageShare | undefined {
  return shares.find(({ failed, stage }) => failed.size > stage.failureBudget);
}
