import { awaitedWord, clusterOwners, leaveClusters } from "./cluster-owners.ts";
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
import { own } from "./own.ts";
import type { ControlState } from "./planner-types.ts";
import type { SiteAssignment } from "./records.ts";

/** Excuses a site, a region, or the old worker of a site that moves. */
export function excuse(control: ControlState, decision: Of<"excuse">, word: Word): DecisionResult {
  if (decision.region !== undefined)
    return excuseRegion(control, decision.region, { ...word, why: decision.why });
  if (decision.site === undefined) {
    return refuse("bad-request", "nobody is named", "name a site or a region");
  }
  const named = { ...decision, site: decision.site };
  return decision.uid === undefined
    ? excuseSite(control, named, word)
    : releaseMove(control, named, word);
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
  if (served.length === 0)
    return missing(`no site is served by region ${region}`, "look at `flotilla status`");
  const { by, at, why } = word;
  const changes = served.map((mirror) => ({
    path: controlPaths.worker(mirror),
    record: { ...(own(control.workers, mirror) ?? { silences: [] }), excused: { by, at, why } },
    why: `${by} excuses ${mirror} while its worker is silent: ${why}`,
  }));
  return done(changes, `excused ${served.join(", ")} until its worker is back`);
}

/** Excuses a site in one release of an app, or in all open ones that list it. */
function excuseSite(
  control: ControlState,
  decision: Of<"excuse"> & { site: string },
  { by, at }: Word,
): DecisionResult {
  const { app, release: id, site, why } = decision;
  const apps = app === undefined ? Object.keys(control.apps) : [app];
  const releases = apps
    .flatMap((name) => own(control.apps, name)?.open ?? [])
    .filter(
      (release) => (id === undefined || release.id === id) && Object.hasOwn(release.list, site),
    )
    .filter(
      (release) =>
        !Object.hasOwn(release.passed, stageOf(release, site)) &&
        (!Object.hasOwn(release.excused, site) || own(release.excused, site)?.with !== undefined),
    );
  if (releases.length === 0) {
    return missing(
      `no open stage of a release waits for ${site}`,
      "look at `flotilla status` for releases and their sites",
    );
  }
  const changes = releases.map((release) =>
    releaseChange(
      { ...release, excused: { ...release.excused, [site]: { at, by, why } } },
      `${by} excuses ${site} from ${release.id}: ${why}`,
    ),
  );
  return done(changes, `excused ${site} from ${releases.map((release) => release.id).join(", ")}`);
}

/** The old worker of a moving site is not waited for: the operator knows that it cannot write any more. */
function releaseMove(
  control: ControlState,
  decision: Of<"excuse"> & { site: string },
  word: Word,
): DecisionResult {
  const { site, uid = "", why } = decision;
  const assignment = own(control.sites, site);
  if (assignment === undefined || !isAsked(assignment)) {
    return conflict(
      `${site} does not move`,
      "a UID is only named for a site that waits for its old worker",
    );
  }
  if (uid === "" || (assignment.uid ?? uid) !== uid) {
    return conflict(
      `${uid || "no UID"} is not the cluster of ${site}`,
      `its UID is ${assignment.uid ?? "not known yet"}`,
    );
  }
  const { moving } = assignment;
  if (moving === undefined) return vouchFor(control, { site, uid, assignment }, { ...word, why });
  const { by, at } = word;
  const record = { ...assignment, uid, moving: { ...moving, released: { by, at, why } } };
  const change = {
    path: controlPaths.site(site),
    record,
    why: `${by} releases ${site} from ${assignment.mirror}: ${why}`,
  };
  return done([change], `${site} goes to ${moving.to} without its old worker's word`);
}

/** A UID is asked for: where the site waits for its old worker, or where nobody has told which cluster it has. */
function isAsked({ moving, uid }: SiteAssignment): boolean {
  return moving !== undefined || uid === undefined;
}

/** The site does not move, and nobody has told its cluster: its worker refuses it, for another mirror's wrote there. */
function vouchFor(
  control: ControlState,
  { site, uid, assignment }: { site: string; uid: string; assignment: SiteAssignment },
  { by, why }: Word & { why: string },
): DecisionResult {
  const owner = clusterOwners(control).get(uid);
  if (owner !== undefined) {
    const hint = awaitedWord(control, owner) ?? "a cluster is one site's";
    return conflict(`${uid} is the cluster of ${owner}`, hint);
  }
  const { formerUid: _, ...rest } = assignment;
  const change = {
    path: controlPaths.site(site),
    record: { ...rest, uid },
    why: `${by} says that ${uid} is the cluster of ${site}, and served by nobody else: ${why}`,
  };
  const left = leaveClusters(control, new Map([[uid, site]]));
  return done([change, ...left], `${rest.mirror} may write to ${site}`);
}
