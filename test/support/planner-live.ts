/** What runs in the clusters of the planner's world: what their mirrors say, and how that is doing. */
import type { MirrorEntry, ObservedApp } from "../../src/core/rollout/planner-types.ts";
import type { Behaviour, Live } from "./planner-world-types.ts";

interface Moment {
  readonly site: string;
  readonly now: number;
  readonly behaviour: Behaviour;
}

const nothing: Live = {
  tree: null,
  appliedAt: 0,
  healthySince: null,
  longest: 0,
  ever: false,
  left: false,
  health: "Missing",
};

/** Makes a site have what its mirror says. What has left is told as that for as long as its worker lives. */
export function applySite(
  apps: Record<string, Live>,
  wanted: Readonly<Record<string, MirrorEntry>>,
  moment: Moment,
): void {
  for (const [app, entry] of Object.entries(wanted)) {
    const live = (apps[app] ??= { ...nothing });
    if ("leaving" in entry)
      Object.assign(live, {
        tree: null,
        healthySince: null,
        longest: 0,
        left: true,
        health: "Missing",
      });
    else applyTree(live, { app, tree: entry.tree }, moment);
  }
}

function applyTree(
  live: Live,
  at: { readonly app: string; readonly tree: string },
  { site, now, behaviour }: Moment,
): void {
  if (live.left) Object.assign(live, nothing);
  if (live.tree !== at.tree)
    Object.assign(live, {
      tree: at.tree,
      appliedAt: now,
      healthySince: null,
      longest: 0,
      left: false,
    });
  live.health = behaviour({ site, ...at, afterMs: now - live.appliedAt });
  if (live.health === "Healthy" || live.health === "Suspended") {
    live.healthySince ??= now;
    live.ever = true;
    live.longest = Math.max(live.longest, now - live.healthySince);
  } else live.healthySince = null;
}

/** What a worker tells of a site's apps. */
export function seenApps(
  apps: Readonly<Record<string, Live>>,
  now: number,
  {
    unverified,
    isRefused,
  }: { unverified: (app: string) => number; isRefused: (tree: string) => boolean },
): Record<string, ObservedApp> {
  return Object.fromEntries(
    Object.entries(apps).map(([app, live]) => [
      app,
      {
        tree: live.tree !== null && isRefused(live.tree) ? null : live.tree,
        left: live.left,
        health: live.health,
        healthyForMs: live.healthySince === null ? 0 : now - live.healthySince,
        longestHealthyMs: live.longest,
        everHealthy: live.ever,
        unverified: unverified(app),
        message: live.health === "Healthy" ? "" : "web-0 is not ready",
      },
    ]),
  );
}
