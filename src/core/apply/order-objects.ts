/**
 * In which order the objects of one app are written at one site. In: the objects. Out: steps sorted by rank, each with
 * the objects of the app that it needs. A step only needs steps of a lower rank, so there is never a cycle; what is
 * needed and failed blocks a step, what merely comes earlier does not.
 */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import {
  type KubeObject,
  type ObjectId,
  type ObjectKey,
  keyOf,
  objectId,
} from "../model/kube-object.ts";

/** One object to be written. */
export interface ApplyStep {
  readonly id: ObjectId;
  readonly key: ObjectKey;
  readonly object: KubeObject;
  readonly rank: number;
  /** Objects of the same app that must stand before. */
  readonly needs: readonly ObjectId[];
}

const ranks: Readonly<Record<string, number>> = {
  "/Namespace": 0,
  "scheduling.k8s.io/PriorityClass": 0,
  "storage.k8s.io/StorageClass": 0,
  "apiextensions.k8s.io/CustomResourceDefinition": 0,
  "/ResourceQuota": 1,
  "/LimitRange": 1,
  "/ServiceAccount": 1,
  "/Secret": 1,
  "/ConfigMap": 1,
  "/PersistentVolume": 1,
  "rbac.authorization.k8s.io/ClusterRole": 1,
  "rbac.authorization.k8s.io/Role": 1,
  "/PersistentVolumeClaim": 2,
  "rbac.authorization.k8s.io/ClusterRoleBinding": 2,
  "rbac.authorization.k8s.io/RoleBinding": 2,
  "networking.k8s.io/NetworkPolicy": 2,
  "/Service": 2,
  "apiregistration.k8s.io/APIService": 4,
  "admissionregistration.k8s.io/ValidatingWebhookConfiguration": 6,
  "admissionregistration.k8s.io/MutatingWebhookConfiguration": 6,
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy": 6,
  "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding": 6,
};
const workloadRank = 3;
/** Behind the workloads that serve them, and their APIService. */
const aggregatedRank = 5;

/** The rank of an object: lower ones are written first and deleted last. `served`: see `servedGroups`. */
export function rankOf(
  key: Pick<ObjectKey, "group" | "kind">,
  served: ReadonlyMap<string, unknown>,
): number {
  const rank = ranks[`${key.group}/${key.kind}`];
  return rank ?? (served.has(key.group) ? aggregatedRank : workloadRank);
}

/** Groups whose API servers are registered by objects among these, with the APIServices that do so. */
export function servedGroups(keys: readonly ObjectKey[]): ReadonlyMap<string, readonly ObjectId[]> {
  const groups = new Map<string, ObjectId[]>();
  for (const key of keys) {
    if (key.kind !== "APIService") continue;
    const group = groupOfService(key.name);
    groups.set(group, [...(groups.get(group) ?? []), objectId(key)]);
  }
  return groups;
}

/** An APIService is named `<version>.<group>`. */
export function groupOfService(name: string): string {
  return name.slice(name.indexOf(".") + 1);
}

/** Orders the objects of an app. */
export function orderObjects(objects: readonly KubeObject[]): readonly ApplyStep[] {
  const served = servedGroups(objects.map(keyOf));
  const keyed = objects.map((object) => {
    const key = keyOf(object);
    return { object, key, id: objectId(key), rank: rankOf(key, served) };
  });
  const present = new Map(keyed.map((entry) => [entry.id, entry.rank]));
  const defined = { kinds: definedKinds(objects), groups: served };
  return keyed
    .map((entry) => ({
      ...entry,
      needs: [...new Set(candidatesOf(entry.object, entry.key, defined))].filter((id) => {
        const rank = present.get(id);
        return rank !== undefined && rank < entry.rank;
      }),
    }))
    .toSorted((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1));
}

/** `group/Kind` -> id of the CustomResourceDefinition in the app that defines it. */
function definedKinds(objects: readonly KubeObject[]): ReadonlyMap<string, ObjectId> {
  const defined = new Map<string, ObjectId>();
  for (const object of objects) {
    if (object.kind !== "CustomResourceDefinition") continue;
    const spec = member(object, "spec");
    const kind = textOf(member(member(spec, "names"), "kind"));
    defined.set(`${textOf(member(spec, "group"))}/${kind}`, objectId(keyOf(object)));
  }
  return defined;
}

/** What of the app makes the API server know kinds and groups. */
interface Defined {
  readonly kinds: ReadonlyMap<string, ObjectId>;
  readonly groups: ReadonlyMap<string, readonly ObjectId[]>;
}

/** Every object that this one refers to, whether the app has it or not. */
function candidatesOf(object: KubeObject, key: ObjectKey, { kinds, groups }: Defined): ObjectId[] {
  const found: ObjectId[] = [...(groups.get(key.group) ?? [])];
  if (key.namespace !== "") {
    found.push(objectId({ group: "", kind: "Namespace", namespace: "", name: key.namespace }));
  }
  const definition = kinds.get(`${key.group}/${key.kind}`);
  if (definition !== undefined) found.push(definition);
  const core = (kind: string, name: Json | undefined): void => {
    if (typeof name !== "string") return;
    found.push(objectId({ group: "", kind, namespace: key.namespace, name }));
  };
  const roleRef = member(object, "roleRef");
  if (isJsonObject(roleRef)) found.push(roleId(roleRef, key.namespace));
  for (const service of webhookServices(object)) found.push(service);
  visitReferences(member(object, "spec") ?? null, core);
  return found;
}

function roleId(roleRef: JsonObject, namespace: string): ObjectId {
  const kind = textOf(roleRef["kind"]);
  return objectId({
    group: "rbac.authorization.k8s.io",
    kind,
    namespace: kind === "Role" ? namespace : "",
    name: textOf(roleRef["name"]),
  });
}

function webhookServices(object: KubeObject): ObjectId[] {
  const hooks = Array.isArray(object["webhooks"]) ? object["webhooks"] : [object["spec"] ?? null];
  return hooks.flatMap((hook: Json) => {
    const service = member(member(hook, "clientConfig"), "service") ?? member(hook, "service");
    const [namespace, name] = [member(service, "namespace"), member(service, "name")];
    if (typeof namespace !== "string" || typeof name !== "string") return [];
    return [objectId({ group: "", kind: "Service", namespace, name })];
  });
}

const references: Readonly<Record<string, { kind: string; field: string }>> = {
  configMapRef: { kind: "ConfigMap", field: "name" },
  configMapKeyRef: { kind: "ConfigMap", field: "name" },
  configMap: { kind: "ConfigMap", field: "name" },
  secretRef: { kind: "Secret", field: "name" },
  secretKeyRef: { kind: "Secret", field: "name" },
  secret: { kind: "Secret", field: "secretName" },
  persistentVolumeClaim: { kind: "PersistentVolumeClaim", field: "claimName" },
};

/** Finds what pod specs refer to, wherever they are nested. What is `optional` is not needed. */
function visitReferences(value: Json, found: (kind: string, name: Json | undefined) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visitReferences(item, found);
  } else if (isJsonObject(value)) {
    for (const [field, child] of Object.entries(value)) {
      if (field === "serviceAccountName") found("ServiceAccount", child);
      const reference = references[field];
      const isNeeded = reference !== undefined && member(child, "optional") !== true;
      if (isNeeded) found(reference.kind, member(child, reference.field));
      visitReferences(child, found);
    }
  }
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function member(value: Json | undefined, field: string): Json | undefined {
  return isJsonObject(value) ? value[field] : undefined;
}
