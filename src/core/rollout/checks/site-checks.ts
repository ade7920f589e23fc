/** Checks `after` of one site: what is handed over there is done only when they are true too. */
import { countsSites, isOfSite } from "../../checks/check-language.ts";
import type { PlannerInput } from "../planner-types.ts";
import type { OpenListBudgets, Release } from "../records.ts";
import type { SiteView } from "../site-view.ts";
import { firstUntrue, hasChecks, type UntrueCheck } from "./ask-checks.ts";
import { siteFacts } from "./check-facts.ts";

type Checked = Pick<Release | OpenListBudgets, "checks" | "unknownBlocks">;

/** It has checks `after` that are asked at each site. */
export function hasSiteChecks({ checks }: Checked): boolean {
  return checks !== undefined && hasChecks(checks.after, isOfSite);
}

/** The first check `after` that is not true of the app at the site; null: all are. */
export function untrueAfter(
  input: PlannerInput,
  { checks, unknownBlocks }: Checked,
  { app, view }: { app: string; view: SiteView },
): UntrueCheck | null {
  if (checks === undefined || checks.after.length === 0) return null;
  return firstUntrue(checks.after, siteFacts(input, { app, view, unknownBlocks }), isOfSite);
}

/** The first check `before` that is not true of the app at the site, of those that count no sites. */
export function untrueBefore(
  input: PlannerInput,
  { checks, unknownBlocks }: Checked,
  { app, view }: { app: string; view: SiteView },
): UntrueCheck | null {
  if (checks === undefined || checks.before.length === 0) return null;
  const facts = siteFacts(input, { app, view, unknownBlocks });
  return firstUntrue(checks.before, facts, (program) => !countsSites(program));
}
