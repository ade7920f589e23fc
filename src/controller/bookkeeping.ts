/** What workers' reports add to control: silences that have ended, and the identity of clusters. */
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

/** Silences that still last, up to now: recorded along with other changes, so that a restart knows of them. */
export function silencesUntilNow(
  control: ControlState,
  silences: ReadonlyMap<string, readonly Silence[]>,
  others: readonly ControlChange[],
): ControlChange[] {
  const written = new Set(others.map(({ path }) => path));
  return silenceChanges(control, silences).filter(({ path }) => !written.has(path));
}

/** The first word on a cluster's identity is kept: another cluster under the same site is then noticed. */
function identityChanges(control: ControlState, observations: Observations): ControlChange[] {
  return Object.entries(control.sites).flatMap(([site, assignment]) => {
    const uid = observations.siteReport(assignment.mirror, site)?.uid;
    const isLearned = assignment.uid === undefined && assignment.moving === undefined;
    if (uid === undefined || uid === "" || !isLearned) return [];
    const record = { ...assignment, uid };
    return [{ path: controlPaths.site(site), record, why: `${site}: its cluster is ${uid}` }];
  });
}
