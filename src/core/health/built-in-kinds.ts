/** The kinds that Kubernetes itself brings and that say something about their health: a rule for each. */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import type { Health } from "./health.ts";
import { podHealth } from "./pod-health.ts";
import {
  type Condition,
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
import { attachmentHealth, claimHealth, volumeHealth } from "./volume-health.ts";
import {
  cronJobHealth,
  daemonSetHealth,
  deploymentHealth,
  jobHealth,
  replicaSetHealth,
  statefulSetHealth,
} from "./workload-health.ts";

type Rule = (object: JsonObject) => Health;

/** By group and kind. */
export const builtInRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["apps/Deployment", deploymentHealth],
  ["apps/StatefulSet", statefulSetHealth],
  ["apps/DaemonSet", daemonSetHealth],
  ["apps/ReplicaSet", replicaSetHealth],
  ["/ReplicationController", replicaSetHealth],
  ["/Pod", podHealth],
  ["batch/Job", jobHealth],
  ["batch/CronJob", cronJobHealth],
  ["/PersistentVolumeClaim", claimHealth],
  ["/PersistentVolume", volumeHealth],
  ["storage.k8s.io/VolumeAttachment", attachmentHealth],
  ["/Service", serviceHealth],
  ["networking.k8s.io/Ingress", ingressHealth],
  ["extensions/Ingress", ingressHealth],
  ["autoscaling/HorizontalPodAutoscaler", autoscalerHealth],
  ["policy/PodDisruptionBudget", disruptionBudgetHealth],
  ["apiregistration.k8s.io/APIService", apiServiceHealth],
  ["apiextensions.k8s.io/CustomResourceDefinition", definitionHealth],
  ["/Namespace", namespaceHealth],
  ["/Node", nodeHealth],
  ["certificates.k8s.io/CertificateSigningRequest", signingHealth],
  ["certificates.k8s.io/PodCertificateRequest", podCertificateHealth],
  ["scheduling.k8s.io/PodGroup", podGroupHealth],
  ["networking.k8s.io/ServiceCIDR", toldHealth],
  ["storagemigration.k8s.io/StorageVersionMigration", toldHealth],
  ["flowcontrol.apiserver.k8s.io/FlowSchema", flowHealth],
]);

function serviceHealth(object: JsonObject): Health {
  if (textAt(object, "spec", "type") !== "LoadBalancer") return health("Healthy");
  const refused = condition(object, "LoadBalancerPortsError");
  if (refused !== undefined) return healthBy("Degraded", refused);
  return addressHealth(object, "load balancer");
}

function ingressHealth(object: JsonObject): Health {
  return addressHealth(object, "ingress");
}

/** It has an address, at which each of its ports is served. */
function addressHealth(object: JsonObject, what: string): Health {
  const addresses = listAt(object, "status", "loadBalancer", "ingress");
  if (addresses.length === 0) return health("Progressing", `the ${what} has no address yet`);
  const ports = addresses.flatMap((address) => listAt(address, "ports"));
  const failed = ports.find((port) => textAt(port, "error") !== "");
  if (failed === undefined) return health("Healthy");
  return health("Degraded", `port ${numberAt(failed, ["port"])}: ${textAt(failed, "error")}`);
}

function autoscalerHealth(given: JsonObject): Health {
  const object = withMarkedConditions(given);
  const unable = unableIn(object);
  if (unable !== undefined) return healthBy("Degraded", unable);
  const inactive = condition(object, "ScalingActive", "False");
  if (inactive?.reason === "ScalingDisabled") return health("Healthy", inactive.message);
  if (inactive !== undefined) return healthBy("Degraded", inactive);
  const untold = condition(object, "ScalingActive", "Unknown");
  if (untold !== undefined) return healthBy("Progressing", untold);
  const works = conditionsOf(object).some(isOfScaling) || countsReplicas(object);
  return works ? health("Healthy") : health("Progressing", "not evaluated yet");
}

const conditionsMark = "autoscaling.alpha.kubernetes.io/conditions";

/** `autoscaling/v1` has no field for conditions: the API server writes them as JSON into an annotation. */
function withMarkedConditions(object: JsonObject): JsonObject {
  if (conditionsOf(object).length > 0) return object;
  const told = parseJson(textAt(object, "metadata", "annotations", conditionsMark));
  if (!Array.isArray(told)) return object;
  const status = at(object, "status");
  return { ...object, status: { ...(isJsonObject(status) ? status : {}), conditions: told } };
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json; // what JSON.parse gives
  } catch {
    return undefined;
  }
}

/** Without any condition: that it has worked out how many there shall be says that it works. */
function countsReplicas(object: JsonObject): boolean {
  if (conditionsOf(object).length > 0 || textAt(object, "apiVersion") !== "autoscaling/v1")
    return false;
  const now = numberAt(object, ["status", "currentReplicas"]);
  const wanted = numberAt(object, ["status", "desiredReplicas"], now);
  return now > 0 && wanted > 0;
}

