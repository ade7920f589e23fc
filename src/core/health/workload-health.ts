/** Health of what runs pods: what the object says about itself; pods are looked at only for the message. */
import type { JsonObject } from "../model/json.ts";
import type { Health } from "./health.ts";
import {
  at,
  condition,
  conditionsOf,
  health,
  healthBy,
  listAt,
  numberAt,
  textAt,
} from "./read-object.ts";

/** Deployment: rolled out, unless paused or over its progress deadline. */
export function deploymentHealth(object: JsonObject): Health {
  const conditions = conditionsOf(object);
  // That its pods are refused says why it is late.
  const failed =
    conditions.find(({ type, status }) => type === "ReplicaFailure" && status === "True") ??
    // Over its deadline (`ProgressDeadlineExceeded`), or no replica set can be made; a pause makes it Unknown.
    conditions.find(({ type, status }) => type === "Progressing" && status === "False");
  if (failed !== undefined) return healthBy("Degraded", failed);
  if (at(object, "spec", "paused") === true) return health("Suspended", "the rollout is paused");
  const wanted = numberAt(object, ["spec", "replicas"], 1);
  const [updated, total, available] = counts(object, [
    "updatedReplicas",
    "replicas",
    "availableReplicas",
  ]);
  if (updated < wanted) return waiting(updated, wanted, "updated");
  if (total > updated) return health("Progressing", `${total - updated} old replicas still run`);
  if (total > wanted) return surplus(total, wanted);
  return available < wanted ? waiting(available, wanted, "available") : health("Healthy");
}

/** StatefulSet: by revision, partition and ready replicas. */
export function statefulSetHealth(object: JsonObject): Health {
  const wanted = numberAt(object, ["spec", "replicas"], 1);
  const [total, ready, updated] = counts(object, ["replicas", "readyReplicas", "updatedReplicas"]);
  if (total > wanted) return surplus(total, wanted);
  if (ready < wanted) return waiting(ready, wanted, "ready");
  const available = numberAt(object, ["status", "availableReplicas"], ready);
  if (available < wanted) return waiting(available, wanted, "available");
  if (textAt(object, "spec", "updateStrategy", "type") === "OnDelete") return health("Healthy");
  const partition = numberAt(object, ["spec", "updateStrategy", "rollingUpdate", "partition"]);
  const toUpdate = Math.max(0, wanted - partition);
  if (partition > 0)
    return updated < toUpdate ? waiting(updated, toUpdate, "updated") : health("Healthy");
  const isCurrent =
    textAt(object, "status", "currentRevision") === textAt(object, "status", "updateRevision");
  return isCurrent ? health("Healthy") : waiting(updated, wanted, "updated");
}

/** DaemonSet: a ready, updated pod on each node that wants one. */
export function daemonSetHealth(object: JsonObject): Health {
  const [wanted, updated, available] = counts(object, [
    "desiredNumberScheduled",
    "updatedNumberScheduled",
    "numberAvailable",
  ]);
  const isOnDelete = textAt(object, "spec", "updateStrategy", "type") === "OnDelete";
  if (!isOnDelete && updated < wanted) return waiting(updated, wanted, "updated");
  return available < wanted ? waiting(available, wanted, "available") : health("Healthy");
}

/** ReplicaSet and ReplicationController. */
export function replicaSetHealth(object: JsonObject): Health {
  const failed = condition(object, "ReplicaFailure");
  if (failed !== undefined) return healthBy("Degraded", failed);
  const wanted = numberAt(object, ["spec", "replicas"], 1);
  const [total, available] = counts(object, ["replicas", "availableReplicas"]);
  if (total > wanted) return surplus(total, wanted);
  return available < wanted ? waiting(available, wanted, "available") : health("Healthy");
}

/** Job: Healthy when it is complete; how often it may fail first is its own affair (`backoffLimit`). */
export function jobHealth(object: JsonObject): Health {
  const failed = condition(object, "Failed") ?? condition(object, "FailureTarget");
  if (failed !== undefined) return healthBy("Degraded", failed);
  const complete = condition(object, "Complete") ?? condition(object, "SuccessCriteriaMet");
  if (complete !== undefined) return health("Healthy", complete.message);
  if (condition(object, "Suspended") !== undefined || at(object, "spec", "suspend") === true) {
    return health("Suspended", "the job is suspended");
  }
  const [succeeded, failures] = counts(object, ["succeeded", "failed"]);
  const wanted = numberAt(object, ["spec", "completions"], 1);
  const again = failures > 0 ? `, ${failures} pods have failed` : "";
  return health("Progressing", `the job has not completed: ${succeeded} of ${wanted}${again}`);
}

/**
 * CronJob: it has done its part by being there, unless its last run came to a bad end after a good one. Many are suspended
 * for good, and only start by hand.
 */
export function cronJobHealth(object: JsonObject): Health {
  if (at(object, "spec", "suspend") === true) {
    return health("Healthy", "the cron job is suspended");
  }
  const begun = textAt(object, "status", "lastScheduleTime");
  const succeeded = textAt(object, "status", "lastSuccessfulTime");
  const runs = listAt(object, "status", "active").length > 0;
  if (runs || !(Date.parse(succeeded) < Date.parse(begun))) return health("Healthy");
  return health("Degraded", `its run of ${begun} did not succeed, the last that did: ${succeeded}`);
}

function counts<const Names extends readonly string[]>(
  object: JsonObject,
  names: Names,
): { readonly [Index in keyof Names]: number } {
  // One number for each name.
  return names.map((name) => numberAt(object, ["status", name])) as {
    readonly [Index in keyof Names]: number;
  };
}

/** What is scaled down is so when the pods beyond have gone, as `kubectl rollout status` waits for old ones. */
function surplus(count: number, wanted: number): Health {
  return health("Progressing", `${count - wanted} replicas more than wanted still run`);
}

function waiting(count: number, wanted: number, what: string): Health {
  return health("Progressing", `${count} of ${wanted} replicas ${what}`);
}
