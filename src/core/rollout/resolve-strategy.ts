/** A strategy as the fleet writes it -> the same with every default filled in. The defaults are here and nowhere else. */
import { parseAmount } from "../model/amount.ts";
import { parseDuration } from "../model/duration.ts";
import type { FleetModel } from "../model/fleet-model.ts";
import type { RolloutStrategy, Stage } from "../model/kinds.ts";
import { restName } from "../model/named-stages.ts";
import { checkedSelector, formatSelector, matchesSelector } from "../select/selector.ts";
import { checksOf } from "./checks/release-checks.ts";
import type { Amount, ResolvedStage, ResolvedStrategy } from "./planner-types.ts";

type StrategySpec = RolloutStrategy["spec"];

/** Name of the strategy that holds where none is named. */
const builtInStrategyName = "default";

const minute = 60_000;
const defaults = {
  soakMs: 5 * minute,
  minReadyMs: 10_000,
  progressDeadlineMs: 10 * minute,
  rollback: "failed",
  maxInFlight: { percent: 10 },
  maxUnavailable: { percent: 10 },
} as const;

/** What a stage may lose without a word: nothing in the first two, then 2 %. */
const failureBudgets: readonly Amount[] = [{ count: 0 }, { count: 0 }, { percent: 2 }];

/** The strategy of an app, with its checks: the one it names, else the Fleet's, else one canary, 10 %, the rest. */
export function resolveStrategy(model: FleetModel, app: string): ResolvedStrategy {
  const strategy = namedStrategy(model, strategyNameOf(model, app));
  const checks = checksOf(model.apps.get(app)?.value.spec.checks);
  return checks === undefined ? strategy : { ...strategy, checks };
}

/** The name of the declared strategy that an app takes; undefined: the built-in one, which a declared one may be named like. */
export function strategyNameOf(model: FleetModel, app: string): string | undefined {
  const named = model.apps.get(app)?.value.spec.rollout?.strategy;
  return named ?? model.fleet.value.spec.rollout?.strategy;
}

function namedStrategy(model: FleetModel, name: string | undefined): ResolvedStrategy {
  const spec = name === undefined ? undefined : model.strategies.get(name)?.value.spec;
  return strategyFromSpec(spec === undefined ? builtInStrategyName : (name ?? ""), spec ?? {});
}

/** Fills in the defaults. Stages that name no sites take the rest; the last stage always does. */
export function strategyFromSpec(name: string, spec: StrategySpec): ResolvedStrategy {
  const written = spec.stages ?? [];
  const stages =
    written.length === 0
      ? builtInStages(spec)
      : written.map((stage, index) => resolveStage(stage, { spec, index }));
  if (!stages.some(({ take }) => "rest" in take)) {
    stages.push(resolveStage({ name: restName(stages) }, { spec, index: stages.length }));
  }
  return {
    name,
    stages,
    minReadyMs: duration(spec.minReady) ?? defaults.minReadyMs,
    progressDeadlineMs: duration(spec.progressDeadline) ?? defaults.progressDeadlineMs,
    unknownBlocks: spec.gates?.unknown === "block",
    rollback: spec.rollback === "none" ? null : (spec.rollback ?? defaults.rollback),
    ...(spec.windows === undefined ? {} : { windows: spec.windows }),
    ...urgentRules(spec),
  };
}

function urgentRules({ urgent }: StrategySpec): Pick<ResolvedStrategy, "urgent"> {
  if (urgent === undefined) return {};
  const { stages, soak, minReady, windows } = urgent;
  const [soakMs, minReadyMs] = [duration(soak), duration(minReady)];
  return {
    urgent: {
      ...(stages === undefined ? {} : { stages }),
      ...(soakMs === undefined ? {} : { soakMs }),
      ...(minReadyMs === undefined ? {} : { minReadyMs }),
      ...(windows === "ignore" ? { ignoresWindows: true } : {}),
    },
  };
}

function builtInStages(spec: StrategySpec): ResolvedStage[] {
  const stages: Stage[] = [
    { name: "canary", count: 1 },
    { name: "early", percent: 10 },
    { name: "rest" },
  ];
  return stages.map((stage, index) => resolveStage(stage, { spec, index }));
}

function resolveStage(
  stage: Stage,
  { spec, index }: { spec: StrategySpec; index: number },
): ResolvedStage {
  const merged = { ...spec, ...stage };
  const failureBudget = failureBudgets[Math.min(index, failureBudgets.length - 1)] ?? { count: 0 };
  return {
    name: stage.name,
    take: takeOf(stage),
    approval: stage.approval === true,
    ...(stage.promotion === "manual" ? { promotion: "manual" } : {}),
    soakMs: duration(merged.soak) ?? defaults.soakMs,
    failureBudget: amount(merged.failureBudget) ?? failureBudget,
    maxInFlight: amount(merged.maxInFlight) ?? defaults.maxInFlight,
    maxUnavailable: amount(merged.maxUnavailable) ?? defaults.maxUnavailable,
  };
}

function takeOf(stage: Stage): ResolvedStage["take"] {
  if (stage.selector !== undefined) {
    const selector = checkedSelector(stage.selector);
    return {
      selector: formatSelector(selector),
      matches: (labels) => matchesSelector(selector, labels),
    };
  }
  if (stage.each !== undefined) return { each: stage.each };
  if (stage.count !== undefined) return { count: stage.count };
  if (stage.percent !== undefined) return { percent: stage.percent };
  return { rest: true };
}

/** Undefined only for what the schema refuses. */
function duration(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}

function amount(value: number | string | undefined): Amount | undefined {
  return value === undefined ? undefined : parseAmount(value);
}
