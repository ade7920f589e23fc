/** The status of a Deployment, as its controller writes it. */
import type { JsonObject } from "../../model/json.ts";
import { type StoredObject, numberOf, objectOf, textOf } from "../stored-object.ts";
import { type NextCondition, conditionsOf, shareOf, withCondition } from "./owned-objects.ts";
import type { Rollout } from "./reconcile-deployment.ts";

/** `lookAgainAt`: when the progress deadline passes, if nothing moves until then. */
export interface DeploymentStatus {
  readonly status: JsonObject;
  readonly lookAgainAt: number | undefined;
}

interface Counts {
  readonly replicas: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
  readonly wanted: number;
}

/** Counts replicas and judges availability and progress. */
export function deploymentStatus(rollout: Rollout, now: number): DeploymentStatus {
  const { deployment } = rollout;
  const counts = countReplicas(rollout);
  const progress = judgeProgress(rollout, counts, now);
  const withAvailable = withCondition(
    conditionsOf(deployment),
    availability(deployment, counts),
    now,
  );
  const conditions =
    progress.condition === undefined
      ? withAvailable
      : withProgress(withAvailable, progress.condition, { now, moved: progress.moved });
  const unavailable = Math.max(0, counts.wanted - counts.available);
  const status: JsonObject = {
    ...(counts.available > 0 && { availableReplicas: counts.available }),
    conditions,
    observedGeneration: numberOf(deployment.metadata["generation"]),
    ...(counts.ready > 0 && { readyReplicas: counts.ready }),
    ...(counts.replicas > 0 && { replicas: counts.replicas }),
    ...(unavailable > 0 && { unavailableReplicas: unavailable }),
    ...(counts.updated > 0 && { updatedReplicas: counts.updated }),
  };
  return { status, lookAgainAt: progress.lookAgainAt };
}

/** All replicas are new, available, and no old one is left. */
export function isComplete(deployment: StoredObject, status: JsonObject): boolean {
  const wanted = numberOf(objectOf(deployment["spec"])["replicas"], 1);
  return ["updatedReplicas", "replicas", "availableReplicas"].every(
    (field) => numberOf(status[field]) === wanted,
  );
}

function countReplicas({ deployment, current, old }: Rollout): Counts {
  const sum = (sets: readonly StoredObject[], field: string): number =>
    sets.reduce((total, set) => total + numberOf(objectOf(set["status"])[field]), 0);
  const all = current === undefined ? old : [...old, current];
  return {
    replicas: sum(all, "replicas"),
    updated: current === undefined ? 0 : sum([current], "replicas"),
    ready: sum(all, "readyReplicas"),
    available: sum(all, "availableReplicas"),
    wanted: numberOf(objectOf(deployment["spec"])["replicas"], 1),
  };
}

function availability(deployment: StoredObject, { available, wanted }: Counts): NextCondition {
  const strategy = objectOf(objectOf(deployment["spec"])["strategy"]);
  const rolling = objectOf(strategy["rollingUpdate"]);
  const share = shareOf(rolling["maxUnavailable"], wanted, "down");
  const surge = shareOf(rolling["maxSurge"], wanted, "up");
  const unavailable = strategy["type"] === "Recreate" ? 0 : share === 0 && surge === 0 ? 1 : share;
  return available >= wanted - unavailable
    ? {
        type: "Available",
        status: "True",
        reason: "MinimumReplicasAvailable",
        message: "Deployment has minimum availability.",
      }
    : {
        type: "Available",
        status: "False",
        reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.",
      };
}

interface Progress {
  readonly condition: NextCondition | undefined;
  /** Whether the time of the last progress is now. */
  readonly moved: boolean;
  readonly lookAgainAt: number | undefined;
}

function judgeProgress(rollout: Rollout, counts: Counts, now: number): Progress {
  const { deployment, current } = rollout;
  const spec = objectOf(deployment["spec"]);
  if (spec["paused"] === true) return pausedProgress();
  const name = current === undefined ? "" : current.metadata.name;
  const old = conditionsOf(deployment).find((one) => one["type"] === "Progressing");
  const condition = (status: string, reason: string, message: string): NextCondition => ({
    type: "Progressing",
    status,
    reason,
    message,
  });
  const isDone =
    counts.updated === counts.wanted &&
    counts.replicas === counts.wanted &&
    counts.available === counts.wanted;
  if (isDone) {
    const said = `ReplicaSet "${name}" has successfully progressed.`;
    const done = condition("True", "NewReplicaSetAvailable", said);
    return { condition: done, moved: false, lookAgainAt: undefined };
  }
  if (hasMoved(deployment, counts) || old === undefined || isNewRollout(deployment, old)) {
    const isNew = counts.updated === 0;
    const next = isNew
      ? condition("True", "NewReplicaSetCreated", `Created new replica set "${name}"`)
      : condition("True", "ReplicaSetUpdated", `ReplicaSet "${name}" is progressing.`);
    return { condition: next, moved: true, lookAgainAt: now + deadlineMs(spec) };
  }
  if (old["reason"] === "NewReplicaSetAvailable") {
    return { condition: undefined, moved: false, lookAgainAt: undefined };
  }
  const deadline = Date.parse(textOf(old["lastUpdateTime"])) + deadlineMs(spec);
  if (now < deadline) return { condition: undefined, moved: false, lookAgainAt: deadline };
  const said = `ReplicaSet "${name}" has timed out progressing.`;
  const late = condition("False", "ProgressDeadlineExceeded", said);
  return { condition: late, moved: false, lookAgainAt: undefined };
}

function pausedProgress(): Progress {
  const condition: NextCondition = {
    type: "Progressing",
    status: "Unknown",
    reason: "DeploymentPaused",
    message: "Deployment is paused",
  };
  return { condition, moved: false, lookAgainAt: undefined };
}

function deadlineMs(spec: JsonObject): number {
  return numberOf(spec["progressDeadlineSeconds"], 600) * 1000;
}

/** More new, ready or available replicas than before, or fewer old ones. */
function hasMoved(deployment: StoredObject, counts: Counts): boolean {
  const status = objectOf(deployment["status"]);
  const before = (field: string): number => numberOf(status[field]);
  const oldReplicas = before("replicas") - before("updatedReplicas");
  return (
    counts.updated > before("updatedReplicas") ||
    counts.replicas - counts.updated < oldReplicas ||
    counts.ready > before("readyReplicas") ||
    counts.available > before("availableReplicas")
  );
}

/** The spec changed after the last rollout was done: the next one has begun. */
function isNewRollout(deployment: StoredObject, old: JsonObject): boolean {
  const observed = numberOf(objectOf(deployment["status"])["observedGeneration"]);
  return (
    observed < numberOf(deployment.metadata["generation"]) && old["reason"] !== "DeploymentPaused"
  );
}

/** Progress renews the condition's update time even where its words stay the same. */
function withProgress(
  conditions: readonly JsonObject[],
  next: NextCondition,
  { now, moved }: { readonly now: number; readonly moved: boolean },
): JsonObject[] {
  const changed = withCondition(conditions, next, now);
  if (!moved) return changed;
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`;
  return changed.map((one) =>
    one["type"] === "Progressing" ? { ...one, lastUpdateTime: time } : one,
  );
}
