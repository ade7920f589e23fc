/** What a change says of how later ones roll out: no site changes by it, and yet it may lift a budget. */
import { canonicalJson, type Json } from "../model/json.ts";
import type { FleetModel } from "../model/fleet-model.ts";
import type { VirtualSite } from "../model/kinds.ts";
import { deletionBudget, fleetBudgets } from "../rollout/fleet-facts.ts";
import { resolveStrategy, strategyFromSpec, strategyNameOf } from "../rollout/resolve-strategy.ts";
import { windowFromSpec } from "../rollout/windows/window-rules.ts";
import { someOf } from "../rollout/words.ts";
import { checkedSelector, formatSelector } from "../select/selector.ts";

/**
 * A line for each strategy that changes, for apps that take another one or change their checks, for windows, the virtual
 * sites that they speak of, and budgets.
 */
export function ruleNotes(base: FleetModel, head: FleetModel): readonly string[] {
  return [
    ...changedStrategies(base, head),
    ...takenStrategies(base, head),
    ...changedChecks(base, head),
    ...changedWindows(base, head),
    ...changedWindowSites(base, head),
    ...budgets(base, head),
  ];
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
  return new Set([...model.apps.keys()].flatMap((app) => strategyNameOf(model, app) ?? []));
}

/** Also by apps that are new: what begins them goes by the strategy that the Fleet named before. */
function takenStrategies(base: FleetModel, head: FleetModel): readonly string[] {
  const taken = [...head.apps.keys()].toSorted().flatMap((app) => {
    const [from, to] = [strategyNameOf(base, app), strategyNameOf(head, app)];
    if (from === to || isSame(rulesOf(base, app), rulesOf(head, app))) return [];
    const what = to === undefined ? "the built-in strategy" : `strategy ${to}`;
    return [{ app, how: `${what} in place of ${from ?? "the built-in one"}` }];
  });
  return [...Map.groupBy(taken, ({ how }) => how)].map(
    ([how, group]) => `${how} for ${someOf(group.map(({ app }) => app))}: ${later}`,
  );
}

function appsOfBoth(base: FleetModel, head: FleetModel): readonly string[] {
  return [...head.apps.keys()].filter((app) => base.apps.has(app)).toSorted();
}

/** What an app's strategy says, whatever its name. */
function rulesOf(model: FleetModel, app: string): object {
  const { name: _, checks: __, ...rules } = resolveStrategy(model, app);
  return rules;
}

function changedChecks(base: FleetModel, head: FleetModel): readonly string[] {
  const changed = appsOfBoth(base, head).filter((app) => {
    const [before, after] = [base, head].map((model) => resolveStrategy(model, app).checks);
    return !isSame(before, after);
  });
  if (changed.length === 0) return [];
  return [
    `checks change for ${someOf(changed)}: what this commit starts asks those before and after it, what is under way the new ones only`,
  ];
}

const notYet =
  "but not while a release that this commit starts is open nor, where this commit adds sites or changes their labels, before the next commit";
const windowsHold = `what this closes counts at once, what it opens does too, ${notYet}`;

/** Of windows that stay. One that goes is named no more by the Fleet or by a strategy, which is noted. */
function changedWindows(base: FleetModel, head: FleetModel): readonly string[] {
  const inUse = windowsInUse(base).union(windowsInUse(head));
  return [...inUse].toSorted().flatMap((name) => {
    const [before, after] = [base.windows.get(name), head.windows.get(name)];
    if (before === undefined || after === undefined) return [];
    const [from, to] = [before, after].map(({ value: { spec } }) => ({
      ...windowFromSpec(name, spec),
      virtualSites: spec.virtualSites,
    }));
    return isSame(from, to)
      ? []
      : [`MaintenanceWindow ${name} (${after.file}) changes: ${windowsHold}`];
  });
}

/** Virtual sites by whose selector a window speaks of other sites, though nothing of the window itself changes. */
function changedWindowSites(base: FleetModel, head: FleetModel): readonly string[] {
  const inUse = [...windowsInUse(base).union(windowsInUse(head))].toSorted();
  const named = inUse.flatMap((window) =>
    [...sitesNamed(base, window).intersection(sitesNamed(head, window))].map((site) => ({
      site,
      window,
    })),
  );
  return [...Map.groupBy(named, ({ site }) => site)].flatMap(([name, group]) => {
    const [from, to] = [base.virtualSites.get(name), head.virtualSites.get(name)];
    if (from === undefined || to === undefined) return [];
    if (sitesSaid(from.value) === sitesSaid(to.value)) return [];
    const windows = someOf(group.map(({ window }) => window));
    return [
      `VirtualSite ${name} (${to.file}) changes, and with it the sites of MaintenanceWindow ${windows}: ${windowsHold}`,
    ];
  });
}

/** The virtual sites that a window names; none where it is not declared. */
function sitesNamed(model: FleetModel, window: string): ReadonlySet<string> {
  return new Set(model.windows.get(window)?.value.spec.virtualSites);
}

/** null: every site. */
function sitesSaid({ spec: { selector } }: VirtualSite): string | null {
  return selector === undefined ? null : formatSelector(checkedSelector(selector));
}

function windowsInUse(model: FleetModel): ReadonlySet<string> {
  const ofStrategies = [...strategiesInUse(model)].flatMap(
    (name) => model.strategies.get(name)?.value.spec.windows ?? [],
  );
  return new Set([...(model.fleet.value.spec.windows ?? []), ...ofStrategies]);
}

const budgetFields = {
  bounds: ["maxSitesInFlight", "failureDomains"],
  windows: ["windows"],
  deletions: ["deletionBudget"],
} as const;

const budgetsHold = {
  bounds: `this holds at once, also for what is under way, ${notYet}`,
  windows: windowsHold,
  deletions: "this holds for what later commits start, not for what this commit starts",
} as const;

function budgets(base: FleetModel, head: FleetModel): readonly string[] {
  const [before, after] = [base, head].map((model) => ({
    ...fleetBudgets(model),
    windows: (model.fleet.value.spec.windows ?? []).toSorted(),
    deletionBudget: deletionBudget(model),
  }));
  return (["bounds", "windows", "deletions"] as const).flatMap((kind) => {
    const changed = budgetFields[kind].filter((field) => !isSame(before?.[field], after?.[field]));
    if (changed.length === 0) return [];
    return [`the Fleet (${head.fleet.file}) changes ${changed.join(", ")}: ${budgetsHold[kind]}`];
  });
}

/** Of what is resolved: its functions follow from what is beside them. */
function isSame(before: unknown, after: unknown): boolean {
  const [from, to] = [before, after].map((one) =>
    canonicalJson(JSON.parse(JSON.stringify(one ?? null, withSets)) as Json),
  );
  return from === to;
}

function withSets(_: string, value: unknown): unknown {
  return value instanceof Set ? Array.from(value, String).toSorted() : value;
}
