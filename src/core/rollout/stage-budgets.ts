/** The budgets of a stage: numbers of sites, and the percentages of the stage's sites that they come from. */
import { resolveAmount } from "../model/amount.ts";
import type { ResolvedStage } from "./planner-types.ts";
import type { FrozenStage, Release } from "./records.ts";

const names = ["failureBudget", "maxInFlight", "maxUnavailable"] as const;

type Name = (typeof names)[number];
export type StageBudgets = Pick<FrozenStage, Name | "percent">;

/** What a strategy's stage says for so many sites. */
export function stageBudgets(amounts: Pick<ResolvedStage, Name>, sites: number): StageBudgets {
  const percent: NonNullable<FrozenStage["percent"]> = {};
  for (const name of names) {
    const amount = amounts[name];
    if ("percent" in amount) percent[name] = amount.percent;
  }
  return {
    failureBudget: resolveAmount(amounts.failureBudget, sites),
    maxInFlight: resolveAmount(amounts.maxInFlight, sites),
    maxUnavailable: resolveAmount(amounts.maxUnavailable, sites),
    ...(Object.keys(percent).length === 0 ? {} : { percent }),
  };
}

/** The same budgets for another number of sites: a plain number stays what it is. */
export function budgetsFor(budgets: StageBudgets, sites: number): StageBudgets {
  const { percent } = budgets;
  if (percent === undefined) return budgets;
  const numberOf = (name: Name): number => {
    const share = percent[name];
    return share === undefined ? budgets[name] : resolveAmount({ percent: share }, sites);
  };
  return {
    failureBudget: numberOf("failureBudget"),
    maxInFlight: numberOf("maxInFlight"),
    maxUnavailable: numberOf("maxUnavailable"),
    percent,
  };
}

/** The stage with these budgets in place of its own. */
export function withBudgets(
  stage: FrozenStage,
  { failureBudget, maxInFlight, maxUnavailable, percent }: StageBudgets,
): FrozenStage {
  const { percent: _, ...rest } = stage;
  const shares = percent === undefined ? {} : { percent };
  return { ...rest, failureBudget, maxInFlight, maxUnavailable, ...shares };
}

/** How many sites each stage has. */
export function stageSizes({
  stages,
  list,
}: Readonly<{ stages: readonly FrozenStage[]; list: Release["list"] }>): number[] {
  const sizes = stages.map(() => 0);
  for (const { stage } of Object.values(list)) sizes[stage] = (sizes[stage] ?? 0) + 1;
  return sizes;
}
