/** What workers' reports add to control: silences that have ended, and the identity of clusters. */
import { awaitedWord, clusterOwners, leaveClusters } from "../core/rollout/cluster-owners.ts";
import { controlPaths } from "../core/rollout/control-files.ts";
import type { ControlChange, ControlState } from "../core/rollout/planner-types.ts";
import type { Observations, Silence } from "./observations.ts";
import { silenceChanges } from "./silences.ts";

/** What is to be recorded, and the silences that are settled when it is. */
export interface Books {
  readonly changes: readonly ControlChange[];
  readonly settled: ReadonlyMap<string, readonly Silence[]>;
}

export function bookkeeping(control: ControlState, observations: Observations): Books {
  const settled = new Map(observations.endedSilences());
  return {
    changes: [...silenceChanges(control, settled), ...identityChanges(control, observations)],
    settled,
  };
}

/**
 * The first word on a cluster's identity is kept: another cluster under the same site is then noticed. A cluster that
 * is recorded for one site is not recorded for another, before that one has let it go.
 */
function identityChanges(control: ControlState, observations: Observations): ControlChange[] {
  const nameless = Object.entries(control.sites).filter(([, { uid }]) => uid === undefined);
  if (nameless.length === 0) return [];
  const owners = clusterOwners(control);
  const taken = new Map<string, string>();
  const changes = nameless.flatMap(([site, assignment]) => {
    const uid = observations.siteReport(assignment.mirror, site)?.uid;
    const isMoving = assignment.moving !== undefined;
    if (uid === undefined || uid === "" || isMoving || owners.has(uid)) return [];
    owners.set(uid, site);
    taken.set(uid, site);
    const { formerUid: _, ...rest } = assignment;
    const record = { ...rest, uid };
    return [{ path: controlPaths.site(site), record, why: `${site}: its cluster is ${uid}` }];
  });
  return taken.size === 0 ? [] : [...changes, ...leaveClusters(control, taken)];
}

/** Sites whose worker finds the cluster of another site, in words. */
export function sharedClusters(control: ControlState, observations: Observations): string[] {
  const owners = clusterOwners(control);
  return Object.entries(control.sites).flatMap(([site, { mirror }]) => {
    const uid = observations.siteReport(mirror, site)?.uid ?? "";
    const owner = owners.get(uid);
    if (owner === undefined || owner === site) return [];
    const awaited =
      awaitedWord(control, owner) ??
      `correct how ${site} is reached, or remove one of the two from the fleet`;
    return [
      `site ${site} reaches the cluster of site ${owner} (${uid}): both would be written there; ${awaited}`,
    ];
  });
}
