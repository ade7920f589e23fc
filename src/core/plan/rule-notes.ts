/** What a change says of how later ones roll out: no site changes by it, and yet it may lift a budget. */
import { canonicalJson, type Json } from "../model/json.ts";
import type { FleetModel } from "../model/fleet-model.ts";
import { resolveStrategy } from "../rollout/resolve-strategy.ts";
import { someOf } from "../rollout/words.ts";

/** A line for each strategy that changes, for apps that take another one, and for the budgets of the Fleet. */
export function ruleNotes(base: FleetModel, head: FleetModel): readonly string[] {
  return [...changedStrategies(base, head), ...takenStrategies(base, head), ...budgets(base, head)];
}

const later =
  "this holds for what later commits start, and its numbers for what is under way, but for nothing that this commit starts";

function changedStrategies(base: FleetModel, head: FleetModel): readonly string[] {
  return [...head.strategies.keys()].toSorted().flatMap((name) => {
    const [before, after] = [base.strategies.get(name), head.strategies.get(name)];
    if (before === undefined || after === undefined) return [];
    if (isSame(before.value.spec, after.value.spec)) return [];
    return [`RolloutStrategy ${name} (${after.file}) changes: ${later}`];
  });
}

function takenStrategies(base: FleetModel, head: FleetModel): readonly string[] {
  const apps = [...head.apps.keys()].filter((app) => base.apps.has(app)).toSorted();
  const taken = apps.flatMap((app) => {
    const [from, to] = [base, head].map((model) => resolveStrategy(model, app).name);
    return from === to ? [] : [{ app, how: `strategy ${to} in place of ${from}` }];
  });
  return [...Map.groupBy(taken, ({ how }) => how)].map(
    ([how, group]) => `${how} for ${someOf(group.map(({ app }) => app))}: ${later}`,
  );
}

const budgetFields = ["maxSitesInFlight", "failureDomains", "deletionBudget"] as const;

function budgets({ fleet: before }: FleetModel, { fleet: after }: FleetModel): readonly string[] {
  const changed = budgetFields.filter(
    (field) => !isSame(before.value.spec[field], after.value.spec[field]),
  );
  if (changed.length === 0) return [];
  return [
    `the Fleet (${after.file}) changes ${changed.join(", ")}: this holds for what later commits start, but for nothing that this commit starts`,
  ];
}

function isSame(before: unknown, after: unknown): boolean {
  return canonicalJson((before ?? null) as Json) === canonicalJson((after ?? null) as Json);
}
