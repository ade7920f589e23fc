import { checksOf } from "../../src/core/rollout/checks/release-checks.ts";
import type { ResolvedStrategy } from "../../src/core/rollout/planner-types.ts";
import { strategyFromSpec } from "../../src/core/rollout/resolve-strategy.ts";

export type StrategySpec = Parameters<typeof strategyFromSpec>[1];

/** A quick strategy for stories: seconds instead of minutes, and room for everything. */
export const quick: StrategySpec = {
  stages: [{ name: "canary", count: 1 }, { name: "rest" }],
  soak: "2s",
  minReady: "1s",
  progressDeadline: "10s",
  maxInFlight: "100%",
  maxUnavailable: "100%",
  failureBudget: 0,
  rollback: "none",
};

/** The strategy of an app in a story, with its checks. */
export function strategyOf(
  app: { readonly strategy?: StrategySpec; readonly checks?: Parameters<typeof checksOf>[0] } = {},
): ResolvedStrategy {
  const strategy = strategyFromSpec("quick", app.strategy ?? quick);
  const checks = checksOf(app.checks);
  return checks === undefined ? strategy : { ...strategy, checks };
}
