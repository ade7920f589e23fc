/**
 * Jobs that are gone because they were done. Kubernetes itself clears away a Job with `ttlSecondsAfterFinished`, perhaps
 * before anybody has looked: that cannot be told from one that somebody has deleted, and to run it again may do twice what
 * it does (a migration). So a Job that was applied with such a time and is gone has ended, for all that anybody can tell.
 */
import type { Health } from "../core/health/health.ts";
import { health } from "../core/health/read-object.ts";
import { jobHealth } from "../core/health/workload-health.ts";
import type { KubeObject, ObjectKey } from "../core/model/kube-object.ts";
import type { JobEnd, ObjectRow } from "./state-store.ts";

/** True when an object that was applied and is gone is no loss: it is not made again. */
export function isClearedAway(row: ObjectRow): boolean {
  return row.ended === "well" || isToExpire(row);
}

/** The health of such an object, by what was last seen of it. */
export function healthOfCleared({ ended }: ObjectRow): Health {
  if (ended === "well") return health("Healthy", "it has finished");
  if (ended === "badly") {
    return health("Degraded", "it has failed, and is gone as its ttlSecondsAfterFinished says");
  }
  return health(
    "Unknown",
    "it is gone, as its ttlSecondsAfterFinished says; how it ended was not seen",
  );
}

/** How a Job has come to its end, by its health and what it says itself; "" where it has not, or is no Job. */
export function endOf(
  { group, kind }: ObjectKey,
  { judged, live }: { readonly judged: Health; readonly live: KubeObject },
): JobEnd {
  if (kind !== "Job") return "";
  // One that is being deleted is on its way, and has ended all the same.
  const words = [judged.status, ...(group === "batch" ? [jobHealth(live).status] : [])];
  for (const word of words) {
    if (word === "Healthy") return "well";
    if (word === "Degraded") return "badly";
  }
  return "";
}

/** A Job that stands, or did, and had a time to live when it was applied. */
export function isToExpire({ id, phase, uid, hash, owned }: ObjectRow): boolean {
  const isApplied = phase === "applied" && uid !== "" && hash !== "";
  return isApplied && id.startsWith("batch_Job_") && owned.includes('"f:ttlSecondsAfterFinished"');
}

/** Whether the inventory in the cluster, from which the row was read back, says that just this was run. */
export function wasRun(row: ObjectRow | undefined, hash: string): row is ObjectRow {
  return row !== undefined && row.phase === "pending" && row.uid !== "" && row.hash === hash;
}

/** What is known of it once it is known to be gone. */
export function clearedRow(row: ObjectRow, apiVersion: string): ObjectRow {
  const owned = { "f:spec": { "f:ttlSecondsAfterFinished": {} } };
  return { ...row, apiVersion, phase: "applied", owned: JSON.stringify(owned) };
}
