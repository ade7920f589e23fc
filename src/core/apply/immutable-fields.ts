/**
 * Fields of Kubernetes' own kinds that no API server lets anybody change: an update that does is refused at every site. In:
 * an object before and after. Out: the fields.
 */
import { type Json, type JsonObject, canonicalJson, isJsonObject } from "../model/json.ts";
import { type KubeObject, groupOf } from "../model/kube-object.ts";
import { isMore, quantityOf } from "../model/quantity.ts";

const binding = ["roleRef"];
const data = ["data", "binaryData", "stringData", "immutable"];

/** By `group/Kind`, as paths. */
const table: Readonly<Record<string, readonly string[]>> = {
  "/ConfigMap": data,
  "/Secret": [...data, "type"],
  "/Service": ["spec.clusterIP", "spec.clusterIPs"],
  "/PersistentVolumeClaim": [
    "spec.accessModes",
    "spec.storageClassName",
    "spec.selector",
    "spec.volumeMode",
    "spec.volumeName",
    "spec.dataSource",
    "spec.dataSourceRef",
    "spec.resources.requests.storage",
  ],
  "apiextensions.k8s.io/CustomResourceDefinition": ["spec.scope"],
  "apps/DaemonSet": ["spec.selector"],
  "apps/Deployment": ["spec.selector"],
  "apps/ReplicaSet": ["spec.selector"],
  "apps/StatefulSet": [
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
    "spec.podManagementPolicy",
  ],
  "batch/Job": ["spec.selector", "spec.template", "spec.completionMode", "spec.completions"],
  "networking.k8s.io/IngressClass": ["spec.controller"],
  "node.k8s.io/RuntimeClass": ["handler"],
  "rbac.authorization.k8s.io/ClusterRoleBinding": binding,
  "rbac.authorization.k8s.io/RoleBinding": binding,
  "scheduling.k8s.io/PriorityClass": ["value", "preemptionPolicy"],
  "storage.k8s.io/StorageClass": [
    "provisioner",
    "parameters",
    "reclaimPolicy",
    "volumeBindingMode",
  ],
};

/** Fields that cannot be changed of objects of this kind, some of them under conditions; [] where none is known. */
export function immutableFieldsOf({ apiVersion, kind }: KubeObject): readonly string[] {
  return table[`${groupOf(apiVersion)}/${kind}`] ?? [];
}

/** What the object has in its fields that cannot be changed, as it is now. */
export function immutableValues(object: KubeObject): readonly (readonly [string, Json])[] {
  return immutableFieldsOf(object)
    .filter((field) => object["immutable"] === true || !data.includes(field))
    .map((field) => [field, valueAt(object, field)]);
}

/** The fields that this change changes and that cannot be changed: then the API server refuses it. */
export function immutableChanges(before: KubeObject, after: KubeObject): readonly string[] {
  return immutableValues(before).flatMap(([field, value]) => {
    const change = { before, after, from: value, to: valueAt(after, field) };
    const isSame = canonicalJson(value) === canonicalJson(change.to);
    return isSame || allowed[field]?.(change) === true ? [] : field;
  });
}

interface FieldChange {
  readonly before: KubeObject;
  readonly after: KubeObject;
  readonly from: Json;
  readonly to: Json;
}

/** Changes that are let through all the same. */
const allowed: Readonly<Record<string, (change: FieldChange) => boolean>> = {
  "spec.clusterIP": isAddressKept,
  "spec.clusterIPs": isAddressKept,
  "spec.volumeName": ({ from }) => from === null,
  // A volume grows, and never shrinks.
  "spec.resources.requests.storage": ({ from, to }) =>
    !isMore(quantityOf(from) ?? 0, quantityOf(to) ?? Infinity),
  // Where its pods run may be changed while it has not begun.
  "spec.template": ({ before }) => valueAt(before, "spec.suspend") === true,
  // An indexed one grows and shrinks with its parallelism.
  "spec.completions": ({ after, to }) =>
    valueAt(after, "spec.completionMode") === "Indexed" &&
    canonicalJson(valueAt(after, "spec.parallelism")) === canonicalJson(to),
  type: ({ from, to }) => [from, to].every((type) => type === null || type === "Opaque"),
};

/** What is not set is given by the server, and may stay so. */
function isAddressKept({ before, after, to }: FieldChange): boolean {
  const isExternal = (object: KubeObject): boolean =>
    valueAt(object, "spec.type") === "ExternalName";
  return to === null || to === "" || isExternal(before) || isExternal(after);
}

/** null where there is none. */
function valueAt(object: JsonObject, field: string): Json {
  let value: Json = object;
  for (const key of field.split(".")) {
    const inner: Json | undefined =
      isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    if (inner === undefined) return null;
    value = inner;
  }
  return value;
}
