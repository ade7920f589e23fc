/** The scheduler and the kubelet of a pod: what the script says becomes of it, step by step in model time. */
import type { JsonObject } from "../../model/json.ts";
import { putObject, removeObject, wakeController } from "../change-object.ts";
import { type Cluster, type PodProgress, hashText } from "../cluster.ts";
import { mergePatch } from "../requests/merge-patch.ts";
import { type Outcome, planPod } from "../pods/pod-script.ts";
import { isRestarting, podStatus, unschedulableStatus } from "../pods/pod-status.ts";
import { type Pod, hasEnded } from "../pods/pod.ts";
import {
  type StoredObject,
  finalizersOf,
  isDeleting,
  numberOf,
  objectOf,
  objectsOf,
  textOf,
  timestamp,
} from "../stored-object.ts";

const resource = "pods";
/** A pod that takes longer than this gets a ContainerCreating status first. */
const longWaitMs = 250;
const firstRestartMs = 1_000;
const longestRestartMs = 30_000;
/** A pod that is told to end has ended after this time, whatever its grace period is. */
const endMs = 50;

/** Does what is next for a pod. */
export function reconcilePod(cluster: Cluster, key: string): void {
  const pod = cluster.store.get(resource, key);
  if (pod === undefined) return;
  if (isDeleting(pod)) endPod(cluster, pod, key);
  else if (!hasEnded(asPod(pod))) runPod(cluster, pod, key);
}

/** What the script and the status look at; the server has checked that it is there. */
function asPod(pod: StoredObject): Pod {
  return pod as unknown as Pod;
}

/** Told to end, then gone; a finalizer may keep it longer. */
function endPod(cluster: Cluster, pod: StoredObject, key: string): void {
  const progress = progressOf(cluster, pod);
  progress.endsAt ??= cluster.now + endMs;
  if (cluster.now < progress.endsAt) {
    wakeController(cluster, { resource, key }, progress.endsAt);
  } else if (finalizersOf(pod).length === 0) {
    removeObject(cluster, resource, pod);
  }
}

function progressOf(cluster: Cluster, pod: StoredObject): PodProgress {
  const { uid } = pod.metadata;
  const known = cluster.pods.get(uid);
  if (known !== undefined) return known;
  const progress: PodProgress = { seenAt: cluster.now, restarts: 0, restartAt: 0 };
  cluster.pods.set(uid, progress);
  return progress;
}

function runPod(cluster: Cluster, pod: StoredObject, key: string): void {
  if (objectsOf(objectOf(pod["spec"])["schedulingGates"]).length > 0) return;
  const { outcome, afterMs } = planPod(cluster.script, asPod(pod));
  const progress = progressOf(cluster, pod);
  if (outcome === "unschedulable" && !isBound(pod)) {
    if (progress.written !== outcome) writeUnschedulable(cluster, pod);
    progress.written = outcome;
    return;
  }
  const bound = isBound(pod) ? pod : bindPod(cluster, pod);
  if (bound === undefined) return;
  const dueAt = progress.seenAt + afterMs;
  if (cluster.now >= dueAt) {
    reachOutcome(cluster, bound, { outcome, key });
    return;
  }
  const saysSo = progress.written !== undefined || dueAt - cluster.now < longWaitMs;
  if (!saysSo) writeOutcome(cluster, bound, "stalled");
  wakeController(cluster, { resource, key }, dueAt);
}

/** Writes the outcome once; containers that crash do it again and again, ever more slowly. */
function reachOutcome(
  cluster: Cluster,
  pod: StoredObject,
  { outcome, key }: { readonly outcome: Outcome; readonly key: string },
): void {
  const progress = progressOf(cluster, pod);
  if (progress.written !== outcome) writeOutcome(cluster, pod, outcome);
  else if (isRestarting(outcome) && cluster.now >= progress.restartAt) {
    writeOutcome(cluster, pod, outcome);
  }
  if (isRestarting(outcome)) wakeController(cluster, { resource, key }, progress.restartAt);
}

/** The fields as the kubelet merges them into the status. A restart leaves the conditions alone. */
function writeOutcome(cluster: Cluster, pod: StoredObject, outcome: Outcome): void {
  const progress = progressOf(cluster, pod);
  const isRestart = progress.written === outcome;
  if (isRestarting(outcome)) progress.restarts += 1;
  const facts = {
    now: new Date(cluster.now),
    podIp: addressOf(pod),
    restarts: progress.restarts,
  };
  // Made of texts, numbers and lists alone.
  const full = podStatus(asPod(pod), outcome, facts) as JsonObject;
  const { containerStatuses, initContainerStatuses } = full;
  const patch: JsonObject = isRestart
    ? {
        containerStatuses: containerStatuses ?? [],
        initContainerStatuses: initContainerStatuses ?? [],
      }
    : full;
  progress.written = outcome;
  const delayMs = Math.min(firstRestartMs * 2 ** (progress.restarts - 1), longestRestartMs);
  progress.restartAt = cluster.now + delayMs;
  const status = withObservedGeneration(mergePatch(objectOf(pod["status"]), patch), pod);
  putObject(cluster, resource, { ...pod, status });
}

function withObservedGeneration(status: JsonObject, pod: StoredObject): JsonObject {
  const { initContainerStatuses, ...rest } = status;
  const hasInit = objectsOf(initContainerStatuses).length > 0;
  return {
    ...rest,
    ...(hasInit && { initContainerStatuses: objectsOf(initContainerStatuses) }),
    observedGeneration: numberOf(pod.metadata["generation"], 1),
  };
}

function addressOf(pod: StoredObject): string {
  const number = hashText(pod.metadata.uid);
  return `10.${240 + ((number >> 16) & 7)}.${(number >> 8) & 255}.${number & 255}`;
}

function writeUnschedulable(cluster: Cluster, pod: StoredObject): void {
  // Made of texts alone.
  const patch = unschedulableStatus(new Date(cluster.now)) as JsonObject;
  putObject(cluster, resource, { ...pod, status: mergePatch(objectOf(pod["status"]), patch) });
}

function isBound(pod: StoredObject): boolean {
  const scheduled = objectsOf(objectOf(pod["status"])["conditions"]).find(
    (condition) => condition["type"] === "PodScheduled",
  );
  return scheduled?.["status"] === "True";
}

/** The node that the pod names, or one by its uid; undefined where there is no node. */
function bindPod(cluster: Cluster, pod: StoredObject): StoredObject | undefined {
  const spec = objectOf(pod["spec"]);
  const nodes = cluster.store.all("nodes").map((node) => node.metadata.name);
  const chosen = nodes[hashText(pod.metadata.uid) % Math.max(1, nodes.length)];
  const nodeName = textOf(spec["nodeName"]) || chosen;
  if (nodeName === undefined) return undefined;
  const scheduled = {
    type: "PodScheduled",
    status: "True",
    lastTransitionTime: timestamp(cluster.now),
  };
  const status = { ...objectOf(pod["status"]), conditions: [scheduled] };
  return putObject(cluster, resource, { ...pod, spec: { ...spec, nodeName }, status });
}
