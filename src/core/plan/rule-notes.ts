/** What a change says of how later ones roll out: no site changes by it, and yet it may lift a budget. */
import { canonicalJson, type Json } from "../model/json.ts";
import type { FleetModel } from "../model/fleet-model.ts";
import { deletionBudget, fleetBudgets } from "../rollout/fleet-facts.ts";
import { resolveStrategy, strategyFromSpec } from "../rollout/resolve-strategy.ts";
import { someOf } from "../rollout/words.ts";

/** A line for each strategy that changes, for apps that take another one, and for the budgets of the Fleet. */
export function ruleNotes(base: FleetModel, head: FleetModel): readonly string[] {
  return [...changedStrategies(base, head), ...takenStrategies(base, head), ...budgets(base, head)];
}

const later =
  "this holds for what later commits start and, but for which sites are in which stage, for what is under way; what this commit starts goes by what held before, and by windows that it adds, which count at once";

function changedStrategies(base: FleetModel, head: FleetModel): readonly string[] {
  const inUse = strategiesInUse(base).union(strategiesInUse(head));
  return [...inUse].toSorted().flatMap((name) => {
    const [before, after] = [base.strategies.get(name), head.strategies.get(name)];
    if (before === undefined || after === undefined) return [];
    const [from, to] = [before, after].map(({ value }) => strategyFromSpec(name, value.spec));
    if (isSame(from, to)) return [];
    return [`RolloutStrategy ${name} (${after.file}) changes: ${later}`];
  });
}

function strategiesInUse(model: FleetModel): ReadonlySet<string> {
  return new Set([...model.apps.keys()].map((app) => resolveStrategy(model, app).name));
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

const budgetFields = {
  bounds: ["maxSitesInFlight", "failureDomains"],
  deletions: ["deletionBudget"],
} as const;

const budgetsHold = {
  bounds:
    "this holds at once, also for what is under way, but not while a release that this commit starts is open nor, where this commit adds sites or changes their labels, before the next commit",
  deletions: "this holds for what later commits start, not for what this commit starts",
} as const;

function budgets(base: FleetModel, head: FleetModel): readonly string[] {
  const [before, after] = [base, head].map((model) => ({
    ...fleetBudgets(model),
    deletionBudget: deletionBudget(model),
  }));
  return (["bounds", "deletions"] as const).flatMap((kind) => {
    const changed = budgetFields[kind].filter((field) => !isSame(before?.[field], after?.[field]));
    if (changed.length === 0) return [];
    return [`the Fleet (${head.fleet.file}) changes ${changed.join(", ")}: ${budgetsHold[kind]}`];
  });
}

/** Of what is resolved: its functions follow from what is beside them. */
function isSame(before: unknown, after: unknown): boolean {
  const [from, to] = [before, after].map((one) =>
    canonicalJson(JSON.parse(JSON.stringify(one ?? null)) as Json),
  );
  return from === to;
}
