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

const silent: Progress = { condition: undefined, moved: false, lookAgainAt: undefined };

function progressing(status: string, reason: string, message: string): NextCondition {
  return { type: "Progressing", status, reason, message };
}

function judgeProgress(rollout: Rollout, counts: Counts, now: number): Progress {
  const { deployment, current } = rollout;
  if (objectOf(deployment["spec"])["paused"] === true) {
    const condition = progressing("Unknown", "DeploymentPaused", "Deployment is paused");
    return { ...silent, condition };
  }
  const name = current?.metadata.name ?? "";
  const { updated, replicas, available, wanted } = counts;
  if ([updated, replicas, available].every((count) => count === wanted)) {
    const said = `ReplicaSet "${name}" has successfully progressed.`;
    return { ...silent, condition: progressing("True", "NewReplicaSetAvailable", said) };
  }
  const old = conditionsOf(deployment).find((one) => one["type"] === "Progressing");
  const hasBegun = old === undefined || isNewRollout(deployment, old);
  if (hasBegun || hasMoved(deployment, counts)) return moving(deployment, { name, updated }, now);
  const isDone = old["reason"] === "NewReplicaSetAvailable";
  return isDone ? silent : overdue(deployment, { name, old }, now);
}

function moving(
  deployment: StoredObject,
  { name, updated }: { readonly name: string; readonly updated: number },
  now: number,
): Progress {
  const condition =
    updated === 0
      ? progressing("True", "NewReplicaSetCreated", `Created new replica set "${name}"`)
      : progressing("True", "ReplicaSetUpdated", `ReplicaSet "${name}" is progressing.`);
  return { condition, moved: true, lookAgainAt: now + deadlineMs(objectOf(deployment["spec"])) };
}

/** Nothing has moved: for how long may that go on? */
function overdue(
  deployment: StoredObject,
  { name, old }: { readonly name: string; readonly old: JsonObject },
  now: number,
): Progress {
  const since = Date.parse(textOf(old["lastUpdateTime"]));
  const deadline = since + deadlineMs(objectOf(deployment["spec"]));
  if (now < deadline) return { ...silent, lookAgainAt: deadline };
  const said = `ReplicaSet "${name}" has timed out progressing.`;
  return { ...silent, condition: progressing("False", "ProgressDeadlineExceeded", said) };
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
