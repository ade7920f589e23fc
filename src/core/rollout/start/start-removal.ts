/** Begins a removal release for the sites that lose an app, and withdraws what is left of one they get back. */
import { canonicalJson } from "../../model/json.ts";
import { removalVerb } from "../approvals.ts";
import {
  type AppBoard,
  change,
  closeRelease,
  forgetBad,
  setCurrent,
  setRelease,
} from "../board.ts";
import { controlPaths } from "../control-files.ts";
import { own } from "../own.ts";
import type { TreeId } from "../../render/rendered.ts";
import type { StartInput } from "../planner-types.ts";
import type { Release } from "../records.ts";
import { strictest } from "../removal-verbs.ts";
import { isRefused } from "./start-candidate.ts";
import { removalAt, treeToLeave } from "../leaving-markers.ts";
import { isUnseen, treeAt } from "../site-view.ts";
import { beginRelease, candidateOf, type StartRun } from "./start-run.ts";
import { shrink, takeSites, touchedBy } from "./take-over.ts";

/**
 * Sites that get the app back leave the removals: their marker, if it stands already, is withdrawn by what comes. Gives
 * those that the removals have in flight.
 */
export function withdrawRemovals(
  { input, board, notes }: StartRun,
  app: AppBoard,
): Release["carried"] {
  const inFlight: Release["carried"] = {};
  const desired = own(input.desired, app.app);
  if (desired === undefined) return inFlight;
  // What is refused comes nowhere: it withdraws no marker, but nothing is to be ordered to leave where the head has it.
  const isBrought = !isRefused(app, desired);
  const isBack = (site: string): boolean =>
    Object.hasOwn(desired.sites, site) && (isBrought || treeAt(input, app.app, site) !== undefined);
  for (const release of app.open.values()) {
    if (release.kind !== "removal") continue;
    const back = new Set(Object.keys(release.list).filter(isBack));
    if (back.size === 0) continue;
    for (const [site, record] of touchedBy(board, release)) {
      if (back.has(site) && record.settled !== true) inFlight[site] = record;
    }
    shrink(board, release, { sites: back, why: `${app.app} stays at ${[...back].join(", ")}` });
    notes.push(`${app.app} stays at ${back.size} sites that it was to leave`);
  }
  return inFlight;
}

/** Begins the removal. The sites are out of every other list from now on. */
export function startRemoval(run: StartRun, app: AppBoard): void {
  const { board, input } = run;
  const sites = leavingSites(run, app);
  const unplaced = new Set([...listedSites(app)].filter((site) => !isPlaced(run, app, site)));
  const why = `${app.app} leaves`;
  const carried = takeSites(board, app, {
    sites: unplaced.union(new Set(sites.keys())),
    kinds: ["app", "site"],
    why,
  });
  if (sites.size > 0) {
    const reference = app.current.release ?? candidateOf(app);
    const list = new Map([...sites].map(([site, from]) => [site, { from, to: null }]));
    beginRelease(run, app, {
      kind: "removal",
      digest: reference?.digest ?? "",
      renderer: reference?.renderer ?? 0,
      list,
      carried: Object.fromEntries(Object.entries(carried).filter(([site]) => sites.has(site))),
      verb: own(input.onRemoval, app.app) ?? "delete",
      dependsOn: dependenciesOf(input, app.app),
    });
  }
  if (!Object.hasOwn(input.desired, app.app)) endApp(run, app);
}

/**
 * A commit that no pass followed had the app once more where it has not left yet, and takes less away, or the head says
 * another word of the app than the one before it: it goes on by the stricter word, and what was approved of it before is to
 * be said again. Sites that are ordered to leave stay so; where a move takes the order back, they too go on by that word.
 */
export function overruleRemovals(run: StartRun, app: AppBoard): void {
  const { board, input } = run;
  const back = input.skipped?.back.get(app.app);
  const said = own(input.saidAnew, app.app);
  if (back === undefined && said === undefined) return;
  for (const release of app.open.values()) {
    if (release.kind !== "removal") continue;
    const isThere = (site: string): boolean =>
      !Object.hasOwn(release.left ?? {}, site) || treeAt(input, app.app, site) !== undefined;
    // Where the head has it, it leaves the removal.
    const there = Object.keys(release.list).filter(
      (site) => isThere(site) && !isPlaced(run, app, site),
    );
    const before = removalVerb(release);
    const words = there.flatMap((site) => [said ?? [], back?.get(site) ?? []].flat());
    const verb = strictest([before, ...words]);
    if (verb === before) continue;
    const approvals = release.approvals.filter(
      ({ what }) => what !== "verb" && what !== "deletions",
    );
    const ordered = Object.entries(release.handed).filter(
      ([site]) => treeAt(input, app.app, site) === undefined,
    );
    const handed = Object.fromEntries(ordered);
    const why = `${release.id}: a commit since says ${verb} of ${app.app}`;
    setRelease(board, { ...release, verb, approvals, handed }, why);
  }
}

