/** What a new head changes of sites themselves: the mirror that has them, and their labels. Pure. */
import { isSameJson } from "../core/model/json.ts";
import { own } from "../core/rollout/own.ts";
import type { ControlState, FactsBySite } from "../core/rollout/planner-types.ts";
import type { ReleaseEvent } from "./release-ledger.ts";

export interface SiteChangesInput {
  readonly control: ControlState;
  /** The new head, and its sites. */
  readonly source: string;
  readonly facts: FactsBySite;
  /** As the head before has them. */
  readonly before: FactsBySite;
}

/** What a new head tells of its sites. */
export function siteEvents({ control, source, facts, before }: SiteChangesInput): ReleaseEvent[] {
  const moves = new Map<string, { from: string; to: string; sites: string[] }>();
  let relabelled = 0;
  for (const [site, { mirror: to, labels }] of facts) {
    const known = before.get(site);
    if (known === undefined) continue;
    if (!isSameJson(known.labels, labels)) relabelled += 1;
    // One that no mirror has had yet has no way to go.
    if (known.mirror === to || own(control.sites, site) === undefined) continue;
    const from = known.mirror;
    const move = moves.get(`${from} ${to}`) ?? { from, to, sites: [] };
    move.sites.push(site);
    moves.set(`${from} ${to}`, move);
  }
  return [
    ...[...moves.values()].map((move) => ({ event: "moves", source, ...move }) as const),
    ...(relabelled === 0 ? [] : [{ event: "relabels", source, sites: relabelled } as const]),
  ];
}
