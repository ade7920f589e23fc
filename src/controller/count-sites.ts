import type { PlannerInput, ReleaseProgress } from "../core/rollout/planner-types.ts";
import { progressOf } from "../core/rollout/progress.ts";
import type { CountsOf } from "./release-events.ts";
import type { SiteCounts } from "./release-ledger.ts";

export const noCounts: SiteCounts = {
  sites: 0,
  done: 0,
  offline: 0,
  excused: 0,
  failed: 0,
  unchanged: 0,
};

/** The sum of both. */
export function addCounts(one: SiteCounts, other: SiteCounts): SiteCounts {
  return {
    sites: one.sites + other.sites,
    done: one.done + other.done,
    offline: one.offline + other.offline,
    excused: one.excused + other.excused,
    failed: one.failed + other.failed,
    unchanged: one.unchanged + other.unchanged,
  };
}

/** Where the sites of an open release stand, over all its stages. */
export function countSites({ stages }: Pick<ReleaseProgress, "stages">): SiteCounts {
  return stages
    .map(({ offline, excused, ...stage }) => ({ ...stage, offline, excused: excused - offline }))
    .reduce(addCounts, noCounts);
}

/** Where the sites of each open release stand in a state; worked out when it is first asked for. */
export function countsAt(input: PlannerInput): CountsOf {
  let progress: readonly ReleaseProgress[] | undefined;
  return (app, release) => {
    progress ??= progressOf(input);
    const found = progress.find((each) => each.app === app && each.release.id === release);
    return found === undefined ? undefined : countSites(found);
  };
}

const words = {
  offline: "offline",
  excused: "excused",
  failed: "failed",
  unchanged: "unhealthy as before",
} as const;

/** `1 offline, 2 failed`: the columns that are no success; those with none are left out. */
export function troublesInWords(counts: SiteCounts): string[] {
  return (["offline", "excused", "failed", "unchanged"] as const).flatMap((column) =>
    counts[column] === 0 ? [] : `${counts[column]} ${words[column]}`,
  );
}

/** `37 of 40 sites; 2 offline, 1 failed`. */
export function countsInWords(counts: SiteCounts): string {
  const troubles = troublesInWords(counts).join(", ");
  const head = `${counts.done} of ${counts.sites} sites`;
  return troubles === "" ? head : `${head}; ${troubles}`;
}
