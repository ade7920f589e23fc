import { closestName } from "../model/closest-name.ts";
import { openListName } from "./arrival-losses.ts";
import { awaitedWord, hasLetGo, leaveClusters } from "./cluster-owners.ts";
import { controlPaths } from "./control-files.ts";
import {
  conflict,
  type DecisionResult,
  done,
  missing,
  type Of,
  refuse,
  releaseChange,
  stageOf,
  type Word,
} from "./decision-result.ts";
import { excuseNeighbour, speakOfArrivals } from "./decide-open-list.ts";
import { withoutLeaving } from "./leaving-sites.ts";
import { own } from "./own.ts";
import type { ControlState } from "./planner-types.ts";
import type { Release } from "./records.ts";
import type { SiteAssignment } from "./site-assignment.ts";
import { excusedByPlanner, isSpoken } from "./site-state.ts";
import { clusterCommand } from "./words.ts";

/** Excuses a site, a region, or the old worker of a site that moves. */
export function excuse(control: ControlState, decision: Of<"excuse">, word: Word): DecisionResult {
  if (decision.region !== undefined) {
    const { app, release, site, uid } = decision;
    const other = app ?? release ?? site ?? uid;
    if (other !== undefined) return notOfRegion(decision.region, other);
    return excuseRegion(control, decision.region, { ...word, why: decision.why });
  }
  if (decision.site === undefined) {
    return refuse("bad-request", "nobody is named", "name a site or a region");
  }
  const named = { ...decision, site: decision.site };
  if (decision.release === openListName && decision.app !== undefined)
    return speakOfArrivals(control, "excuse", { ...named, ...word, app: decision.app });
  return decision.uid === undefined
    ? excuseSite(control, named, word)
    : speakForCluster(control, named, word);
}

/** A region is excused for everything: its worker is silent for all apps. */
function notOfRegion(region: string, other: string): DecisionResult {
  const message = `a region is excused for every app: ${region} and ${other} exclude each other`;
  return refuse("bad-request", message, "name the region alone, or a site of it");
}

function excuseRegion(
  control: ControlState,
  region: string,
  word: Word & { why: string },
): DecisionResult {
  const mirrors = new Set(
    Object.values(control.sites).flatMap(({ mirror, moving }) => [
      mirror,
      ...(moving === undefined ? [] : [moving.to]),
    ]),
  );
  const served = [...mirrors]
    .filter((mirror) => mirror === region || mirror.startsWith(`${region}--`))
    .toSorted();
  if (served.length === 0) {
    const regions = [...mirrors].flatMap((mirror) => [mirror, mirror.replace(/--.*$/, "")]);
    const near = closestName(region, regions);
    const hint = near === undefined ? "look at `flotilla status`" : `did you mean "${near}"?`;
    return missing(`no site is served by region ${region}`, hint);
  }
  const { by, at, why, isSilent } = word;
  const silent = served.filter((mirror) => isSilent?.(mirror) !== false);
  if (silent.length === 0) return isLive(served);
  const changes = silent.map((mirror) => ({
    path: controlPaths.worker(mirror),
    record: { ...(own(control.workers, mirror) ?? { silences: [] }), excused: { by, at, why } },
    why: `${by} excuses ${mirror} while its worker is silent: ${why}`,
  }));
  return done(changes, `excused ${silent.join(", ")} until its worker is back`);
}

/** Nothing waits for it as a region, and the excuse would end with the worker's next report. */
function isLive(served: readonly string[]): DecisionResult {
  const message =
    served.length === 1
      ? `the worker of ${served.join("")} is live`
      : `the workers of ${served.join(", ")} are live`;
  return conflict(message, "a region is excused while its worker is silent; excuse a site of it");
}

/** Excuses a site in one release of an app, or in all open ones that list it. */
function excuseSite(
  control: ControlState,
  decision: Of<"excuse"> & { site: string },
  word: Word,
): DecisionResult {
  const { by, at } = word;
  const { app, release: id, site, why } = decision;
  const apps = app === undefined ? Object.keys(control.apps) : [app];
  const releases = apps
    .flatMap((name) => own(control.apps, name)?.open ?? [])
    .filter(
      (release) => (id === undefined || release.id === id) && Object.hasOwn(release.list, site),
    )
    .filter((release) => isAwaited(release, site));
  if (releases.length === 0) {
    const underWay = apps.flatMap((name) => {
      const open = (own(control.apps, name)?.open ?? []).map((release) => release.id);
      const meant = open.filter((each) => id === undefined || each === id);
      return meant.length === 0 ? [] : [[name, meant] as const];
    });
    return excuseNeighbour(control, new Map(underWay), { ...word, site, why });
  }
  const said = by === excusedByPlanner ? ({ spoken: true } as const) : {};
  const changes = releases.map((release) =>
    releaseChange(
      { ...release, excused: { ...release.excused, [site]: { at, by, why, ...said } } },
      `${by} excuses ${site} from ${release.id}: ${why}`,
    ),
  );
  const message = `excused ${site} from ${releases.map((release) => release.id).join(", ")}`;
  return done(changes, message + stillLeaving(control, site));
}

