/** What no plan may ever do, checked from the outside on the planner's own input and output. */
import assert from "node:assert/strict";
import { own } from "../../src/core/rollout/own.ts";
import type {
  AppControl,
  HandOver,
  PlannerInput,
  RolloutPlan,
} from "../../src/core/rollout/planner-types.ts";
import type { FrozenStage, Release } from "../../src/core/rollout/records.ts";
import { holdOn } from "../../src/core/rollout/holds.ts";
import { resolveAmount } from "../../src/core/model/amount.ts";
import { areDeletionsApproved, removalVerb } from "../../src/core/rollout/approvals.ts";
import { checkChecks } from "./check-invariants.ts";
import { applyChanges } from "./control-state.ts";
import { checkBack, checkForward, goesBackNow } from "./planner-back-invariants.ts";
import { checkDomains } from "./planner-domain-invariants.ts";
import { isInFlight } from "./planner-in-flight.ts";
import { checkTimeAndOrder } from "./planner-order-invariants.ts";
import { checkSoaks } from "./planner-soak-invariants.ts";
import { atLeast, atMost } from "./rules.ts";

type Step = HandOver["apps"][number];

/** Throws when a plan breaks a rule, with what it planned. */
export function checkPlan(input: PlannerInput, plan: RolloutPlan): void {
  try {
    checkRules(input, plan);
  } catch (cause) {
    const told = JSON.stringify({ plan, apps: input.control.apps, observed: input.observed });
    throw new Error(`${cause instanceof Error ? cause.message : ""}: ${told}`, { cause });
  }
}

function checkRules(input: PlannerInput, plan: RolloutPlan): void {
  const after: PlannerInput = { ...input, control: applyChanges(input.control, plan.changes) };
  for (const handOver of plan.handOvers) {
    checkPlace(input, handOver);
    checkTimeAndOrder(input, after, handOver);
    for (const step of handOver.apps) {
      if ("leaving" in step.set) checkLeaving(input, handOver.site, step);
      if ("clear" in step.set) checkClear(input, handOver.site, step);
      if (step.release !== null && !("clear" in step.set))
        checkStage(input, after, { site: handOver.site, step });
    }
  }
  checkLosses(input, after, plan);
  for (const name of Object.keys(after.control.apps)) checkOpenList(input, after, name);
  const steps = plan.handOvers.flatMap(({ site, apps }) => apps.map(({ app }) => `${site} ${app}`));
  assert.equal(new Set(steps).size, steps.length);
  for (const { open } of Object.values(after.control.apps)) {
    for (const release of open) {
      checkOrder(release);
      checkPasses(input, release);
    }
  }
  checkSoaks(input, after);
  checkDomains(input, after, plan);
  checkFleet(input, after, plan);
  checkChecks(input, after, plan);
  checkWake(input, plan);
}

/** Objects that people have marked, in random histories. */
export const isMarked = (object: string): boolean => object.includes("vault");

/**
 * What stands at a site before and in no tree there afterwards is deleted: every such object was counted by a release
 * that drops it there, within what is allowed, or was granted to the open list.
 */
function checkLosses(input: PlannerInput, after: PlannerInput, { handOvers }: RolloutPlan): void {
  for (const site of new Set(handOvers.map((each) => each.site))) {
    const before = treesAt(input, site);
    const steps = handOvers.flatMap((each) => (each.site === site ? each.apps : []));
    const later = { ...before };
    for (const { app, set } of steps) {
      if ("tree" in set) later[app] = set.tree;
      else delete later[app];
    }
    const kept = new Set(Object.values(later).flatMap((tree) => [...input.objectsOf(tree)]));
    const givers = steps.flatMap((step) => {
      const from = own(before, step.app);
      const isOrphaned = "leaving" in step.set && step.set.leaving.verb === "orphan";
      if (from === undefined || isOrphaned) return [];
      const isLetGo = input.keptOf?.(from) ?? new Set();
      const gone = [...input.objectsOf(from)].filter(
        (object) => !kept.has(object) && !isLetGo.has(object),
      );
      return gone.length === 0 ? [] : [{ site, step, gone }];
    });
    checkGivers(input, after, givers);
  }
}

interface Giver {
  readonly site: string;
  readonly step: Step;
  readonly gone: readonly string[];
}

function checkGivers(input: PlannerInput, after: PlannerInput, givers: readonly Giver[]): void {
  const gone = new Set(givers.flatMap((giver) => giver.gone));
  const counted = givers.map((giver) => countedAt(input, after, giver));
  const sum = counted.reduce((before, { number }) => before + number, 0);
  atLeast(sum, gone.size);
  const asked = new Set(counted.flatMap(({ asked: objects }) => objects));
  for (const object of gone) if (isMarked(object)) assert.ok([...asked].includes(object));
}

