import type { Wait } from "./planner-types.ts";

/** Waits for the same reason; `sites` is empty where the whole stage or release waits, and no site by itself. */
export interface WaitGroup extends Omit<Wait, "site"> {
  readonly sites: readonly string[];
  /** The whole stage or release waits for it, too. */
  readonly isWhole: boolean;
}

/** One group for each reason: sites that wait for the same stand together. */
export function groupWaits(waits: readonly Wait[]): WaitGroup[] {
  const groups = Map.groupBy(waits, ({ app, release, stage, reason, endsWhen }) =>
    JSON.stringify([app, release, stage, reason, endsWhen]),
  );
  return [...groups.values()].map((group) => {
    const [first] = group as [Wait, ...Wait[]]; // a group is never empty
    const { site: _, ...rest } = first;
    const sites = group.flatMap(({ site }) => (site === null ? [] : [site]));
    return { ...rest, sites, isWhole: sites.length < group.length };
  });
}
