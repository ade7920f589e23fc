/** ReplicaSets: as many pods as wanted, and a status that counts them. */
import type { JsonObject } from "../../model/json.ts";
import { type Cluster, nextSuffix } from "../cluster.ts";
import { type StoredObject, isDeleting, numberOf, objectOf } from "../stored-object.ts";
import {
  controlledBy,
  deleteChild,
  hasEndedPod,
  isAvailablePod,
  isReadyPod,
  makeChild,
  standing,
  wakeWhenAvailable,
  writeStatus,
} from "./owned-objects.ts";

const resource = "apps/replicasets";

/** Makes or deletes pods, then counts. */
export function reconcileReplicaSet(cluster: Cluster, key: string): void {
  const set = standing(cluster, resource, key);
  if (set === undefined) return;
  const spec = objectOf(set["spec"]);
  const wanted = numberOf(spec["replicas"], 1);
  const pods = activePods(cluster, set);
  for (let i = pods.length; i < wanted; i += 1) makePod(cluster, set);
  const surplus = pods.toSorted(leastUsefulFirst).slice(0, Math.max(0, pods.length - wanted));
  for (const pod of surplus) deleteChild(cluster, "pods", pod);
  writeStatus(cluster, resource, { object: set, status: statusOf(cluster, set, key) });
}

/** Pods that have neither ended nor been told to. */
function activePods(cluster: Cluster, owner: StoredObject): StoredObject[] {
  return controlledBy(cluster, owner, "pods").filter(
    (pod) => !isDeleting(pod) && !hasEndedPod(pod),
  );
}

function makePod(cluster: Cluster, set: StoredObject): void {
  const template = objectOf(objectOf(set["spec"])["template"]);
  const { labels, annotations } = objectOf(template["metadata"]);
  makeChild(cluster, set, {
    resource: "pods",
    name: `${set.metadata.name}-${nextSuffix(cluster)}`,
    metadata: {
      generateName: `${set.metadata.name}-`,
      ...(labels !== undefined && { labels }),
      ...(annotations !== undefined && { annotations }),
    },
    fields: { spec: objectOf(template["spec"]) },
  });
}

function leastUsefulFirst(a: StoredObject, b: StoredObject): number {
  return Number(isReadyPod(a)) - Number(isReadyPod(b));
}

function statusOf(cluster: Cluster, set: StoredObject, key: string): JsonObject {
  const pods = activePods(cluster, set);
  const minReadySeconds = numberOf(objectOf(set["spec"])["minReadySeconds"]);
  const ready = pods.filter(isReadyPod);
  const available = ready.filter((pod) => isAvailablePod(pod, minReadySeconds, cluster.now));
  wakeWhenAvailable(cluster, { resource, key }, { pods: ready, minReadySeconds });
  return {
    ...(available.length > 0 && { availableReplicas: available.length }),
    ...(pods.length > 0 && { fullyLabeledReplicas: pods.length }),
    observedGeneration: numberOf(set.metadata["generation"]),
    ...(ready.length > 0 && { readyReplicas: ready.length }),
    replicas: pods.length,
  };
}
