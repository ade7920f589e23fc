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
    const mayMove =
      isFreeOfWindows(release) ||
      isOpen(input, site, hourOf({ input, after }, site, { app, release }));
    assert.ok(mayMove, `no window is open at ${site} for ${app}`);
    // An older release brings nothing new: it waits for nothing.
    const isOlder = release?.backTo !== undefined;
    if (!isOlder && apps.length === 1 && "tree" in set && !isAgain(input, release, site))
      checkFirst(after, site, app);
  }
}

/**
 * It goes back to an older release, which windows do not hold; or people called it urgent, and its strategy lets an urgent
 * one out of windows.
 */
function isFreeOfWindows(release: Release | undefined): boolean {
  if (release?.backTo !== undefined) return true;
  return release?.urgent !== undefined && release.ifUrgent?.ignoresWindows === true;
}

interface Hour {
  /** Windows of the app's own. */
  readonly names: readonly string[];
  /** The app comes to a site by the open list, and is not there yet: only what is closed for all stops it. */
  readonly isFirst: boolean;
}

function hourOf(
  { input, after }: { readonly input: PlannerInput; readonly after: PlannerInput },
  site: string,
  { app, release }: { readonly app: string; readonly release: Release | undefined },
): Hour {
  if (release !== undefined) return { names: release.windows ?? [], isFirst: false };
  // A release that is through gives the open list what it had.
  const { control } = isThrough(input, after, app) ? after : input;
  const names = own(control.apps, app)?.current.openList?.windows ?? [];
  return { names, isFirst: own(input.mirrors, site)?.[app] === undefined };
}

/** A release of the app was through in this plan: it is what the app's sites are to have from now on. */
function isThrough(input: PlannerInput, after: PlannerInput, app: string): boolean {
  const current = own(after.control.apps, app)?.current.release?.id;
  return releasesOf(input, app).some(({ id, kind }) => kind === "app" && id === current);
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

function isOpen(
  { budgets, sites, now }: PlannerInput,
  site: string,
  { names, isFirst }: Hour,
): boolean {
  const labels = sites.get(site)?.labels ?? {};
  const time = now % dayMs;
  return (budgets.windows ?? [])
    .filter((rule) => (rule.everyApp || names.includes(rule.name)) && rule.matches(labels))
    .every(({ open, closed }) => {
      const isClosed = closed.some(
        ({ from, until, all }) => from <= now && now < until && (all || !isFirst),
      );
      const runs = open?.some(
        ({ startMs, durationMs }) => startMs <= time && time < startMs + durationMs,
      );
      return !isClosed && (isFirst || (runs ?? true));
    });
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
