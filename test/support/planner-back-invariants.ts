/** What no plan may ever do when a release goes back, and what it hands over forward. */
import assert from "node:assert/strict";
import { own } from "../../src/core/rollout/own.ts";
import type { HandOver, PlannerInput } from "../../src/core/rollout/planner-types.ts";
import { treeAt } from "../../src/core/rollout/site-view.ts";
import type { Release } from "../../src/core/rollout/records.ts";
import { badTreesOf, isBadAt, type SiteTree } from "../../src/core/rollout/rollback/bad-trees.ts";
import { atMost } from "./rules.ts";

/** The plan sets the site back: it is recorded as of now. */
export function goesBackNow({ now }: PlannerInput, release: Release, site: string): boolean {
  return own(release.back, site)?.at === new Date(now).toISOString();
}

/** Nothing of a release that goes back, or is known to be bad, is handed over; and what is, is recorded. */
export function checkForward(input: PlannerInput, release: Release, site: string): void {
  assert.equal(release.goingBack, undefined);
  if (release.kind === "app")
    assert.notEqual(input.control.apps[release.app]?.bad.includes(release.digest), true);
  assert.equal(own(release.handed, site)?.at, new Date(input.now).toISOString());
  assert.equal(own(release.failed, site), undefined);
}

/** What goes back gets what was good there, is recorded as failed, and takes a slot of its stage like anything else. */
export function checkBack(
  input: PlannerInput,
  after: PlannerInput,
  at: { release: Release; site: string; set: HandOver["apps"][number]["set"] },
): void {
  const { release, site } = at;
  const back = own(release.back, site);
  const known = own(releaseBefore(input, release)?.back, site);
  assert.notEqual(release.kind, "removal");
  assert.deepEqual(at.set, { tree: back?.to });
  assert.deepEqual(own(own(input.mirrors, site), release.app), { tree: back?.from });
  assert.notEqual(own(release.failed, site), undefined);
  if (known !== undefined) return assert.equal(back?.to, known.to);
  assert.equal(back?.to, own(own(input.good, site), release.app));
  assert.equal(isKnownBad(after, release, { site, tree: back?.to ?? "" }), false);
  checkSlots(after, release, site);
}

function isKnownBad({ control }: PlannerInput, { app }: Release, at: SiteTree): boolean {
  return isBadAt(badTreesOf(own(control.apps, app)?.badTrees), at);
}

function releaseBefore({ control }: PlannerInput, { app, id }: Release): Release | undefined {
  return own(control.apps, app)?.open.find((release) => release.id === id);
}

function checkSlots(after: PlannerInput, release: Release, site: string): void {
  const stage = own(release.list, site)?.stage ?? -1;
  const sites = Object.keys(release.list).filter((name) => release.list[name]?.stage === stage);
  const busy = sites.filter((name) => isGoingBack(after, release, name));
  atMost(busy.length, release.stages[stage]?.maxInFlight ?? 0);
}

function isGoingBack(input: PlannerInput, release: Release, site: string): boolean {
  const back = own(release.back, site);
  if (back === undefined || own(release.excused, site) !== undefined) return false;
  if (input.now - Date.parse(back.at) >= release.progressDeadlineMs) return false;
  return !hasArrived(input, release, { site, back });
}

function hasArrived(
  input: PlannerInput,
  release: Release,
  { site, back }: { site: string; back: { from: string; to: string } },
): boolean {
  const stands = treeAt(input, release.app, site);
  if (stands === back.from) return false;
  if (stands !== back.to) return true;
  const observed = own(own(input.observed, site)?.apps, release.app);
  const isReady = observed !== undefined && observed.longestHealthyMs >= release.minReadyMs;
  return isReady && observed.tree === back.to && observed.health === "Healthy";
}
