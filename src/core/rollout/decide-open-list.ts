/** Operators' words of what the open list of an app has handed over and what failed: it keeps others from coming. */
import { controlPaths } from "./control-files.ts";
import { conflict, type DecisionResult, done } from "./decision-result.ts";
import { own } from "./own.ts";
import type { ControlState } from "./planner-types.ts";
import type { Arrivals } from "./records.ts";
import { someOf } from "./words.ts";

const none: Arrivals = { handed: {}, failed: {} };

/** `excuse`: what failed there counts no more; `retry`: it has until a new deadline. Without a site: all that failed. */
export function speakOfArrivals(
  control: ControlState,
  verb: "excuse" | "retry",
  word: { app: string; site?: string | undefined; by: string; at: string; why: string },
): DecisionResult {
  const { app, site, by, why } = word;
  const arrivals = own(control.apps, app)?.arrivals ?? none;
  const failed = Object.keys(arrivals.failed);
  const sites = site === undefined ? failed : failed.filter((one) => one === site);
  if (sites.length === 0) return hasNotFailed(`${app}'s open list`, { site, failed });
  const next = withoutFailed(arrivals, sites, verb === "retry" ? word.at : undefined);
  const isEmpty = Object.values(next).every((records) => Object.keys(records).length === 0);
  const what = `${someOf(sites)} ${verb === "excuse" ? "from" : "in"} ${app}'s open list`;
  const record = isEmpty ? null : next;
  const change = {
    path: controlPaths.arrivals(app),
    record,
    why: `${by}: ${verb} ${what}: ${why}`,
  };
  return done([change], `${verb === "excuse" ? "excused" : "retrying"} ${what}`);
}

/** Refuses a word of what has not failed, and says what has. */
function hasNotFailed(
  what: string,
  { site = "no site", failed }: { site: string | undefined; failed: readonly string[] },
): DecisionResult {
  const hint = failed.length === 0 ? "nothing of it has failed" : `failed: ${failed.join(", ")}`;
  return conflict(`${site} has not failed ${what}`, hint);
}

/** `again`: since when they are in flight once more. */
function withoutFailed(
  arrivals: Arrivals,
  sites: readonly string[],
  again: string | undefined,
): Arrivals {
  const [handed, failed] = [{ ...arrivals.handed }, { ...arrivals.failed }];
  for (const site of sites) {
    const record = own(failed, site);
    delete failed[site];
    if (record !== undefined && again !== undefined)
      handed[site] = { at: again, to: record.to, was: "joining" };
  }
  return { ...arrivals, handed, failed };
}
