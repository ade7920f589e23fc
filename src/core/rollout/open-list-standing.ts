/** Where the open list of each app stands, from what control records: what is under way, and what failed beyond its budget. */
import { resolveAmount } from "../model/amount.ts";
import { budgetsOf } from "./arrivals.ts";
import { own } from "./own.ts";
import type { ControlState, PlannerInput } from "./planner-types.ts";

export interface OpenListStanding {
  /** Sites that it has handed the app to and that have not arrived. */
  readonly handed: ReadonlySet<string>;
  /** Sites that failed; empty where they are within its failure budget. */
  readonly failed: ReadonlySet<string>;
}

/** App -> its open list; an app with nothing recorded is not there. `entitled`: what its percentages are of. */
export function openListStandings(
  { apps }: Pick<ControlState, "apps">,
  entitled: PlannerInput["entitled"],
): ReadonlyMap<string, OpenListStanding> {
  const standings = new Map<string, OpenListStanding>();
  for (const [app, { current, arrivals }] of Object.entries(apps)) {
    if (arrivals === undefined) continue;
    const total = Object.keys(own(entitled, app) ?? {}).length;
    const most = resolveAmount(budgetsOf({ current }).failureBudget, total);
    const failed = Object.keys(arrivals.failed);
    const handed = new Set(Object.keys(arrivals.handed));
    standings.set(app, { handed, failed: new Set(failed.length > most ? failed : []) });
  }
  return standings;
}
