/** Which site a cluster is on record for. */
import { controlPaths } from "./control-files.ts";
import { own } from "./own.ts";
import type { ControlChange, ControlState } from "./planner-types.ts";
import type { SiteAssignment } from "./site-assignment.ts";
import { clusterCommand } from "./words.ts";

/** Cluster -> the site that it is on record for. One that has let it go leaves it to others: it may be renamed. */
export function clusterOwners({ sites }: ControlState): Map<string, string> {
  return new Map(
    Object.entries(sites).flatMap(([site, assignment]) =>
      assignment.uid === undefined || hasLetGo(assignment) ? [] : [[assignment.uid, site]],
    ),
  );
}

/** The fleet does not have the site, and nobody writes to it any more. */
export function hasLetGo({ moving }: SiteAssignment): boolean {
  return (
    moving?.forgotten !== undefined && moving.stopped !== undefined && moving.entering === undefined
  );
}

/**
 * The clusters (cluster -> site) are these sites' now. Whoever had one before does not go back to it unasked: its worker
 * asks the cluster then who writes there.
 */
export function leaveClusters(
  { sites }: ControlState,
  taken: ReadonlyMap<string, string>,
): ControlChange[] {
  const takers = new Set(taken.values());
  return Object.entries(sites).flatMap(([site, assignment]) => {
    const { uid, formerUid, ...rest } = assignment;
    const taker = taken.get(uid ?? formerUid ?? "");
    const isStill = uid !== undefined && !hasLetGo(assignment);
    if (taker === undefined || takers.has(site) || isStill) return [];
    return [
      { path: controlPaths.site(site), record: rest, why: `${site}: ${taker} has its cluster` },
    ];
  });
}

/** Where the owner is in the fleet no more: what has to happen, or be said, before another one may have its cluster. */
export function awaitedWord({ sites }: ControlState, owner: string): string | undefined {
  const { mirror, moving, leaving, uid, formerUid } = own(sites, owner) ?? {};
  if (leaving !== undefined)
    return (
      `${owner} leaves the fleet: its cluster is free once the apps of ${owner} have left it, ` +
      `or somebody forgets it as it is: ${clusterCommand(owner, uid)}`
    );
  if (moving?.forgotten === undefined) return undefined;
  return (
    `${owner} is no longer in the fleet, but the worker of ${mirror} has not said yet that it stopped there; ` +
    `where that one is gone for good, it takes a word of its own: ${clusterCommand(owner, uid ?? formerUid)}`
  );
}
