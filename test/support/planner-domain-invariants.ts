/** No failure domain loses the last healthy instance of an app, by the records and by what the workers tell. */
import assert from "node:assert/strict";
import { own } from "../../src/core/rollout/own.ts";
import type { HandOver, PlannerInput, RolloutPlan } from "../../src/core/rollout/planner-types.ts";
import type { Release } from "../../src/core/rollout/records.ts";
import { goesBackNow } from "./planner-back-invariants.ts";
import { isInFlight } from "./planner-in-flight.ts";

type Step = HandOver["apps"][number];

/**
 * A hand-over to a healthy site leaves another site of its failure domain healthy and not in flight, where the domain has
 * another one that answers.
 */
export function checkDomains(input: PlannerInput, after: PlannerInput, plan: RolloutPlan): void {
  const moves = plan.handOvers.flatMap(({ site, apps }) =>
    apps.flatMap((step) => {
      const release = openReleases(after, step.app).find(({ id }) => id === step.release);
      return release !== undefined && isNew(input, { site, step, release })
        ? [{ site, app: step.app, release }]
        : [];
    }),
  );
  for (const { site, app, release } of moves) {
    const taken = new Set(moves.flatMap((move) => (move.app === app ? [move.site] : [])));
    const isBusy = (other: string): boolean =>
      taken.has(other) || wasTaken(input, after, { app, site: other });
    const others = [...input.sites.keys()].filter(
      (other) => other !== site && domainOf(input, other) === domainOf(input, site),
    );
    const stage = own(release.list, site)?.stage ?? -1;
    const isLone = !others.some((other) => isWell(input, other, app) && !isBusy(other));
    const awaited = others.filter(
      (other) =>
        isInstance({ input, after }, other, app) &&
        (isBusy(other) || !openReleases(after, app).some(comesLater(other, stage))),
    );
    const told = `${release.id} takes the last healthy ${app} of a failure domain at ${site}`;
    assert.ok(!isLone || awaited.length === 0, told);
  }
}

/**
 * It goes forward to a site where the app is healthy, and was not recorded there before. For one that people have excused
 * nobody waits, so it may go just before the last other one.
 */
function isNew(
  input: PlannerInput,
  { site, step, release }: { site: string; step: Step; release: Release },
): boolean {
  if ("clear" in step.set || release.backTo !== undefined) return false;
  if (isExcusedAt(input, site, step.app)) return false;
  if (goesBackNow(input, release, site)) return false;
  const before = openReleases(input, step.app).find(({ id }) => id === release.id);
  return own(before?.handed, site) === undefined && wasHealthy(input, release, site);
}

function wasHealthy(input: PlannerInput, { app, unknownBlocks }: Release, site: string): boolean {
  const seen = own(own(input.observed, site)?.apps, app);
  if (seen?.everHealthy !== true || (unknownBlocks && seen.unverified > 0)) return false;
  return isWell(input, site, app);
}

function openReleases({ control }: PlannerInput, app: string): readonly Release[] {
  return own(control.apps, app)?.open ?? [];
}

function domainOf({ budgets, sites }: PlannerInput, site: string): string {
  const { region = "", labels = {} } = sites.get(site) ?? {};
  const keys = budgets.failureDomains;
  return JSON.stringify(keys.length === 0 ? region : keys.map((key) => own(labels, key) ?? ""));
}

function isWell({ observed }: PlannerInput, site: string, app: string): boolean {
  const { reachable = true, apps } = own(observed, site) ?? {};
  const health = own(apps, app)?.health;
  return reachable && (health === "Healthy" || health === "Suspended");
}

/** It had been handed over before this plan, and has not settled; what a stage had passed with has. */
function wasTaken(
  input: PlannerInput,
  after: PlannerInput,
  { app, site }: { app: string; site: string },
): boolean {
  return openReleases(input, app).some((before) => {
    const release = openReleases(after, app).find(({ id }) => id === before.id);
    const at = own(before.handed, site)?.at;
    if (release === undefined || at === undefined || hasPassed(before, site)) return false;
    return at === own(release.handed, site)?.at && isInFlight(after, release, site);
  });
}

function hasPassed({ stages, list, passed }: Release, site: string): boolean {
  const stage = stages[own(list, site)?.stage ?? -1];
  return stage !== undefined && Object.hasOwn(passed, stage.name);
}

/** Stages that come later would wait for this one, and neither would ever move. */
function comesLater(site: string, stage: number): (release: Release) => boolean {
  return ({ list }) => (own(list, site)?.stage ?? -1) > stage;
}

/** It could stand in for another: it answers, has had the app, and nobody has excused or suspended it. */
function isInstance(
  { input, after }: { input: PlannerInput; after: PlannerInput },
  site: string,
  app: string,
): boolean {
  const entry = own(own(input.mirrors, site), app);
  const seen = own(own(input.observed, site)?.apps, app);
  const stands = entry !== undefined && "tree" in entry && seen?.everHealthy === true;
  const isExcused = [input, after].some((each) => isExcusedAt(each, site, app));
  return stands && !isExcused && answers(input, site);
}

function answers({ sites, control, workers, observed }: PlannerInput, site: string): boolean {
  const facts = sites.get(site);
  if (facts === undefined || facts.suspend) return false;
  const mirror = own(control.sites, site)?.mirror ?? facts.mirror;
  return own(workers, mirror)?.silentSince === null && own(observed, site)?.reachable === true;
}

function isExcusedAt({ control }: PlannerInput, site: string, app: string): boolean {
  const { open = [], arrivals } = own(control.apps, app) ?? {};
  const excuses = [...open.map(({ excused }) => excused), arrivals?.excused ?? {}];
  return excuses.some((excused) => Object.hasOwn(excused, site));
}