function treesAt(input: PlannerInput, site: string): Record<string, string> {
  const entries = Object.entries(own(input.mirrors, site) ?? {});
  return Object.fromEntries(
    entries.flatMap(([app, entry]) => ("tree" in entry ? [[app, entry.tree]] : [])),
  );
}

/** How much one step may delete at its site, and for which protected objects people were asked. */
function countedAt(
  input: PlannerInput,
  after: PlannerInput,
  { site, step, gone }: Giver,
): { number: number; asked: readonly string[] } {
  if (step.release === null) {
    const states = [input, after].map(({ control }) => control.apps[step.app]?.arrivals?.granted);
    const granted = new Set(states.flatMap((each) => own(each, site)?.objects ?? []));
    return { number: gone.filter((object) => granted.has(object)).length, asked: [...granted] };
  }
  const release = releaseOf(after, step);
  if (release === undefined) throw new Error(`${step.release} deletes and is not open`);
  const { objects, handed = {}, protected: asked = [] } = release.deletions;
  assert.equal(areDeletionsApproved(release), true);
  if (asked.length > 0) assert.notEqual(release.deletions.needsApproval, undefined);
  const all = Object.values(handed).reduce((before, number) => before + number, 0);
  atMost(all, objects);
  return { number: own(handed, site) ?? 0, asked };
}

/** The open list keeps to its budget of sites in flight, whoever took its arrivals along. */
function checkOpenList(input: PlannerInput, after: PlannerInput, name: string): void {
  const [before, now] = [input.control.apps[name], after.control.apps[name]];
  const handed = arrivedAt(now);
  const known = new Set(arrivedAt(before));
  const budget = before?.current.openList?.maxInFlight;
  if (budget === undefined || handed.every((site) => known.has(site))) return;
  if (now?.current.release !== before?.current.release) return;
  const total = Object.keys(own(input.entitled, name) ?? {}).length;
  atMost(handed.length, resolveAmount(budget, total));
}

function arrivedAt(app: AppControl | undefined): string[] {
  return Object.keys(app?.arrivals?.handed ?? {});
}

function checkPlace(input: PlannerInput, { site, mirror }: HandOver): void {
  assert.equal(own(input.workers, mirror)?.silentSince, null);
  assert.notEqual(input.sites.get(site), undefined);
  assert.notEqual(own(input.observed, site)?.reachable, false);
  const assignment = own(input.control.sites, site);
  assert.equal(assignment?.moving, undefined);
  assert.equal(assignment?.mirror ?? mirror, mirror);
}

/** A marker names an open removal of that app that lists the site, approved as far as it needs to be. */
function checkLeaving(input: PlannerInput, site: string, step: Step): void {
  const release = releaseOf(input, step);
  assert.equal(release?.kind, "removal");
  assert.equal(own(release?.list, site)?.to, null);
  if (release === undefined || !("leaving" in step.set)) return;
  assert.equal(removalVerb(release), step.set.leaving.verb);
  assert.notEqual(step.set.leaving.verb, "hold");
}

function checkClear(input: PlannerInput, site: string, { app }: Step): void {
  const entry = own(own(input.mirrors, site), app);
  assert.equal(entry !== undefined && "leaving" in entry, true);
  assert.equal(own(own(input.observed, site)?.apps, app)?.left, true);
}

function checkStage(
  input: PlannerInput,
  after: PlannerInput,
  { site, step }: { site: string; step: Step },
): void {
  const release = releaseOf(after, step);
  if (release === undefined) throw new Error(`${step.release} was handed over and is not open`);
  const entry = own(release.list, site);
  const stage = release.stages[entry?.stage ?? -1];
  if (entry === undefined || stage === undefined)
    throw new Error(`${site} is not in the list of ${release.id}`);
  if (goesBackNow(input, release, site))
    return checkBack(input, after, { release, site, set: step.set });
  checkForward(input, release, site);
  const isStraggler = own(release.passed, stage.name) !== undefined;
  if (isStraggler) return assert.equal(release.kind, "removal");
  assert.notEqual(own(release.opened, stage.name), undefined);
  checkHolds(input, release, { site, stage });
  checkBudgets(input, after, { release, site, stage: entry.stage });
}

/** No hold stops what an operator takes back to an older release. */
function checkHolds(
  { control, sites }: PlannerInput,
  { app, kind, id, source, backTo }: Release,
  { site, stage }: { site: string; stage: FrozenStage },
): void {
  if (backTo !== undefined) return;
  const region = sites.get(site)?.region ?? "";
  const target = { app, kind, release: id, source, stage, at: { site, region } };
  assert.equal(holdOn(control.holds, target), undefined);
}

