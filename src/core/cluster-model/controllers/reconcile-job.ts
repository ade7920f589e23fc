/** Jobs: pods until enough have succeeded or too many failed. */
import type { JsonObject } from "../../model/json.ts";
import { removeObject, wakeController } from "../change-object.ts";
import { type Cluster, nextSuffix } from "../cluster.ts";
import {
  type StoredObject,
  isDeleting,
  numberOf,
  objectOf,
  textOf,
  timestamp,
} from "../stored-object.ts";
import {
  conditionsOf,
  controlledBy,
  deleteChild,
  isReadyPod,
  makeChild,
  standing,
  writeStatus,
} from "./owned-objects.ts";

const resource = "batch/jobs";

interface JobCounts {
  readonly active: readonly StoredObject[];
  readonly succeeded: number;
  readonly failed: number;
}

/** Starts pods that are missing, ends the Job when it is decided, removes it when its time is up. */
export function reconcileJob(cluster: Cluster, key: string): void {
  const job = standing(cluster, resource, key);
  if (job === undefined) return;
  if (isFinished(job)) {
    removeWhenExpired(cluster, job, key);
    return;
  }
  const counts = countPods(cluster, job);
  const verdict = judge(job, counts);
  if (verdict !== undefined) {
    for (const pod of counts.active) deleteChild(cluster, "pods", pod);
    writeStatus(cluster, resource, {
      object: job,
      status: finished(cluster, job, { verdict, counts }),
    });
    return;
  }
  if (objectOf(job["spec"])["suspend"] !== true) startPods(cluster, job, counts);
  const after = countPods(cluster, job);
  writeStatus(cluster, resource, { object: job, status: running(cluster, job, after) });
}

function isFinished(job: StoredObject): boolean {
  return conditionsOf(job).some(
    ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
  );
}

function countPods(cluster: Cluster, job: StoredObject): JobCounts {
  const pods = controlledBy(cluster, job, "pods");
  const inPhase = (phase: string): number =>
    pods.filter((pod) => textOf(objectOf(pod["status"])["phase"]) === phase).length;
  const active = pods.filter((pod) => {
    const phase = textOf(objectOf(pod["status"])["phase"]);
    return !isDeleting(pod) && phase !== "Succeeded" && phase !== "Failed";
  });
  return { active, succeeded: inPhase("Succeeded"), failed: inPhase("Failed") };
}

type Verdict = "Complete" | "Failed" | undefined;

function judge(job: StoredObject, { succeeded, failed, active }: JobCounts): Verdict {
  const spec = objectOf(job["spec"]);
  if (failed > numberOf(spec["backoffLimit"], 6)) return "Failed";
  const { completions } = spec;
  // Without a number of completions one success is enough, once the others have ended.
  const isDone =
    completions === undefined
      ? succeeded > 0 && active.length === 0
      : succeeded >= numberOf(completions);
  return isDone ? "Complete" : undefined;
}

function startPods(cluster: Cluster, job: StoredObject, counts: JobCounts): void {
  const spec = objectOf(job["spec"]);
  const { completions } = spec;
  const parallelism = numberOf(spec["parallelism"], 1);
  const missing =
    completions === undefined
      ? counts.succeeded > 0
        ? counts.active.length
        : parallelism
      : Math.min(parallelism, numberOf(completions) - counts.succeeded);
  for (let i = counts.active.length; i < missing; i += 1) makePod(cluster, job);
}

function makePod(cluster: Cluster, job: StoredObject): void {
  const template = objectOf(objectOf(job["spec"])["template"]);
  const { labels, annotations } = objectOf(template["metadata"]);
  makeChild(cluster, job, {
    resource: "pods",
    name: `${job.metadata.name}-${nextSuffix(cluster)}`,
    metadata: {
      generateName: `${job.metadata.name}-`,
      ...(labels !== undefined && { labels }),
      ...(annotations !== undefined && { annotations }),
    },
    fields: { spec: objectOf(template["spec"]) },
  });
}

function running(cluster: Cluster, job: StoredObject, counts: JobCounts): JsonObject {
  const before = objectOf(job["status"]);
  const ready = counts.active.filter(isReadyPod).length;
  return {
    ...before,
    ...(counts.active.length > 0 && { active: counts.active.length }),
    ...(counts.failed > 0 && { failed: counts.failed }),
    ready,
    startTime: before["startTime"] ?? timestamp(cluster.now),
    ...(counts.succeeded > 0 && { succeeded: counts.succeeded }),
    terminating: 0,
    uncountedTerminatedPods: {},
  };
}

function finished(
  cluster: Cluster,
  job: StoredObject,
  { verdict, counts }: { readonly verdict: "Complete" | "Failed"; readonly counts: JobCounts },
): JsonObject {
  const time = timestamp(cluster.now);
  const condition = (type: string, reason: string, message: string): JsonObject => ({
    type,
    status: "True",
    lastProbeTime: time,
    lastTransitionTime: time,
    reason,
    message,
  });
  const [reason, message] =
    verdict === "Complete"
      ? ["CompletionsReached", "Reached expected number of succeeded pods"]
      : ["BackoffLimitExceeded", "Job has reached the specified backoff limit"];
  const first = verdict === "Complete" ? "SuccessCriteriaMet" : "FailureTarget";
  const { active: _active, ...before } = objectOf(job["status"]);
  return {
    ...before,
    ...(verdict === "Complete" && { completionTime: time }),
    conditions: [condition(first, reason, message), condition(verdict, reason, message)],
    ...(counts.failed > 0 && { failed: counts.failed }),
    ready: 0,
    startTime: before["startTime"] ?? time,
    ...(counts.succeeded > 0 && { succeeded: counts.succeeded }),
    terminating: 0,
    uncountedTerminatedPods: {},
  };
}

function removeWhenExpired(cluster: Cluster, job: StoredObject, key: string): void {
  const ttl = objectOf(job["spec"])["ttlSecondsAfterFinished"];
  if (typeof ttl !== "number") return;
  const end = conditionsOf(job).find(({ type }) => type === "Complete" || type === "Failed");
  const expiresAt = Date.parse(textOf(end?.["lastTransitionTime"])) + ttl * 1000;
  if (cluster.now < expiresAt) wakeController(cluster, { resource, key }, expiresAt);
  else removeObject(cluster, resource, job);
}
