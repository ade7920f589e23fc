/** Checks of random histories, said once more in plain code: no plan may get past one that is not true. */
import assert from "node:assert/strict";
import { own } from "../../src/core/rollout/own.ts";
import type { HandOver, PlannerInput, RolloutPlan } from "../../src/core/rollout/planner-types.ts";
import type { Release } from "../../src/core/rollout/records.ts";
import { standingTree } from "../../src/core/rollout/site-view.ts";

interface At {
  readonly input: PlannerInput;
  /** The release before and after the plan. */
  readonly before: Release;
  readonly release: Release;
  readonly stage: number;
  readonly site: string;
}

/** By the name of a check before: what it says of a site that is handed over. */
const mayGo: Readonly<Record<string, (at: At) => boolean>> = {
  pilot: ({ input, release, stage, site }) =>
    own(input.sites.get(site)?.labels, "ring") !== undefined ||
    release.stages[stage]?.name !== "all",
  few: (at) => newlyHanded(at).length <= 2,
  "none-failed": ({ release, stage }) =>
    Object.keys(release.failed).every((site) => own(release.list, site)?.stage !== stage),
  other: ({ input, site }) => {
    const entry = own(own(input.mirrors, site), "db");
    const told = own(own(input.observed, site)?.apps, "db");
    // What has left is not there, though its worker, or its marker, may still speak of it.
    const speaker = told?.left === true ? standingTree(entry) : (entry ?? told);
    return speaker === undefined || isWell(input, "db", site);
  },
  broken: ({ input, site }) => own(input.sites.get(site)?.labels, "ring") === "pilot",
};

/** Every hand-over and every passed stage of a plan has its checks. */
export function checkChecks(input: PlannerInput, after: PlannerInput, plan: RolloutPlan): void {
  for (const { site, apps } of plan.handOvers) {
    for (const step of apps) if ("tree" in step.set) checkHanded(input, after, { site, step });
  }
  for (const [app, { open }] of Object.entries(after.control.apps)) {
    for (const release of open) checkPassed(input, app, release);
  }
}

function checkHanded(
  input: PlannerInput,
  after: PlannerInput,
  { site, step }: { site: string; step: HandOver["apps"][number] },
): void {
  const [before, release] = [input, after].map((at) => openRelease(at, step.app, step.release));
  if (before === undefined || release === undefined) return;
  const stage = own(release.list, site)?.stage;
  if (stage === undefined || isKnown(before.handed, site) || isKnown(release.back, site)) return;
  const at: At = { input, before, release, stage, site };
  const untrue = before.checks?.before.filter(({ name }) => mayGo[name]?.(at) !== true) ?? [];
  const names = untrue.map(({ name }) => name);
  assert.deepEqual(names, [], `${step.app} comes to ${site} past checks`);
}

function isKnown(records: Readonly<Record<string, unknown>> | undefined, site: string): boolean {
  return own(records, site) !== undefined;
}

function openRelease(
  { control }: PlannerInput,
  app: string,
  id: string | null,
): Release | undefined {
  return own(control.apps, app)?.open.find((release) => release.id === id);
}

function newlyHanded({ before, release, stage }: At): string[] {
  return Object.keys(release.handed).filter(
    (site) => !isKnown(before.handed, site) && own(release.list, site)?.stage === stage,
  );
}

function isWell({ observed }: PlannerInput, app: string, site: string): boolean {
  const seen = own(observed, site);
  const health = own(seen?.apps, app)?.health;
  return seen?.reachable === true && (health === "Healthy" || health === "Suspended");
}

/** A stage that passes now: what counts as done had every check true; the whole had its own. */
function checkPassed(input: PlannerInput, app: string, release: Release): void {
  const before = openRelease(input, app, release.id);
  const isAsked = (name: string): boolean =>
    release.checks?.after.some((check) => check.name === name) === true;
  for (const { name, sites } of passesNow(before, release)) {
    const unmet = sites.filter((site) => isDoneUnmet(release, site));
    const ofSites = isAsked("neighbour") || isAsked("some-time") ? unmet : [];
    assert.deepEqual(ofSites, [], `stage ${name} of ${release.id} passes without its checks`);
    const well = sites.filter((site) => isWell(input, app, site));
    const share = isAsked("most") ? well.length / sites.length : 1;
    assert.ok(share > 0.5, `stage ${name} of ${release.id} passes with ${share}`);
  }
}

/** Stages with sites that have not passed before; none where the release has just been aligned with another. */
function passesNow(
  before: Release | undefined,
  release: Release,
): { name: string; sites: string[] }[] {
  if (before === undefined) return [];
  const isNew = (name: string): boolean =>
    own(before.passed, name) === undefined && own(release.passed, name) !== undefined;
  if (!release.stages.some(({ name }) => isNew(name))) return [];
  if (JSON.stringify(before.stages) !== JSON.stringify(release.stages)) return [];
  return release.stages.flatMap(({ name }, index) => {
    const sites = Object.keys(release.list).filter((site) => release.list[site]?.stage === index);
    return isNew(name) && sites.length > 0 ? [{ name, sites }] : [];
  });
}

function isDoneUnmet(release: Release, site: string): boolean {
  const handed = own(release.handed, site);
  if (handed === undefined || handed.was === "unhealthy") return false;
  if (own(release.failed, site) ?? own(release.excused, site)) return false;
  return handed.met === undefined;
}
