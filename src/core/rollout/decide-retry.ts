/** An operator's word that a release goes again where it failed. */
import {
  conflict,
  type DecisionResult,
  done,
  findRelease,
  noRelease,
  type Of,
  releaseChange,
  stageOf,
  type Word,
} from "./decision-result.ts";
import { openListName } from "./arrival-losses.ts";
import { controlPaths } from "./control-files.ts";
import { speakOfArrivals } from "./decide-open-list.ts";
import { own } from "./own.ts";
import { withoutSoaked } from "./record-soaked.ts";
import { badTreesOf, type SiteTree, withoutBadTrees } from "./rollback/bad-trees.ts";
import { whyBack } from "./rollback/back-words.ts";
import { broughtSites, broughtTo } from "./rollback/brought.ts";
import { isSetBack } from "./rollback/sites-back.ts";
import type { ControlChange, ControlState } from "./planner-types.ts";
import type { Approval, Release } from "./records.ts";
import { hasNotFailed, someOf } from "./words.ts";

/** Hands the release, or the open list, to sites again where it failed. */
export function retry(control: ControlState, decision: Of<"retry">, word: Word): DecisionResult {
  return decision.release === openListName
    ? speakOfArrivals(control, "retry", { ...decision, ...word })
    : retryRelease(control, decision);
}

/** One that goes back as a whole goes forward again as a whole. */
function retryRelease(control: ControlState, decision: Of<"retry">): DecisionResult {
  const release = findRelease(control, decision);
  if (release === undefined) return noRelease(control, decision.app);
  const { goingBack } = release;
  if (goingBack !== undefined && decision.site !== undefined) {
    const hint = "retry all of it, or commit a fix";
    return conflict(`${release.id} goes back as a whole: ${whyBack(release)}`, hint);
  }
  const failed = Object.keys(release.failed).filter(
    (site) =>
      goingBack !== undefined ||
      isSetBack(release, site) ||
      !Object.hasOwn(release.passed, stageOf(release, site)),
  );
  const sites =
    decision.site === undefined ? failed : failed.filter((site) => site === decision.site);
  const behind = failedBehind(release, new Set(failed), decision.site);
  if (sites.length === 0 && goingBack === undefined) {
    return nothingToRetry(release, { failed, behind, site: decision.site });
  }
  const what = sites.length === 0 ? release.id : `${sites.join(", ")} in ${release.id}`;
  const why = `retry ${what}: ${decision.why}`;
  const changes = [releaseChange(retried(release, new Set(sites)), why)];
  const along = retriedAlong(control, release, { sites, why });
  const stay = behind.length === 0 ? "" : `; ${behindInWords(behind)}: it is not handed over again`;
  const all = [...changes, ...along, ...forgiven(control, release, why)];
  return done(all, `retrying ${what}${stay}`);
}

/** Of the sites that are meant, those that failed in a stage that has passed, and have the release all the same. */
function failedBehind(
  release: Release,
  again: ReadonlySet<string>,
  site: string | undefined,
): string[] {
  const behind = Object.keys(release.failed).filter((failed) => !again.has(failed));
  return site === undefined ? behind : behind.filter((failed) => failed === site);
}

function behindInWords(sites: readonly string[], id = ""): string {
  return `${someOf(sites)} failed${id} in a stage that has passed`;
}

/** What was handed over counts as done when its stage has passed: to be handed over anew, it has to be gone before. */
function nothingToRetry(
  { app, id, kind }: Release,
  {
    failed,
    behind,
    site,
  }: {
    readonly failed: readonly string[];
    readonly behind: readonly string[];
    readonly site: string | undefined;
  },
): DecisionResult {
  const [first] = behind;
  if (first !== undefined) {
    const words = `${behindInWords(behind, ` ${id}`)}: it was handed over there, and is not handed over again`;
    const word = `\`flotilla rollout rollback ${app} ${id} --site ${first} --why TEXT\``;
    const hint =
      kind === "removal"
        ? "its worker goes on trying; what stands in its way is told by `flotilla status`"
        : `commit a fix, or set it back (${word}) and retry it then`;
    return conflict(words, hint);
  }
  const hint =
    failed.length === 0
      ? "nothing of it has failed in an open stage"
      : `failed: ${failed.join(", ")}`;
  return conflict(`${hasNotFailed(site)} ${id}`, hint);
}