/** Its removals go on without it, and remove when it is back. */
function stillLeaving({ sites }: ControlState, site: string): string {
  const { leaving, uid } = own(sites, site) ?? {};
  return leaving === undefined
    ? ""
    : `; it goes on to leave the fleet: ${clusterCommand(site, uid)} forgets it as it is`;
}

/**
 * Something waits for the site, and nobody has said to go on without it: its stage, or, of a removal whose stage has
 * passed, an app that leaves after this one.
 */
function isAwaited(release: Release, site: string): boolean {
  const excused = own(release.excused, site);
  if (excused !== undefined && excused.with === undefined && isSpoken(excused)) return false;
  const hasPassed = Object.hasOwn(release.passed, stageOf(release, site));
  return !hasPassed || (release.kind === "removal" && !Object.hasOwn(release.left ?? {}, site));
}

/**
 * Which cluster a site has. Where it moves, its old worker is not waited for: the operator knows that it cannot write any
 * more. Where no worker has told the cluster, it may be this one, whoever wrote there: what counts is what its worker
 * tells then. So another word corrects one that named a wrong UID.
 */
function speakForCluster(
  control: ControlState,
  decision: Of<"excuse"> & { site: string },
  word: Word,
): DecisionResult {
  const { site, uid = "" } = decision;
  const assignment = own(control.sites, site);
  if (assignment === undefined || !isAsked(assignment)) {
    return conflict(
      `nobody asks for the cluster of ${site}`,
      "a UID is named where a site waits for its old worker, or where its worker has not told it, for another mirror's wrote there, or where it leaves the fleet",
    );
  }
  const named = { site, uid, assignment };
  const no = notItsCluster(control, named);
  if (no !== undefined) return no;
  const { record, why, message } = spoken(named, { ...word, why: decision.why });
  const left = leaveClusters(control, new Map([[uid, site]]));
  return done([{ path: controlPaths.site(site), record, why }, ...left], message);
}

interface Named {
  readonly site: string;
  readonly uid: string;
  readonly assignment: SiteAssignment;
}

/** A UID is asked for: where the site waits for its old worker, leaves the fleet, or nobody has told which cluster it has. */
function isAsked({ moving, leaving, uid }: SiteAssignment): boolean {
  return moving !== undefined || leaving !== undefined || uid === undefined;
}

function notItsCluster(control: ControlState, named: Named): DecisionResult | undefined {
  const { site, uid, assignment } = named;
  if (uid === "" || (assignment.uid ?? uid) !== uid) {
    return conflict(
      `${uid || "no UID"} is not the cluster of ${site}`,
      `its UID is ${assignment.uid ?? "not known yet"}`,
    );
  }
  const other = assignment.uid === undefined ? claimant(control, named) : undefined;
  return other === undefined
    ? undefined
    : conflict(`${uid} is the cluster of ${other}`, whatFreesIt(control, other));
}

/** The other site that has the cluster, or of which a word says so that its worker may still confirm. */
function claimant({ sites }: ControlState, { site, uid }: Named): string | undefined {
  return Object.keys(sites).find((other) => {
    const known = own(sites, other);
    return (
      other !== site &&
      known !== undefined &&
      !hasLetGo(known) &&
      (known.uid ?? known.formerUid) === uid
    );
  });
}

function whatFreesIt(control: ControlState, other: string): string {
  const isTold = own(control.sites, other)?.uid !== undefined;
  return (
    awaitedWord(control, other) ??
    `a cluster is one site's${isTold ? "" : `; where ${other} has another one, name that first`}`
  );
}

/** Recorded as known is only what a worker tells: a word lets it through where it finds just that cluster. */
function spoken(
  { site, uid, assignment }: Named,
  { by, at, why }: Word & { why: string },
): { record: SiteAssignment; why: string; message: string } {
  const named = assignment.uid === undefined ? { ...assignment, formerUid: uid } : assignment;
  const { moving, mirror } = named;
  if (named.leaving !== undefined)
    return {
      record: withoutLeaving(named),
      why: `${by} forgets ${site} as it is: ${why}`,
      message: `${site} is forgotten with what it has; nothing more is deleted there. Its cluster is free for another site when the worker of ${mirror} has stopped there, or when the same is said once more`,
    };
  if (moving === undefined)
    return {
      record: named,
      why: `${by} says that ${uid} is the cluster of ${site}, and served by nobody else: ${why}`,
      message: `${mirror} may write to ${site} where its cluster is ${uid}`,
    };
  return {
    record: { ...named, moving: { ...moving, released: { by, at, why } } },
    why: `${by} releases ${site} from ${mirror}: ${why}`,
    message:
      moving.forgotten === undefined
        ? `${site} goes to ${moving.to} without its old worker's word`
        : `the worker of ${mirror}, where ${site} was, is not waited for any more`,
  };
}