/** That it has scaled a moment ago and must not again (`BackoffDownscale`) is its way to work. */
function unableIn(object: JsonObject): Condition | undefined {
  const unable = condition(object, "AbleToScale", "False");
  return unable?.reason.startsWith("Backoff") === true ? undefined : unable;
}

/** It has looked at the metrics, not only at how many there are now. */
function isOfScaling({ type, status, reason }: Condition): boolean {
  if (type === "ScalingActive") return status === "True";
  return type === "AbleToScale" && status !== "Unknown" && reason !== "SucceededGetScale";
}

function disruptionBudgetHealth(object: JsonObject): Health {
  const refused = condition(object, "DisruptionAllowed", "False");
  if (refused?.reason === "SyncFailed") return healthBy("Degraded", refused);
  // Of what is scaled to nothing, nothing can be disrupted.
  if (at(object, "status", "expectedPods") === 0) return health("Healthy");
  const [now, wanted] = ["currentHealthy", "desiredHealthy"].map((field) =>
    numberAt(object, ["status", field]),
  );
  if (now === undefined || wanted === undefined || now >= wanted) return health("Healthy");
  return health("Progressing", `${now} of ${wanted} pods that it asks for are healthy`);
}

function apiServiceHealth(object: JsonObject): Health {
  const available = conditionsOf(object).find((entry) => entry.type === "Available");
  if (available === undefined) return health("Progressing", "not checked yet");
  return healthBy(available.status === "True" ? "Healthy" : "Progressing", available);
}

function definitionHealth(object: JsonObject): Health {
  const terminating = condition(object, "Terminating");
  if (terminating !== undefined) return healthBy("Progressing", terminating);
  const refused = condition(object, "NamesAccepted", "False") ?? unestablished(object);
  if (refused !== undefined) return healthBy("Degraded", refused);
  const loose = condition(object, "NonStructuralSchema");
  if (loose !== undefined) return healthBy("Degraded", loose);
  return condition(object, "Established") === undefined
    ? health("Progressing", "not established yet")
    : health("Healthy");
}

/** Only `Installing` is a step on the way; by any other reason it is not going to be. */
function unestablished(object: JsonObject): Condition | undefined {
  const told = condition(object, "Established", "False");
  return told?.reason === "Installing" ? undefined : told;
}

function namespaceHealth(object: JsonObject): Health {
  if (at(object, "status", "phase") !== "Terminating") return health("Healthy");
  const held = conditionsOf(object).find(
    ({ type, status }) => status === "True" && /(Failure|Remaining)$/.test(type),
  );
  return health("Progressing", held?.message || "the namespace is being deleted");
}

function signingHealth(object: JsonObject): Health {
  const refused = condition(object, "Denied") ?? condition(object, "Failed");
  if (refused !== undefined) return healthBy("Degraded", refused);
  if (textAt(object, "status", "certificate") !== "") return health("Healthy");
  const isApproved = condition(object, "Approved") !== undefined;
  return health("Progressing", isApproved ? "it is not signed yet" : "nobody has approved it yet");
}

function podCertificateHealth(object: JsonObject): Health {
  const refused = condition(object, "Denied") ?? condition(object, "Failed");
  if (refused !== undefined) return healthBy("Degraded", refused);
  return condition(object, "Issued") === undefined
    ? health("Progressing", "it is not issued yet")
    : health("Healthy");
}

/** As a pod that no node takes. Of a group without pods nothing is told, for there is nothing to place. */
function podGroupHealth(object: JsonObject): Health {
  const unplaced = condition(object, "PodGroupScheduled", "False");
  return unplaced === undefined ? health("Healthy") : healthBy("Progressing", unplaced);
}

/** Conditions that are trouble while they are True: the kubelet's, and those that node-problem-detector brings. */
const nodeTrouble =
  /(Pressure|NetworkUnavailable|Deadlock|Readonly\w*|Unhealthy|Problem|HasShutDown|ErrorFatal)$|^(Corrupt|Frequent)[A-Z]/;

function nodeHealth(object: JsonObject): Health {
  const trouble = conditionsOf(object).find(
    ({ type, status }) => status === "True" && nodeTrouble.test(type),
  );
  // Its kubelet has fallen silent, or has never spoken.
  const amiss = trouble ?? condition(object, "Ready", "Unknown");
  if (amiss !== undefined) return healthBy("Degraded", amiss);
  const said = toldHealth(object);
  const isCordoned = at(object, "spec", "unschedulable") === true;
  return isCordoned && said.status === "Healthy" ? health("Suspended", "it takes no pods") : said;
}

/** What speaks by conditions like a custom resource. */
function toldHealth(object: JsonObject): Health {
  return statusHealth(object) ?? health("Progressing", "nothing is told of it yet");
}

/** Configuration, but for one that leads nowhere: its priority level is not there. */
function flowHealth(object: JsonObject): Health {
  const dangling = condition(object, "Dangling");
  return dangling === undefined ? health("Healthy") : healthBy("Degraded", dangling);
}