/**
 * What moves as one goes again as one, for alone none of them may go: those that failed at the same sites. What goes back
 * as a whole needs a word of its own.
 */
function retriedAlong(
  { apps }: ControlState,
  release: Release,
  { sites, why }: { sites: readonly string[]; why: string },
): ControlChange[] {
  const open = Object.values(apps).flatMap((app) => app.open);
  return open.flatMap((other) => {
    const again = sites.filter(
      (site) =>
        own(release.failed, site)?.with?.includes(other.id) === true &&
        Object.hasOwn(other.failed, site) &&
        !Object.hasOwn(other.passed, stageOf(other, site)),
    );
    if (other.goingBack !== undefined || again.length === 0) return [];
    return [releaseChange(retried(other, new Set(again)), why)];
  });
}

/** The release as it goes again to these sites: what was said of them before counts no more. */
function retried(release: Release, again: ReadonlySet<string>): Release {
  const without = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(record).filter(([site]) => !again.has(site)));
  const before = { ...release.retried };
  for (const site of again) {
    // What it broke is unhealthy now: measured against that, it could not fail again.
    const was = own(release.handed, site)?.was;
    if (was !== undefined) before[site] = was;
  }
  const { goingBack: _, setBack = {}, back = {}, ...rest } = release;
  return {
    ...rest,
    ...reopened(release, again),
    retried: before,
    failed: without(release.failed),
    excused: without(release.excused),
    handed: withoutSoaked(without(release.handed)),
    carried: without(release.carried),
    ...(Object.keys(setBack).length === 0 ? {} : { setBack: without(setBack) }),
    ...(Object.keys(back).length === 0 ? {} : { back: without(back) }),
  };
}

/**
 * A stage of which a site goes again has not passed, nor has any after it. What opened and promoted them was said of the
 * time before, and is to be said again.
 */
function reopened(
  { stages, list, opened, passed, approvals, goingBack }: Release,
  again: ReadonlySet<string>,
): Pick<Release, "opened" | "passed" | "approvals"> {
  const first = Math.min(...[...again].map((site) => own(list, site)?.stage ?? stages.length));
  const later = new Set(stages.slice(first).map(({ name }) => name));
  const isPassed = [...later].some((name) => Object.hasOwn(passed, name));
  if (!isPassed && goingBack === undefined) return { opened, passed, approvals };
  const keep = (times: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(times).filter(([name]) => !later.has(name)));
  const ofStages = new Set<Approval["what"]>(["stage", "promotion"]);
  return {
    opened: keep(opened),
    passed: keep(passed),
    approvals: approvals.filter(({ what, value }) => !(ofStages.has(what) && later.has(value))),
  };
}

/** Its digest may be tried again. */
function forgiven(control: ControlState, release: Release, why: string): ControlChange[] {
  const { bad = [], badTrees } = own(control.apps, release.app) ?? {};
  if (release.goingBack === undefined || !bad.includes(release.digest)) return [];
  const digests = bad.filter((digest) => digest !== release.digest);
  const trees = withoutBadTrees(badTreesOf(badTrees), itsTrees(release));
  const record = digests.length === 0 ? null : { digests, trees };
  return [{ path: controlPaths.bad(release.app), record, why }];
}

function itsTrees(release: Release): SiteTree[] {
  const sites = new Set([...Object.keys(release.list), ...broughtSites(release)]);
  return [...sites].flatMap((site) => {
    const to = own(release.list, site)?.to ?? null;
    const trees = [...broughtTo(release, site), ...(to === null ? [] : [to])];
    return trees.map((tree) => ({ site, tree }));
  });
}
