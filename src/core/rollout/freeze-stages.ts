/**
 * Divides the sites of a release into stages, once, at its start. Every site is in exactly one stage; the same sites
 * give the same stages. A stage that gets no site is kept: it passes at once.
 */
import { resolveAmount } from "../model/amount.ts";
import { byRegion, domainOfSite, domainStageName } from "../model/domain-stages.ts";
import type { Labels } from "../model/fleet-model.ts";
import { compareText, inStableOrder } from "./stable-order.ts";
import type { Amount, ResolvedStage, ResolvedStrategy } from "./planner-types.ts";
import type { FrozenStage } from "./records.ts";
import { stageBudgets } from "./stage-budgets.ts";

/** A site of the release's list. */
export interface StageSite {
  readonly site: string;
  readonly region: string;
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
  const taken: Taken[] = [];
  for (const stage of strategy.stages) {
    const parts = take(stage, left, sites.length);
    const gone = new Set(parts.flatMap((part) => part.sites));
    left = left.filter((site) => !gone.has(site));
    taken.push(...parts);
  }
  const last = taken.at(-1);
  if (last !== undefined && left.length > 0) last.sites.push(...left);
  const stageOf: Record<string, number> = {};
  for (const [index, { sites: members }] of taken.entries()) {
    for (const { site } of members) stageOf[site] = index;
  }
  return { stages: taken.map((each) => frozenStage(each)), stageOf };
}

interface Taken {
  readonly stage: ResolvedStage;
  readonly sites: StageSite[];
  /** How they were chosen, and what else is frozen of it. */
  readonly frozen: Pick<FrozenStage, "name" | "by" | "of" | "selector">;
}

function take(stage: ResolvedStage, left: readonly StageSite[], total: number): Taken[] {
  const { name, take: wanted } = stage;
  if ("each" in wanted) return takeEach(stage, wanted.each, left);
  if ("selector" in wanted) {
    const { selector } = wanted;
    const sites = left.filter(({ labels }) => wanted.matches(labels));
    return [{ stage, sites, frozen: { name, by: `selector ${selector}`, selector } }];
  }
  if ("rest" in wanted) return [{ stage, sites: [...left], frozen: { name, by: "rest" } }];
  const sites = left.slice(0, resolveAmount(wanted, total));
  return [{ stage, sites, frozen: { name, by: amountInWords(wanted, total) } }];
}

/** A stage for each domain in which sites are left, in the order of the domains' names. */
function takeEach(stage: ResolvedStage, each: string, left: readonly StageSite[]): Taken[] {
  const domains = Map.groupBy(left, (site) => domainOfSite(each, site));
  const named = [...domains].flatMap(([domain, sites]) =>
    domain === undefined ? [] : [{ domain, sites }],
  );
  named.sort((a, b) => compareText(a.domain, b.domain));
  return named.map(({ domain, sites }) => {
    const isLabel = each !== byRegion;
    return {
      stage,
      sites,
      frozen: {
        name: domainStageName(stage.name, domain),
        by: isLabel ? `each ${each}=${domain}` : `each region, ${domain}`,
        of: stage.name,
        ...(isLabel ? { selector: `${each}=${domain}` } : {}),
      },
    };
  });
}

function frozenStage({ stage, sites, frozen }: Taken): FrozenStage {
  return {
    ...frozen,
    approval: stage.approval,
    ...(stage.promotion === undefined ? {} : { promotion: stage.promotion }),
    soakMs: stage.soakMs,
    ...stageBudgets(stage, sites.length),
  };
}

/** `10 % of 37 = 3`, `count 1`: a number is never shown without what it was made from. */
export function amountInWords(amount: Amount, total: number): string {
  if ("count" in amount) return `count ${amount.count}`;
  return `${amount.percent} % of ${total} = ${resolveAmount(amount, total)}`;
}
