/** The garbage collector: what becomes of an object's dependents when it goes, and when it may go. */
import { putObject, removeObject } from "../change-object.ts";
import type { Cluster } from "../cluster.ts";
import type { ObjectPlace } from "../object-store.ts";
import {
  type StoredObject,
  finalizersOf,
  isDeleting,
  namespaceOf,
  objectOf,
  objectsOf,
  ownersOf,
  textOf,
  timestamp,
  withMetadata,
} from "../stored-object.ts";

/** Looks at the dependents of an owner (by uid) that is gone or going. */
export function collectGarbage(cluster: Cluster, uid: string): void {
  const owner = findByUid(cluster, uid);
  if (owner === undefined) {
    for (const place of cluster.store.dependentsOf(uid)) releaseFrom(cluster, place, uid);
    return;
  }
  const finalizers = finalizersOf(owner.object);
  if (!isDeleting(owner.object)) return;
  if (finalizers.includes("orphan")) orphan(cluster, owner);
  else if (finalizers.includes("foregroundDeletion")) deleteDependents(cluster, owner);
}

interface Found {
  readonly resource: string;
  readonly object: StoredObject;
}

function findByUid(cluster: Cluster, uid: string): Found | undefined {
  for (const resource of cluster.store.resources()) {
    const object = cluster.store.all(resource).find(({ metadata }) => metadata.uid === uid);
    if (object !== undefined) return { resource, object };
  }
  return undefined;
}

/** A dependent with another owner that is still there stays, and forgets the one that is gone. */
function releaseFrom(cluster: Cluster, { resource, key }: ObjectPlace, uid: string): void {
  const object = cluster.store.get(resource, key);
  if (object === undefined) return;
  const others = ownersOf(object).filter((owner) => owner.uid !== uid);
  const hasOther = others.some((owner) => {
    const found = findByUid(cluster, owner.uid);
    return found !== undefined && namespaceFits(found.object, object);
  });
  if (hasOther) forgetOwner(cluster, { resource, object }, uid);
  else markDependent(cluster, { resource, object }, false);
}

function namespaceFits(owner: StoredObject, dependent: StoredObject): boolean {
  const namespace = namespaceOf(owner);
  return namespace === "" || namespace === namespaceOf(dependent);
}

function forgetOwner(cluster: Cluster, { resource, object }: Found, uid: string): void {
  const left = objectsOf(object.metadata["ownerReferences"]).filter(
    (owner) => textOf(owner["uid"]) !== uid,
  );
  const ownerReferences = left.length > 0 ? left : undefined;
  putObject(cluster, resource, withMetadata(object, { ownerReferences }));
}

/** Deletes a dependent; in the foreground when its own dependents are to be waited for. */
function markDependent(cluster: Cluster, { resource, object }: Found, isForeground: boolean): void {
  if (isDeleting(object)) return;
  const hasOwn = cluster.store.dependentsOf(object.metadata.uid).length > 0;
  const finalizers =
    isForeground && hasOwn ? [...finalizersOf(object), "foregroundDeletion"] : finalizersOf(object);
  const isPodWithNode = resource === "pods" && textOf(objectOf(object["spec"])["nodeName"]) !== "";
  if (finalizers.length === 0 && !isPodWithNode) {
    removeObject(cluster, resource, object);
    return;
  }
  const grace = isPodWithNode ? 30 : 0;
  const marked = withMetadata(object, {
    deletionTimestamp: timestamp(cluster.now + grace * 1000),
    deletionGracePeriodSeconds: grace,
    finalizers: finalizers.length > 0 ? finalizers : undefined,
  });
  putObject(cluster, resource, marked);
  cluster.timers.set(`garbage ${object.metadata.uid}`, cluster.now + 5);
}

function orphan(cluster: Cluster, owner: Found): void {
  const { uid } = owner.object.metadata;
  for (const { resource, key } of cluster.store.dependentsOf(uid)) {
    const object = cluster.store.get(resource, key);
    if (object !== undefined) forgetOwner(cluster, { resource, object }, uid);
  }
  dropFinalizer(cluster, owner, "orphan");
}

/** The owner stays until no dependent is left that blocks it. */
function deleteDependents(cluster: Cluster, owner: Found): void {
  const { uid } = owner.object.metadata;
  for (const { resource, key } of cluster.store.dependentsOf(uid)) {
    const object = cluster.store.get(resource, key);
    if (object !== undefined) markDependent(cluster, { resource, object }, true);
  }
  const blocking = cluster.store.dependentsOf(uid).some(({ resource, key }) => {
    const object = cluster.store.get(resource, key);
    if (object === undefined) return false;
    return ownersOf(object).some((one) => one.uid === uid && one.blockOwnerDeletion);
  });
  if (!blocking) dropFinalizer(cluster, owner, "foregroundDeletion");
}

function dropFinalizer(cluster: Cluster, { resource, object }: Found, finalizer: string): void {
  const left = finalizersOf(object).filter((name) => name !== finalizer);
  const finalizers = left.length > 0 ? left : undefined;
  putObject(cluster, resource, withMetadata(object, { finalizers }));
}
