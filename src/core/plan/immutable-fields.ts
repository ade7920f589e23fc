/**
 * Fields that no API server lets anybody change: an update that does is refused at every site. In: an object before and
 * after. Out: the fields. Only of Kubernetes' own kinds, and only where both texts say it.
 */
import { type Json, type JsonObject, canonicalJson, isJsonObject } from "../model/json.ts";
import { type KubeObject, groupOf } from "../model/kube-object.ts";

/** The fields of an object that are changed and cannot be, as `spec.selector`. */
export function immutableChanges(before: KubeObject, after: KubeObject): readonly string[] {
  const kind = `${groupOf(after.apiVersion)}/${after.kind}`;
  const fields = (immutableFields[kind] ?? []).filter(
    (field) => !isSame(valueAt(before, field), valueAt(after, field)),
  );
  return [...fields, ...(furtherChanges[kind]?.(before, after) ?? [])];
}

const bindings = ["roleRef"];

const immutableFields: Readonly<Record<string, readonly string[]>> = {
  "apps/Deployment": ["spec.selector"],
  "apps/ReplicaSet": ["spec.selector"],
  "apps/DaemonSet": ["spec.selector"],
  "apps/StatefulSet": [
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
    "spec.podManagementPolicy",
  ],
  "batch/Job": ["spec.selector", "spec.completionMode"],
  "rbac.authorization.k8s.io/RoleBinding": bindings,
  "rbac.authorization.k8s.io/ClusterRoleBinding": bindings,
  "/PersistentVolumeClaim": [
    "spec.accessModes",
    "spec.storageClassName",
    "spec.selector",
    "spec.volumeMode",
    "spec.dataSource",
    "spec.dataSourceRef",
  ],
  "storage.k8s.io/StorageClass": [
    "provisioner",
    "parameters",
    "reclaimPolicy",
    "volumeBindingMode",
  ],
};

type Further = (before: KubeObject, after: KubeObject) => readonly string[];

/** What depends on more than the field itself. */
const furtherChanges: Readonly<Record<string, Further>> = {
  "/ConfigMap": sealedData,
  "/Secret": (before, after) => [
    ...sealedData(before, after),
    ...(isSame(before["type"] ?? "Opaque", after["type"] ?? "Opaque") ? [] : ["type"]),
  ],
  "/Service": clusterIp,
  "/PersistentVolumeClaim": (before, after) => changedOnceSet(before, after, "spec.volumeName"),
  "batch/Job": jobTemplate,
};

/** `immutable: true` is for ever. */
function sealedData(before: KubeObject, after: KubeObject): readonly string[] {
  if (before["immutable"] !== true) return [];
  return ["data", "stringData", "binaryData", "immutable"].filter(
    (field) => !isSame(before[field] ?? null, after[field] ?? null),
  );
}

/** What is not set is given by the server, and may stay so. */
function clusterIp(before: KubeObject, after: KubeObject): readonly string[] {
  const isExternal = [before, after].some(
    (object) => valueAt(object, "spec.type") === "ExternalName",
  );
  const ip = valueAt(after, "spec.clusterIP");
  const isKept = ip === null || ip === "" || isSame(valueAt(before, "spec.clusterIP"), ip);
  return isExternal || isKept ? [] : ["spec.clusterIP"];
}

function changedOnceSet(before: KubeObject, after: KubeObject, field: string): readonly string[] {
  const old = valueAt(before, field);
  return old === null || isSame(old, valueAt(after, field)) ? [] : [field];
}

/** Where its pods run may be changed while it has not begun. */
function jobTemplate(before: KubeObject, after: KubeObject): readonly string[] {
  if (valueAt(before, "spec.suspend") === true) return [];
  return isSame(valueAt(before, "spec.template"), valueAt(after, "spec.template"))
    ? []
    : ["spec.template"];
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

function isSame(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
