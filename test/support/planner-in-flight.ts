/** Which sites a release has in flight, from the records and reports alone. */
import { own } from "../../src/core/rollout/own.ts";
import type { PlannerInput } from "../../src/core/rollout/planner-types.ts";
import type { Release } from "../../src/core/rollout/records.ts";

/** Handed over and not settled, from the records and reports alone. Excused ones are left to their rules. */
export function isInFlight(input: PlannerInput, release: Release, site: string): boolean {
  const [handed, entry] = [own(release.handed, site), own(release.list, site)];
  if (handed === undefined || entry === undefined || entry.to === null) return false;
  if (own(release.failed, site) ?? own(release.excused, site)) return false;
  if (input.sites.get(site) === undefined || isExcusedRegion(input, site)) return false;
  const isOld = input.now - Date.parse(handed.at) >= release.progressDeadlineMs;
  return !isOld && !isSettled(input, release, site);
}

function isSettled(input: PlannerInput, release: Release, site: string): boolean {
  const observed = own(own(input.observed, site)?.apps, release.app);
  const isReady = observed !== undefined && observed.longestHealthyMs >= release.minReadyMs;
  return isReady && observed.tree === own(release.list, site)?.to && observed.health === "Healthy";
}

/** People have said that nobody waits for the region of the site. */
export function isExcusedRegion(input: PlannerInput, site: string): boolean {
  return (
    own(input.control.workers, own(input.control.sites, site)?.mirror ?? "")?.excused !== undefined
  );
}
