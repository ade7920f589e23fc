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
  const moving = assignment?.moving;
  if (assignment === undefined || moving === undefined) {
    return conflict(
      `${site} does not move`,
      "a UID is only named for a site that waits for its old worker",
    );
  }
  if (uid === "" || (assignment.uid !== undefined && assignment.uid !== uid)) {
    return conflict(
      `${uid === "" ? "no UID" : uid} is not the cluster of ${site}`,
      `its UID is ${assignment.uid ?? "not known yet"}`,
    );
  }
  const { by, at } = word;
  const record = { ...assignment, uid, moving: { ...moving, released: { by, at, why } } };
  const change = {
    path: controlPaths.site(site),
    record,
    why: `${by} releases ${site} from ${assignment.mirror}: ${why}`,
  };
  return done([change], `${site} goes to ${moving.to} without its old worker's word`);
}
