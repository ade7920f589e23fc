/** What controllers share: finding what an object controls, making and deleting children, writing a status. */
import type { Json, JsonObject } from "../../model/json.ts";
import { putObject, removeObject, wakeController } from "../change-object.ts";
import { type Cluster, nextUid } from "../cluster.ts";
import type { ObjectPlace } from "../object-store.ts";
import { rulesOf } from "../kinds/kind-rules.ts";
import { builtInOf } from "../built-in-types.ts";
import {
  type StoredObject,
  isDeleting,
  isSame,
  namespaceOf,
  numberOf,
  objectOf,
  objectsOf,
  textOf,
  timestamp,
  withMetadata,
} from "../stored-object.ts";

/** The objects of a resource that an object controls, oldest first. */
export function controlledBy(
  cluster: Cluster,
  owner: StoredObject,
  resource: string,
): StoredObject[] {
  return cluster.store
    .dependentsOf(owner.metadata.uid)
    .filter((place) => place.resource === resource)
    .flatMap(({ key }) => cluster.store.get(resource, key) ?? []);
}

/** A child of an object, not stored yet. */
export interface Child {
  readonly resource: string;
  readonly name: string;
  readonly metadata: JsonObject;
  readonly fields: JsonObject;
}

/** Makes a child in the owner's namespace, with the owner as its controller. */
export function makeChild(cluster: Cluster, owner: StoredObject, child: Child): StoredObject {
  const type = builtInOf(child.resource);
  if (type === undefined) throw new Error(`there is no resource ${child.resource}`);
  const { apiVersion, kind } = owner;
  const { name, uid } = owner.metadata;
  const reference = { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
  const object: StoredObject = {
    apiVersion: type.group === "" ? type.version : `${type.group}/${type.version}`,
    kind: type.kind,
    ...child.fields,
    metadata: {
      ...child.metadata,
      name: child.name,
      namespace: namespaceOf(owner),
      uid: nextUid(cluster),
      creationTimestamp: timestamp(cluster.now),
      ...(type.hasGeneration && { generation: 1 }),
      ownerReferences: [reference],
    },
  };
  const rules = rulesOf(type);
  return putObject(cluster, child.resource, rules.atBirth(cluster, rules.complete(object)));
}

/** Deletes a pod or another child as its controller does; pods end at once. */
export function deleteChild(cluster: Cluster, resource: string, child: StoredObject): void {
  if (isDeleting(child)) return;
  const isHeld = objectsOfFinalizers(child).length > 0;
  if (!isHeld) {
    removeObject(cluster, resource, child);
    return;
  }
  const deletionTimestamp = timestamp(cluster.now);
  putObject(
    cluster,
    resource,
    withMetadata(child, { deletionTimestamp, deletionGracePeriodSeconds: 0 }),
  );
}

function objectsOfFinalizers(child: StoredObject): readonly Json[] {
  const { finalizers } = child.metadata;
  return Array.isArray(finalizers) ? finalizers : [];
}

/** Changes the spec's replicas, as a Deployment does with its ReplicaSets. */
export function scaleChild(
  cluster: Cluster,
  resource: string,
  change: {
    readonly child: StoredObject;
    readonly replicas: number;
  },
): StoredObject {
  const { child, replicas } = change;
  const spec = objectOf(child["spec"]);
  if (spec["replicas"] === replicas) return child;
  const generation = numberOf(child.metadata["generation"]) + 1;
  const scaled = { ...child, spec: { ...spec, replicas } };
  return putObject(cluster, resource, withMetadata(scaled, { generation }));
}

/** Writes a status where it differs from the one that is there. */
export function writeStatus(
  cluster: Cluster,
  resource: string,
  change: { readonly object: StoredObject; readonly status: JsonObject },
): void {
  const { object, status } = change;
  if (isSame(object["status"], status)) return;
  putObject(cluster, resource, { ...object, status });
}

/** The live object of a key that is not being deleted. */
export function standing(
  cluster: Cluster,
  resource: string,
  key: string,
): StoredObject | undefined {
  const object = cluster.store.get(resource, key);
  return object === undefined || isDeleting(object) ? undefined : object;
}

/** A condition as a controller means it; its transition time is kept while its status stays. */
export interface NextCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** The conditions with one changed. `stamp` names the time fields that change with any part of it. */
export function withCondition(
  conditions: readonly JsonObject[],
  next: NextCondition,
  now: number,
): JsonObject[] {
  const old = conditions.find((one) => one["type"] === next.type);
  const isEqual =
    old?.["status"] === next.status &&
    old["reason"] === next.reason &&
    old["message"] === next.message;
  if (isEqual) return [...conditions];
  const lastUpdateTime = timestamp(now);
  const isStill = old?.["status"] === next.status;
  const lastTransitionTime = isStill
    ? (old?.["lastTransitionTime"] ?? lastUpdateTime)
    : lastUpdateTime;
  const condition = { ...next, lastUpdateTime, lastTransitionTime };
  return [...conditions.filter((one) => one["type"] !== next.type), condition];
}

/** The conditions of an object. */
export function conditionsOf(object: StoredObject): readonly JsonObject[] {
  return objectsOf(objectOf(object["status"])["conditions"]);
}

/** Whether a pod counts as ready. */
export function isReadyPod(pod: StoredObject): boolean {
  if (isDeleting(pod)) return false;
  return conditionsOf(pod).some(
    (condition) => condition["type"] === "Ready" && condition["status"] === "True",
  );
}

/** When a pod became ready (ms). */
function readySince(pod: StoredObject): number {
  const ready = conditionsOf(pod).find((condition) => condition["type"] === "Ready");
  return Date.parse(textOf(ready?.["lastTransitionTime"]));
}

/** Whether a pod has been ready for `minReadySeconds`. */
export function isAvailablePod(pod: StoredObject, minReadySeconds: number, now: number): boolean {
  if (!isReadyPod(pod)) return false;
  return minReadySeconds === 0 || readySince(pod) + minReadySeconds * 1000 <= now;
}

/** A pod that is ready becomes available by time alone: its controller looks again then. */
export function wakeWhenAvailable(
  cluster: Cluster,
  place: ObjectPlace,
  waiting: { readonly pods: readonly StoredObject[]; readonly minReadySeconds: number },
): void {
  const times = waiting.pods
    .filter(isReadyPod)
    .map((pod) => readySince(pod) + waiting.minReadySeconds * 1000)
    .filter((at) => at > cluster.now);
  if (times.length > 0) wakeController(cluster, place, Math.min(...times));
}

/** Whether a pod has ended. */
export function hasEndedPod(pod: StoredObject): boolean {
  const phase = textOf(objectOf(pod["status"])["phase"]);
  return phase === "Succeeded" || phase === "Failed";
}

/** A share like `25%` or a count, of a whole, rounded up or down. */
export function shareOf(value: Json | undefined, whole: number, round: "up" | "down"): number {
  if (typeof value === "number") return value;
  const percent = Number.parseFloat(textOf(value));
  if (Number.isNaN(percent)) return 0;
  const share = (percent * whole) / 100;
  return round === "up" ? Math.ceil(share) : Math.floor(share);
}
