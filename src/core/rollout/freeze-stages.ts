/**
 * Divides the sites of a release into stages, once, at its start. Every site is in exactly one stage; the same sites
 * give the same stages. A stage that gets no site is kept: it passes at once.
 */
import { resolveAmount } from "../model/amount.ts";
import type { Labels } from "../model/fleet-model.ts";
import { inStableOrder } from "./stable-order.ts";
import type { Amount, ResolvedStage, ResolvedStrategy } from "./planner-types.ts";
import type { FrozenStage } from "./records.ts";

/** A site of the release's list. */
export interface StageSite {
  readonly site: string;
  readonly labels: Labels;
  /** False: offline, suspended, or behind a silent worker. Stages take reachable sites first. */
  readonly reachable: boolean;
}

export interface FreezeInput {
  readonly strategy: Pick<ResolvedStrategy, "stages">;
  readonly app: string;
  readonly sites: readonly StageSite[];
}

export interface FrozenStages {
  readonly stages: readonly FrozenStage[];
  /** Index in `stages`, by site. */
  readonly stageOf: Readonly<Record<string, number>>;
}

/** The stages with their sites and numbers. Sites that no stage takes go to the last one. */
export function freezeStages({ strategy, app, sites }: FreezeInput): FrozenStages {
  const bySite = new Map(sites.map((site) => [site.site, site]));
  const ordered = inStableOrder(app, bySite.keys()).flatMap((name) => bySite.get(name) ?? []);
  let left = [
    ...ordered.filter(({ reachable }) => reachable),
    ...ordered.filter(({ reachable }) => !reachable),
  ];
  const taken: { stage: ResolvedStage; sites: StageSite[]; by: string }[] = [];
  for (const stage of strategy.stages) {
    const { chosen, by } = choose(stage, left, sites.length);
    const gone = new Set(chosen);
    left = left.filter((site) => !gone.has(site));
    taken.push({ stage, sites: chosen, by });
  }
  const last = taken.at(-1);
  if (last !== undefined && left.length > 0) last.sites.push(...left);
  const stageOf: Record<string, number> = {};
  for (const [index, { sites: members }] of taken.entries()) {
    for (const { site } of members) stageOf[site] = index;
  }
  return {
    stages: taken.map(({ stage, sites: members, by }) => frozenStage(stage, members.length, by)),
    stageOf,
  };
}

function choose(
  { take }: ResolvedStage,
  left: readonly StageSite[],
  total: number,
): { chosen: StageSite[]; by: string } {
  if ("selector" in take) {
    return {
      chosen: left.filter(({ labels }) => take.matches(labels)),
      by: `selector ${take.selector}`,
    };
  }
  if ("rest" in take) return { chosen: [...left], by: "rest" };
  const number = resolveAmount(take, total);
  return { chosen: left.slice(0, number), by: amountInWords(take, total) };
}

function frozenStage(stage: ResolvedStage, size: number, by: string): FrozenStage {
  return {
    name: stage.name,
    by,
    ...("selector" in stage.take ? { selector: stage.take.selector } : {}),
    approval: stage.approval,
    ...(stage.promotion === undefined ? {} : { promotion: stage.promotion }),
    soakMs: stage.soakMs,
    failureBudget: resolveAmount(stage.failureBudget, size),
    maxInFlight: resolveAmount(stage.maxInFlight, size),
    maxUnavailable: resolveAmount(stage.maxUnavailable, size),
  };
}

/** `10 % of 37 = 3`, `count 1`: a number is never shown without what it was made from. */
export function amountInWords(amount: Amount, total: number): string {
  if ("count" in amount) return `count ${amount.count}`;
  return `${amount.percent} % of ${total} = ${resolveAmount(amount, total)}`;
}