/** As the head says, or else those before by which it leaves. */
function dependenciesOf(
  { dependsOn = {}, dependedBefore = {} }: StartInput,
  app: string,
): readonly string[] {
  return own(dependsOn, app) ?? own(dependedBefore, app) ?? [];
}

/** Sites that the head declares, where the app stands, or may, and is not to be any more; with the tree, null: not known. */
function leavingSites(run: StartRun, app: AppBoard): Map<string, TreeId | null> {
  const sites = new Map<string, TreeId | null>();
  for (const site of run.input.headSites.keys()) {
    if (isPlaced(run, app, site) || removalAt(app, site) !== undefined) continue;
    const standing = treeAt(run.input, app.app, site) ?? markedTree(run, app, site);
    const tree = standing ?? unseenTree(run, app, site);
    if (tree !== undefined) sites.set(site, tree);
  }
  return sites;
}

/**
 * What the app has where it came back on its way out, and is to leave once more before anything has come: the marker of the
 * removal that is over stands still. Where it is to be held now, that one's order has gone out all the same.
 */
function markedTree({ input }: StartRun, { app }: AppBoard, site: string): TreeId | undefined {
  const isHeld = own(input.onRemoval, app) === "hold";
  return isHeld ? undefined : treeToLeave(own(own(input.mirrors, site), app));
}

/**
 * What a site whose mirror cannot be read, or is lost, should have by control: the tree of the candidate that came there, else that of
 * what is current. What stands there is seen before anything leaves: another tree waits for a word then.
 */
function unseenTree({ input }: StartRun, app: AppBoard, site: string): TreeId | null | undefined {
  if (!isUnseen(input, app.app, site)) return undefined;
  const brought = treeByCandidate(app, site);
  if (typeof brought === "string") return brought;
  return own(own(input.entitledBefore, app.app), site) ?? brought;
}

/**
 * What the candidate brought there; null: where it did not come yet, and an older version is, that stood there or that a
 * release before it had brought while nobody saw what stands.
 */
function treeByCandidate(app: AppBoard, site: string): TreeId | null | undefined {
  const candidate = candidateOf(app);
  const entry = own(candidate?.list, site);
  if (candidate === undefined || entry === undefined) return undefined;
  if (own(candidate.handed, site) !== undefined) return entry.to;
  const hasOlder = entry.from !== null || own(candidate.carried, site) !== undefined;
  return hasOlder ? null : undefined;
}

function listedSites(app: AppBoard): Set<string> {
  const moving = [...app.open.values()].filter(({ kind }) => kind !== "removal");
  return new Set(moving.flatMap(({ list }) => Object.keys(list)));
}

/** The head has the app there; a placement that comes with a refused version takes nothing away. */
function isPlaced({ input }: StartRun, app: AppBoard, site: string): boolean {
  const desired = own(input.desired, app.app);
  if (own(desired?.sites, site) !== undefined) return true;
  return isRefused(app, desired) && own(own(input.entitled, app.app), site) !== undefined;
}

/** The head does not have the app any more: nothing of it is current, so that nobody joins it. */
function endApp({ board, notes }: StartRun, app: AppBoard): void {
  for (const release of app.open.values()) {
    if (release.kind === "removal") continue;
    closeRelease(board, release, {
      why: `${release.id} ends: ${app.app} is no longer in the fleet`,
    });
    notes.push(`${release.id} ends: ${app.app} is no longer in the fleet`);
  }
  const { release, partial } = app.current;
  const isEnded = release === null && partial.length === 0;
  const why = `${app.app} is no longer in the fleet`;
  if (app.open.size > 0) {
    if (!isEnded) setCurrent(board, app, { current: { release: null, partial: [] }, why });
  } else if (own(board.input.control.apps, app.app) !== undefined) {
    if (!isEnded) change(board, controlPaths.current(app.app), { record: null, why });
    forgetBad(board, app);
  }
}

/**
 * Sites that what is current would place and the head does not are entitled to nothing as long as that is so: nothing
 * brings the app back to those it leaves, or to new ones. One that is placed again is entitled to what is current.
 */
export function withholdUnplaced(run: StartRun, app: AppBoard): void {
  if (!Object.hasOwn(run.input.desired, app.app)) return;
  const { unplaced: known = [], ...rest } = app.current;
  const entitled = Object.keys(own(run.input.entitled, app.app) ?? {});
  const concerned = candidateOf(app) === undefined ? known : [...known, ...entitled];
  const unplaced = [...new Set(concerned)]
    .filter((site) => run.input.headSites.has(site) && !isPlaced(run, app, site))
    .toSorted();
  if (canonicalJson(unplaced) === canonicalJson(known)) return;
  const current = unplaced.length === 0 ? rest : { ...rest, unplaced };
  const why = `${app.app}: ${unplaced.length} sites are not placed`;
  setCurrent(run.board, app, { current, why });
}
