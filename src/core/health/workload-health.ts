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
  const failed = conditionsOf(object).find(
    (entry) =>
      (entry.type === "Progressing" && entry.reason === "ProgressDeadlineExceeded") ||
      (entry.type === "ReplicaFailure" && entry.status === "True"),
  );
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
  return available < wanted ? waiting(available, wanted, "available") : health("Healthy");
}

/** StatefulSet: by revision, partition and ready replicas. */
export function statefulSetHealth(object: JsonObject): Health {
  const wanted = numberAt(object, ["spec", "replicas"], 1);
  const [ready, updated] = counts(object, ["readyReplicas", "updatedReplicas"]);
  if (ready < wanted) return waiting(ready, wanted, "ready");
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
  const [available] = counts(object, ["availableReplicas"]);
  return available < wanted ? waiting(available, wanted, "available") : health("Healthy");
}

/** Job: Healthy when it is complete. */
export function jobHealth(object: JsonObject): Health {
  const failed = condition(object, "Failed");
  if (failed !== undefined) return healthBy("Degraded", failed);
  const complete = condition(object, "Complete") ?? condition(object, "SuccessCriteriaMet");
  if (complete !== undefined) return health("Healthy", complete.message);
  if (condition(object, "Suspended") !== undefined || at(object, "spec", "suspend") === true) {
    return health("Suspended", "the job is suspended");
  }
  return health("Progressing", "the job has not completed");
}

/** CronJob: it has done its part by being there. */
export function cronJobHealth(object: JsonObject): Health {
  const isSuspended = at(object, "spec", "suspend") === true;
  return isSuspended ? health("Suspended", "the cron job is suspended") : health("Healthy");
}

/** Pod: by phase and readiness; a container that cannot start makes it Degraded. */
export function podHealth(object: JsonObject): Health {
  const phase = textAt(object, "status", "phase");
  if (phase === "Succeeded") return health("Healthy");
  if (phase === "Failed") {
    const said = textAt(object, "status", "message") || textAt(object, "status", "reason");
    return health("Degraded", said || podTrouble(object) || "the pod has failed");
  }
  const trouble = podTrouble(object);
  if (trouble !== "") return health("Degraded", trouble);
  if (condition(object, "Ready") !== undefined) return health("Healthy");
  const unschedulable = condition(object, "PodScheduled", "False");
  if (unschedulable !== undefined) return healthBy("Progressing", unschedulable);
  return health(
    "Progressing",
    phase === "Running" ? "the pod is not ready" : "the pod is starting",
  );
}

const fatalReasons = new Set([
  "CrashLoopBackOff",
  "ImagePullBackOff",
  "ErrImagePull",
  "InvalidImageName",
  "ErrImageNeverPull",
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
  "PreCreateHookError",
  "PostStartHookError",
]);

/** What keeps a pod from running, in one line: image, crash, memory, scheduling; "" when nothing is known to. */
function podTrouble(pod: JsonObject): string {
  const containers = [
    ...listAt(pod, "status", "initContainerStatuses"),
    ...listAt(pod, "status", "containerStatuses"),
  ];
  for (const container of containers) {
    const name = textAt(container, "name");
    const reason = textAt(container, "state", "waiting", "reason");
    if (fatalReasons.has(reason)) {
      const last = textAt(container, "lastState", "terminated", "reason");
      const code = numberAt(container, ["lastState", "terminated", "exitCode"]);
      if (last === "OOMKilled") return `container ${name} was out of memory (OOMKilled)`;
      const ended = last === "" ? "" : `, last ended with ${last} (exit code ${code})`;
      return `container ${name}: ${reason}${ended}`;
    }
    if (textAt(container, "state", "terminated", "reason") === "OOMKilled") {
      return `container ${name} was out of memory (OOMKilled)`;
    }
  }
  return "";
}

/** Like podTrouble, but also says that no node takes the pod. */
export function podReason(pod: JsonObject): string {
  const trouble = podTrouble(pod);
  if (trouble !== "") return trouble;
  const unscheduled = condition(pod, "PodScheduled", "False");
  return unscheduled === undefined ? "" : `no node takes it: ${unscheduled.message}`;
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

function waiting(count: number, wanted: number, what: string): Health {
  return health("Progressing", `${count} of ${wanted} replicas ${what}`);
}
