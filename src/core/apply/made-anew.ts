/**
 * Objects that are deleted and made anew where a release changes what cannot be changed: those with the annotation
 * `flotilla.dev/immutable: recreate` in the version before and in the one after. In: objects as they stand in Git. Out:
 * which fields of built-in kinds cannot be changed, and whether an object says so itself. Never a kind that is not in
 * the table, and never what is protected: what is lost with that does not come back.
 */
import { type Json, type JsonObject, canonicalJson, isJsonObject } from "../model/json.ts";
import { type KubeObject, type ObjectId, groupOf, keyOf, objectId } from "../model/kube-object.ts";
import { isProtectedByContent, isProtectedKind } from "../rollout/protected-objects.ts";
import { hashOf } from "./ownership.ts";

const annotation = "flotilla.dev/immutable";
const word = "recreate";

/** By `group/Kind`: fields that an API server lets nobody change, as paths. */
const fixedFields: ReadonlyMap<string, readonly string[]> = new Map([
  ["/ConfigMap", ["data", "binaryData", "immutable"]],
  ["/Secret", ["type", "data", "stringData", "immutable"]],
  ["/Service", ["spec.clusterIP", "spec.clusterIPs"]],
  ["apps/DaemonSet", ["spec.selector"]],
  ["apps/Deployment", ["spec.selector"]],
  ["apps/ReplicaSet", ["spec.selector"]],
  ["apps/StatefulSet", ["spec.selector", "spec.serviceName", "spec.podManagementPolicy"]],
  ["batch/Job", ["spec.selector", "spec.template", "spec.completionMode", "spec.completions"]],
  ["networking.k8s.io/IngressClass", ["spec.controller"]],
  ["node.k8s.io/RuntimeClass", ["handler"]],
  ["rbac.authorization.k8s.io/ClusterRoleBinding", ["roleRef"]],
  ["rbac.authorization.k8s.io/RoleBinding", ["roleRef"]],
  ["scheduling.k8s.io/PriorityClass", ["value", "preemptionPolicy"]],
  [
    "storage.k8s.io/StorageClass",
    ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"],
  ],
]);
/** Fields of these kinds are fixed only where `immutable` is set; a Secret's type always is. */
const fixedOnDemand = new Set(["data", "binaryData", "stringData", "immutable"]);

/** The fields that cannot be changed and that this change does change: then the API server refuses it. */
export function fixedChanges(before: KubeObject, after: KubeObject): readonly string[] {
  return fieldsOf(before).filter(
    (path) => canonicalJson(valueAt(before, path)) !== canonicalJson(valueAt(after, path)),
  );
}

/** Whether the object, in this version, may be deleted to be made anew. */
export function mayBeMadeAnew(object: KubeObject): boolean {
  const { annotations } = object.metadata;
  if (!isJsonObject(annotations) || annotations[annotation] !== word) return false;
  if (!fixedFields.has(kindOf(object))) return false;
  return !isProtectedKind(objectId(keyOf(object))) && !isProtectedByContent(object);
}

/** Whether an object was applied so, by its fields as a row has them. */
export function wasToBeMadeAnew(owned: string): boolean {
  return owned.includes(`"f:${annotation}"`);
}

/** Whether a refusal is of such a field, by the paths that it names; a parent of one is as good. */
export function isOfFixedField(object: KubeObject, named: readonly string[]): boolean {
  const fields = (fixedFields.get(kindOf(object)) ?? []).map((path) => `${path}.`);
  const paths = named.map((path) => `${path.replace(/\[.*$/, "")}.`);
  return paths.some((path) =>
    fields.some((field) => path.startsWith(field) || field.startsWith(path)),
  );
}

/**
 * The objects among these that may be made anew, each with a digest of its fixed fields: in a tree where it has another
 * one, it is another object.
 */
export function madeAnewIds(
  objects: readonly { readonly id: ObjectId; readonly object: KubeObject }[],
): ReadonlyMap<ObjectId, string> {
  const own = objects.filter(({ object }) => mayBeMadeAnew(object));
  return new Map(own.map(({ id, object }) => [id, digestOf(object)]));
}

function digestOf(object: KubeObject): string {
  return hashOf(fieldsOf(object).map((path) => [path, valueAt(object, path) ?? null]));
}

function fieldsOf(object: KubeObject): readonly string[] {
  const all = fixedFields.get(kindOf(object)) ?? [];
  return object["immutable"] === true ? all : all.filter((path) => !fixedOnDemand.has(path));
}

function kindOf({ apiVersion, kind }: KubeObject): string {
  return `${groupOf(apiVersion)}/${kind}`;
}

function valueAt(object: JsonObject, path: string): Json {
  let value: Json = object;
  for (const name of path.split(".")) value = isJsonObject(value) ? (value[name] ?? null) : null;
  return value;
}
