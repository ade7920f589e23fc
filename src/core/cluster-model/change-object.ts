/** Storing and removing objects, and telling the controllers: the one way in which a cluster's objects change. */
import type { Cluster } from "./cluster.ts";
import { type ObjectPlace, keyOf } from "./object-store.ts";
import {
  type OwnerReference,
  type StoredObject,
  finalizersOf,
  isDeleting,
  namespaceOf,
  ownersOf,
} from "./stored-object.ts";

/** Controllers see a change this much later: the writer has its answer by then. */
const reactionMs = 5;

/** Which controller looks after a resource; its task is `<controller> <namespace>/<name>`. */
const controllerOf: Readonly<Record<string, string>> = {
  "apps/deployments": "deployment",
  "apps/replicasets": "replicaset",
  "apps/statefulsets": "statefulset",
  "apps/daemonsets": "daemonset",
  "batch/jobs": "job",
  pods: "pod",
  namespaces: "namespace",
  "apiextensions.k8s.io/customresourcedefinitions": "definition",
};

const resourceOfOwner: Readonly<Record<string, string>> = {
  Deployment: "apps/deployments",
  ReplicaSet: "apps/replicasets",
  StatefulSet: "apps/statefulsets",
  DaemonSet: "apps/daemonsets",
  Job: "batch/jobs",
};

/** Stores an object; one that is being deleted and that nothing holds any more is removed instead. */
export function putObject(cluster: Cluster, resource: string, object: StoredObject): StoredObject {
  if (isDeleting(object) && isReleased(object)) return removeObject(cluster, resource, object);
  const stored = cluster.store.put(resource, object);
  notify(cluster, resource, stored);
  return stored;
}

/** Removes an object for good; what it owned is collected. */
export function removeObject(
  cluster: Cluster,
  resource: string,
  object: StoredObject,
): StoredObject {
  const last = cluster.store.remove(resource, object);
  if (resource === "pods") cluster.pods.delete(object.metadata.uid);
  notify(cluster, resource, last);
  if (cluster.store.dependentsOf(object.metadata.uid).length > 0) {
    cluster.timers.set(`garbage ${object.metadata.uid}`, cluster.now + reactionMs);
  }
  return last;
}

/** Makes a controller look at an object; by default as soon as it can. */
export function wakeController(cluster: Cluster, place: ObjectPlace, at?: number): void {
  const controller = controllerOf[place.resource];
  if (controller === undefined) return;
  cluster.timers.set(`${controller} ${place.key}`, at ?? cluster.now + reactionMs);
}

function isReleased(object: StoredObject): boolean {
  if (finalizersOf(object).length > 0) return false;
  const finalizers = object.kind === "Namespace" ? object["spec"] : undefined;
  if (finalizers !== undefined && JSON.stringify(finalizers).includes('"kubernetes"')) return false;
  // The kubelet of a pod's node ends it first.
  return object.kind !== "Pod" || object.metadata["deletionGracePeriodSeconds"] === 0;
}

function notify(cluster: Cluster, resource: string, object: StoredObject): void {
  const namespace = namespaceOf(object);
  wakeController(cluster, { resource, key: keyOf(namespace, object.metadata.name) });
  if (isDeleting(object) && finalizersOf(object).length > 0) {
    cluster.timers.set(`garbage ${object.metadata.uid}`, cluster.now + reactionMs);
  }
  if (object.metadata["ownerReferences"] === undefined) return;
  for (const owner of ownersOf(object)) {
    const ownerResource = resourceOfOwner[owner.kind];
    if (ownerResource !== undefined) {
      wakeController(cluster, { resource: ownerResource, key: keyOf(namespace, owner.name) });
    }
    if (mayCollect(cluster, { owner, ownerResource, namespace })) {
      cluster.timers.set(`garbage ${owner.uid}`, cluster.now + reactionMs);
    }
  }
}

/** Not while the owner stands: a workload's pods change often, and nothing is to be collected then. */
function mayCollect(
  cluster: Cluster,
  of: {
    readonly owner: OwnerReference;
    readonly ownerResource: string | undefined;
    readonly namespace: string;
  },
): boolean {
  const { owner, ownerResource, namespace } = of;
  if (ownerResource === undefined) return true;
  const live = cluster.store.get(ownerResource, keyOf(namespace, owner.name));
  return live === undefined || live.metadata.uid !== owner.uid || isDeleting(live);
}
