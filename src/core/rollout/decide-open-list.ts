/** Operators' words of what the open list of an app has handed over and what failed: it keeps others from coming. */
import { closestName } from "../model/closest-name.ts";
import { controlPaths } from "./control-files.ts";
import { conflict, type DecisionResult, done, missing, type Word } from "./decision-result.ts";
import { own } from "./own.ts";
import type { AppControl, ControlState } from "./planner-types.ts";
import type { Arrivals } from "./records.ts";
import { isSpoken } from "./site-state.ts";
import { clusterCommand, hasNotFailed, someOf } from "./words.ts";

const none: Arrivals = { handed: {}, failed: {} };

/** `excuse`: what failed there counts no more, and no other site waits for it; `retry`: it has until a new deadline. Without a site: all that failed. */
export function speakOfArrivals(
  control: ControlState,
  verb: "excuse" | "retry",
  word: Word & { app: string; site?: string | undefined; why: string },
): DecisionResult {
  const { app, site } = word;
  const arrivals = own(control.apps, app)?.arrivals ?? none;
  const failed = Object.keys(arrivals.failed);
  const sites = site === undefined ? failed : failed.filter((one) => one === site);
  if (sites.length > 0) return spoken(arrivals, sites, { ...word, verb });
  const refusal = refuseWell(`in ${app}'s open list`, { site, failed });
  if (verb === "retry" || site === undefined) return refusal;
  const result = excuseNeighbour(control, new Map([[app, []]]), { ...word, site });
  return result.ok ? result : refusal;
}
function spoken(
  arrivals: Arrivals,
  sites: readonly string[],
  word: Word & { verb: "excuse" | "retry"; app: string; why: string },
): DecisionResult {
  const { verb, app, by, why } = word;
  const next = withoutFailed(arrivals, sites, word);
  const isEmpty = Object.values(next).every((records) => Object.keys(records).length === 0);
  const what = `${someOf(sites)} ${verb === "excuse" ? "from" : "in"} ${app}'s open list`;
  const change = {
    path: controlPaths.arrivals(app),
    record: isEmpty ? null : next,
    why: `${by}: ${verb} ${what}: ${why}`,
  };
  return done([change], `${verb === "excuse" ? "excused" : "retrying"} ${what}`);
}

/** Refuses a word of what has not failed, and says what has. */
function refuseWell(
  what: string,
  { site, failed }: { site: string | undefined; failed: readonly string[] },
): DecisionResult {
  const hint = failed.length === 0 ? "nothing of it has failed" : `failed: ${failed.join(", ")}`;
  return conflict(`${hasNotFailed(site)} ${what}`, hint);
}

/** What is retried is in flight once more; for what is excused nobody waits. */
function withoutFailed(
  { excused: known, ...arrivals }: Arrivals,
  sites: readonly string[],
  { verb, by, at, why }: Word & { verb: "excuse" | "retry"; why: string },
): Arrivals {
  const [handed, failed] = [{ ...arrivals.handed }, { ...arrivals.failed }];
  const excused = { ...known };
  for (const site of sites) {
    const record = own(failed, site);
    delete failed[site];
    delete excused[site];
    if (verb === "excuse") excused[site] = { at, by, why, releases: [] };
    else if (record !== undefined) handed[site] = { at, to: record.to, was: "joining" };
  }
  return { ...arrivals, handed, failed, ...(Object.keys(excused).length > 0 && { excused }) };
}

/**
 * Nothing is to come to the site, or the stage that brought it has passed: still others may wait until the app is healthy
 * there, for its failure domain keeps one healthy site. The word ends that wait, for as long as one of the app's `releases`
 * is open; none: for the open list.
 */
export function excuseNeighbour(
  control: ControlState,
  releases: ReadonlyMap<string, readonly string[]>,
  { site, by, at, why, isWell }: Word & { site: string; why: string },
): DecisionResult {
  const meant = [...releases.keys()].filter(
    (app) => isUnspoken(own(control.apps, app), site) && isWell?.(app, site) !== true,
  );
  if (meant.length === 0 || !Object.hasOwn(control.sites, site)) {
    return missing(
      `no open stage of a release waits for ${site}, nor is it one for which others may wait`,
      whereToLook(control, site),
    );
  }
  const changes = meant.map((app) => {
    const arrivals = own(control.apps, app)?.arrivals ?? none;
    const word = { at, by, why, releases: [...(releases.get(app) ?? [])] };
    const excused = { ...arrivals.excused, [site]: word };
    return {
      path: controlPaths.arrivals(app),
      record: { ...arrivals, excused },
      why: `${by} excuses ${site} of ${app}, no other site waits for it: ${why}`,
    };
  });
  return done(changes, `no other site of ${someOf(meant)} waits until it is healthy at ${site}`);
}

function whereToLook({ sites }: ControlState, site: string): string {
  const known = own(sites, site);
  const near = known === undefined ? closestName(site, Object.keys(sites)) : undefined;
  if (near !== undefined) return `did you mean "${near}"?`;
  const { moving, leaving, uid } = known ?? {};
  if (leaving !== undefined)
    return `it leaves the fleet: ${clusterCommand(site, uid)} forgets it as it is`;
  if (moving !== undefined)
    return `where it waits for its old worker, and that is gone for good: ${clusterCommand(site, uid)}`;
  return "look at `flotilla status` for releases and their sites; of what comes by an app's open list: `excuse APP open-list --site SITE`";
}

/** Nobody has said so yet. */
function isUnspoken(app: AppControl | undefined, site: string): boolean {
  if (app === undefined) return false;
  const words = app.open.flatMap(({ excused }) => own(excused, site) ?? []);
  return !words.some(isSpoken) && !Object.hasOwn(app.arrivals?.excused ?? {}, site);
}
