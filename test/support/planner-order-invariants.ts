/** Windows and order between apps, checked from the outside: by plain arithmetic in UTC, for the windows of histories. */
import assert from "node:assert/strict";
import { own } from "../../src/core/rollout/own.ts";
import type { HandOver, PlannerInput, WindowRule } from "../../src/core/rollout/planner-types.ts";
import type { Release } from "../../src/core/rollout/records.ts";
import { goesBackNow } from "./planner-back-invariants.ts";

const dayMs = 86_400_000;

/** Runs for 20 s twice, then for long; the pilots of a history keep to it. */
export const pilotWindow: WindowRule = {
  name: "pilots",
  everyApp: true,
  timeZone: "UTC",
  open: [0, 40_000, 90_000].map((startMs) => ({
    days: new Set([0, 1, 2, 3, 4, 5, 6]),
    startMs,
    durationMs: startMs < 90_000 ? 20_000 : 20 * 3_600_000,
  })),
  closed: [],
  matches: (labels) => labels["ring"] === "pilot",
};

/** What is no way back comes inside of the site's windows, and after what the app depends on. */
export function checkTimeAndOrder(
  input: PlannerInput,
  after: PlannerInput,
  { site, apps }: HandOver,
): void {
  for (const step of apps) {
    const { app, release: id, set } = step;
    const release = releasesOf(after, app).find((open) => open.id === id);
    if ("clear" in set || isBack(input, release, site)) continue;
    const isKept = id !== null || own(input.mirrors, site)?.[app] !== undefined;
    if (isKept) assert.ok(mayMove(input, release, site), `no window is open at ${site} for ${app}`);
    if (apps.length === 1 && "tree" in set && !isAgain(input, release, site))
      checkFirst(after, site, app);
  }
}

/** A window is open, or people called the release urgent, and its strategy lets an urgent one out of windows. */
function mayMove(input: PlannerInput, release: Release | undefined, site: string): boolean {
  const isUrgent = release?.urgent !== undefined && release.ifUrgent?.ignoresWindows === true;
  return isUrgent || isOpen(input, site);
}

function isBack(input: PlannerInput, release: Release | undefined, site: string): boolean {
  return release !== undefined && goesBackNow(input, release, site);
}

function releasesOf({ control }: PlannerInput, app: string): readonly Release[] {
  return own(control.apps, app)?.open ?? [];
}

/** It was recorded before, and its mirror does not have it yet; or it comes by the open list. */
function isAgain(input: PlannerInput, release: Release | undefined, site: string): boolean {
  if (release === undefined) return true;
  const before = releasesOf(input, release.app).find(({ id }) => id === release.id);
  return before !== undefined && Object.hasOwn(before.handed, site);
}

function isOpen({ budgets, sites, now }: PlannerInput, site: string): boolean {
  const labels = own(sites, site)?.labels ?? {};
  const time = now % dayMs;
  return (budgets.windows ?? [])
    .filter((rule) => rule.matches(labels))
    .every(({ open }) =>
      (open ?? []).some(
        ({ startMs, durationMs }) => startMs <= time && time < startMs + durationMs,
      ),
    );
}

/**
 * What a release's app depends on, and what an open release is to bring to the site, is there and healthy; unless people
 * have excused it, or the two share objects and may have to move as one.
 */
function checkFirst(after: PlannerInput, site: string, app: string): void {
  const free = (after.dependsOn?.[app] ?? []).filter((needed) =>
    objectsOf(after, app).isDisjointFrom(objectsOf(after, needed)),
  );
  for (const other of free.flatMap((needed) => releasesOf(after, needed))) {
    const to = awaitedTree(other, site);
    if (to === null) continue;
    const seen = own(own(after.observed, site)?.apps, other.app);
    assert.deepEqual([seen?.tree, seen?.health], [to, "Healthy"]);
  }
}

/** What a release is still to bring to a site. */
function awaitedTree({ list, stages, passed, excused }: Release, site: string): string | null {
  const { to = null, stage = -1 } = own(list, site) ?? {};
  const isOver = Object.hasOwn(passed, stages[stage]?.name ?? "") || Object.hasOwn(excused, site);
  return isOver ? null : to;
}

/** Of all trees that the app's open releases leave or bring. */
function objectsOf(input: PlannerInput, app: string): Set<string> {
  const lists = releasesOf(input, app).flatMap(({ list }) => Object.values(list));
  const trees = lists.flatMap(({ from, to }) => [from, to]);
  return new Set(trees.flatMap((tree) => (tree === null ? [] : [...input.objectsOf(tree)])));
}
