/**
 * The health of one live object. In: the object with its status, and the time. Out: one of six words and a line. A pure
 * function over a table of kinds; a kind that is not in it is told by what conditions and phases usually mean, and
 * Unknown is an answer: an object that says nothing is never called Healthy.
 */
import { type JsonObject, isJsonObject } from "../model/json.ts";
import { groupOf } from "../model/kube-object.ts";

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
import { statusHealth } from "./status-health.ts";
import {
  cronJobHealth,
  daemonSetHealth,
  deploymentHealth,
  jobHealth,
  podHealth,
  replicaSetHealth,
  statefulSetHealth,
} from "./workload-health.ts";

type Rule = (object: JsonObject) => Health;

const rules: Readonly<Record<string, Rule>> = {
  "apps/Deployment": deploymentHealth,
  "apps/StatefulSet": statefulSetHealth,
  "apps/DaemonSet": daemonSetHealth,
  "apps/ReplicaSet": replicaSetHealth,
  "/ReplicationController": replicaSetHealth,
  "/Pod": podHealth,
  "batch/Job": jobHealth,
  "batch/CronJob": cronJobHealth,
  "/PersistentVolumeClaim": claimHealth,
  "/PersistentVolume": claimHealth,
  "/Service": serviceHealth,
  "networking.k8s.io/Ingress": ingressHealth,
  "autoscaling/HorizontalPodAutoscaler": autoscalerHealth,
  "policy/PodDisruptionBudget": disruptionBudgetHealth,
  "apiregistration.k8s.io/APIService": apiServiceHealth,
  "apiextensions.k8s.io/CustomResourceDefinition": definitionHealth,
  "/Namespace": namespaceHealth,
};

const coreGroups = new Set(["", "apps", "batch", "autoscaling", "policy", "extensions"]);

/** True for kinds that have nothing to say once they are applied: configuration, access rules, policies. */
export function isConfigKind(group: string, kind: string): boolean {
  const isBuiltIn = coreGroups.has(group) || group.endsWith(".k8s.io");
  const isExtension =
    /^(gateway\.networking|metrics|snapshot\.storage|cluster|policy\.networking)\b.*\.k8s\.io$|\.x-k8s\.io$/;
  return isBuiltIn && !isExtension.test(group) && rules[`${group}/${kind}`] === undefined;
}

/** Assesses a live object at a time (ms since 1970). */
export function assessHealth(object: JsonObject, now: number): Health {
  const group = groupOf(textAt(object, "apiVersion"));
  const kind = textAt(object, "kind");
  const deleted = textAt(object, "metadata", "deletionTimestamp");
  if (deleted !== "") return deletionHealth(deleted, now);
  if (isConfigKind(group, kind)) return health("Healthy");
  if (isStale(object)) return health("Progressing", "its controller has not seen the change yet");
  const rule = rules[`${group}/${kind}`];
  if (rule !== undefined) return rule(object);
  return customHealth(object);
}

const deletionPatienceMs = 15 * 60_000;

function deletionHealth(deleted: string, now: number): Health {
  const sinceMs = now - Date.parse(deleted);
  const isStuck = sinceMs > deletionPatienceMs;
  return health(isStuck ? "Degraded" : "Progressing", `it is being deleted since ${deleted}`);
}

/** The status speaks of an older generation than the object has. */
function isStale(object: JsonObject): boolean {
  const generation = numberAt(object, ["metadata", "generation"]);
  const observed = at(object, "status", "observedGeneration");
  if (typeof observed === "number") return observed < generation;
  // Those controllers always write it: without it they have not looked at the object at all.
  const kind = textAt(object, "kind");
  return generation > 0 && ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"].includes(kind);
}

function customHealth(object: JsonObject): Health {
  const isSuspended =
    at(object, "spec", "suspend") === true || at(object, "spec", "paused") === true;
  const said = statusHealth(object);
  if (said?.status === "Degraded") return said;
  if (isSuspended) return health("Suspended", "it is suspended");
  return said ?? health("Unknown", "nothing in its status tells its health");
}

function claimHealth(object: JsonObject): Health {
  const phase = textAt(object, "status", "phase");
  if (phase === "Bound" || phase === "Available") return health("Healthy");
  if (phase === "Lost" || phase === "Failed") return health("Degraded", `phase ${phase}`);
  return health("Progressing", phase === "" ? "not bound" : `phase ${phase}`);
}

function serviceHealth(object: JsonObject): Health {
  if (textAt(object, "spec", "type") !== "LoadBalancer") return health("Healthy");
  return listAt(object, "status", "loadBalancer", "ingress").length > 0
    ? health("Healthy")
    : health("Progressing", "the load balancer has no address yet");
}

function ingressHealth(object: JsonObject): Health {
  return listAt(object, "status", "loadBalancer", "ingress").length > 0
    ? health("Healthy")
    : health("Progressing", "the ingress has no address yet");
}

function autoscalerHealth(object: JsonObject): Health {
  const unable = condition(object, "AbleToScale", "False");
  if (unable !== undefined) return healthBy("Degraded", unable);
  const inactive = condition(object, "ScalingActive", "False");
  if (inactive?.reason === "ScalingDisabled") return health("Healthy", inactive.message);
  if (inactive !== undefined) return healthBy("Degraded", inactive);
  const able = condition(object, "AbleToScale");
  return able === undefined ? health("Progressing", "not evaluated yet") : health("Healthy");
}

function disruptionBudgetHealth(object: JsonObject): Health {
  const failed = condition(object, "DisruptionAllowed", "False");
  return failed?.reason === "SyncFailed" ? healthBy("Degraded", failed) : health("Healthy");
}

function apiServiceHealth(object: JsonObject): Health {
  const available = conditionsOf(object).find((entry) => entry.type === "Available");
  if (available === undefined) return health("Progressing", "not checked yet");
  return healthBy(available.status === "True" ? "Healthy" : "Progressing", available);
}

function definitionHealth(object: JsonObject): Health {
  const refused = condition(object, "NamesAccepted", "False");
  if (refused !== undefined) return healthBy("Degraded", refused);
  const terminating = condition(object, "Terminating");
  if (terminating !== undefined) return healthBy("Progressing", terminating);
  return condition(object, "Established") === undefined
    ? health("Progressing", "not established yet")
    : health("Healthy");
}

function namespaceHealth(object: JsonObject): Health {
  const phase = at(object, "status");
  if (isJsonObject(phase) && phase["phase"] === "Terminating") {
    return health("Progressing", "the namespace is being deleted");
  }
  return health("Healthy");
}
