import { isJsonObject } from "../model/json.ts";
import type { KubeObject, ObjectKey } from "../model/kube-object.ts";

const scalable = new Set([
  "apps/Deployment",
  "apps/ReplicaSet",
  "apps/StatefulSet",
  "/ReplicationController",
]);

/** True for an object whose `replicas` an overlay may set. */
export function isScalable({ group, kind }: ObjectKey): boolean {
  return scalable.has(`${group}/${kind}`);
}

/** The object with so many replicas. */
export function setReplicas(object: KubeObject, replicas: number): KubeObject {
  const spec = isJsonObject(object["spec"]) ? object["spec"] : {};
  return { ...object, spec: { ...spec, replicas } };
}