function checkBudgets(
  input: PlannerInput,
  after: PlannerInput,
  { release, site, stage }: { release: Release; site: string; stage: number },
): void {
  const frozen = release.stages[stage];
  if (frozen === undefined) return;
  const before = input.control.apps[release.app]?.open.find(({ id }) => id === release.id);
  const isAgain = own(before?.handed, site) !== undefined;
  if (isAgain) return;
  const sites = Object.keys(release.list).filter((name) => release.list[name]?.stage === stage);
  const failed = sites.filter((name) => own(release.failed, name) && !own(release.excused, name));
  atMost(failed.length, frozen.failureBudget);
  const unsettled = sites.filter((name) => isInFlight(after, release, name));
  atMost(unsettled.length, Math.max(frozen.maxInFlight, 0));
  if (!wasHealthy(input, release, site)) return;
  const touched = unsettled.filter((name) => own(release.handed, name)?.was !== "joining");
  atMost(touched.length, frozen.maxUnavailable);
}

/** What a retried site was tells of the time before the release first touched it: it goes as what it is now. */
function wasHealthy(input: PlannerInput, release: Release, site: string): boolean {
  if (own(release.handed, site)?.was !== "healthy") return false;
  const health = own(own(input.observed, site)?.apps, release.app)?.health;
  return own(release.retried, site) === undefined || health === "Healthy";
}

/** No stage is open while an earlier one has not passed. */
function checkOrder(release: Release): void {
  let isThrough = true;
  for (const { name } of release.stages) {
    if (own(release.opened, name) !== undefined) assert.equal(isThrough, true);
    isThrough = own(release.passed, name) !== undefined;
  }
}

/** A stage that passes now has not failed too often, and every site has it unless it was excused or failed. */
function checkPasses(input: PlannerInput, release: Release): void {
  const before = input.control.apps[release.app]?.open.find(({ id }) => id === release.id);
  if (before === undefined) return;
  for (const [index, { name, failureBudget }] of release.stages.entries()) {
    if (!Object.hasOwn(release.passed, name) || Object.hasOwn(before.passed, name)) continue;
    const sites = Object.keys(release.list).filter((site) => release.list[site]?.stage === index);
    const failed = sites.filter((site) => own(release.failed, site) && !own(release.excused, site));
    atMost(failed.length, failureBudget);
    const records = [before.excused, release.excused, release.failed];
    const bound = sites.filter((site) => !records.some((record) => Object.hasOwn(record, site)));
    for (const site of bound) checkArrived(input, [before, release], site);
  }
}

/** By its list as the plan found it, or as that has rewritten it: a site release may move the site on in the same plan. */
function checkArrived(input: PlannerInput, states: readonly Release[], site: string): void {
  if (input.sites.get(site) === undefined) return;
  const entry = own(own(input.mirrors, site), states[0]?.app ?? "");
  const stands = entry !== undefined && "tree" in entry ? entry.tree : null;
  assert.ok(states.some(({ list }) => own(list, site)?.to === stands));
}

function checkFleet(input: PlannerInput, after: PlannerInput, plan: RolloutPlan): void {
  const most = input.budgets.maxSitesInFlight;
  if (most === null) return;
  const moved = new Set(
    plan.handOvers
      .filter(({ apps }) => apps.some(({ set }) => !("clear" in set)))
      .map(({ site }) => site),
  );
  const isNew = [...moved].filter((site) => !wasInFlight(input, site));
  if (isNew.length > 0) atMost(isNew.length, most);
  assert.equal(after.budgets, input.budgets);
}

/** What changes nothing does not ask to be planned again at once: that would go on for ever. */
function checkWake({ now }: PlannerInput, plan: RolloutPlan): void {
  const { changes, handOvers, siteMoves, wakeAt } = plan;
  const isIdle = changes.length + handOvers.length + siteMoves.length === 0;
  if (isIdle && wakeAt !== null) atLeast(wakeAt, now + 1);
}

function wasInFlight(input: PlannerInput, site: string): boolean {
  return Object.values(input.control.apps).some(
    ({ open, arrivals }) =>
      own(arrivals?.handed, site) !== undefined ||
      open.some((release) => own(release.handed, site) ?? own(release.carried, site)),
  );
}

function releaseOf(input: PlannerInput, { app, release }: Step): Release | undefined {
  return own(input.control.apps, app)?.open.find(({ id }) => id === release);
}
