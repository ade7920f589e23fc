/** Where a site stands that was set back: derived from what was recorded and what is observed. */
import { own } from "../own.ts";
import type { PlannerInput } from "../planner-types.ts";
import type { Release } from "../records.ts";
import { silentMs } from "../silence.ts";
import { hasBeenReady, isHealthy, type SiteView, standingTree } from "../site-view.ts";

/**
 * `pending`: recorded, and the mirror does not have it yet. `in-flight`: not settled on what it went back to; `until`:
 * its deadline, null: the clock stands still. `stuck`: not healthy there at its deadline either. `over`: something else
 * has moved it since.
 */
export type BackState =
  | { readonly kind: "pending" | "settled" | "stuck" | "over" }
  | { readonly kind: "in-flight"; readonly until: number | null };

/** The state of a site that `release` set back; undefined: it did not. */
export function backState(
  input: PlannerInput,
  release: Release,
  view: SiteView,
): BackState | undefined {
  const record = own(release.back, view.site);
  if (record === undefined) return undefined;
  const tree = standingTree(view.entry);
  if (view.isMoving) return { kind: "in-flight", until: null };
  if (tree === record.from) return { kind: "pending" };
  if (tree !== record.to) return { kind: "over" };
  const isReady = hasBeenReady(view, tree, release) && isHealthy(view, release.unknownBlocks);
  if (isReady) return { kind: "settled" };
  if (view.silentSince !== null) return { kind: "in-flight", until: null };
  const at = Date.parse(record.at);
  const until = at + release.progressDeadlineMs + silentMs(input, view.mirror, at);
  return input.now < until ? { kind: "in-flight", until } : { kind: "stuck" };
}

/** It takes a slot of `maxInFlight`, like anything that is under way; none while people have excused its region. */
export function isBackInFlight(input: PlannerInput, release: Release, view: SiteView): boolean {
  if (view.isRegionExcused) return false;
  const kind = backState(input, release, view)?.kind;
  return kind === "pending" || kind === "in-flight";
}
