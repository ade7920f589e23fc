import type { Release } from "../rollout/records.ts";
import type { ReleasePlan, StagePlan } from "./fleet-plan.ts";

/** A release as a plan shows it. */
export function releasePlan(release: Release): ReleasePlan {
  const { id, app, kind, strategy, list, verb, minReadyMs, progressDeadlineMs } = release;
  return {
    release: id,
    app,
    kind,
    strategy,
    sites: Object.keys(list).length,
    verb: verb ?? null,
    minReadyMs,
    progressDeadlineMs,
  };
}

/** Its stages with the sites of each. */
export function stagePlans(release: Release): readonly StagePlan[] {
  const { id, app, list, stages } = release;
  const byStage = Map.groupBy(Object.keys(list), (site) => list[site]?.stage);
  return stages.map((stage, index) => {
    const { name, by, approval, soakMs, failureBudget, maxInFlight, maxUnavailable } = stage;
    return {
      release: id,
      app,
      name,
      by,
      sites: byStage.get(index)?.toSorted() ?? [],
      approval,
      soakMs,
      failureBudget,
      maxInFlight,
      maxUnavailable,
    };
  });
}
