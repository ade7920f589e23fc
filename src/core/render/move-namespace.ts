/**
 * The objects of an app in another namespace, with what names them by their namespace. In: all objects of the app. Out: a
 * change for each. As kustomize's `namespace`, but for what is not the app's own: that stays named where it is.
 */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { type KubeObject, groupOf } from "../model/kube-object.ts";
import type { SourceObject } from "./parse-manifests.ts";

/** How objects of the app change when they move to a namespace. */
export function namespaceMove(
  objects: readonly SourceObject[],
  namespace: string,
): (object: KubeObject) => KubeObject {
  const moved = new Set(
    objects.map(({ key }) => nameIn(`${key.group}/${key.kind}`, key.namespace, key.name)),
  );
  const left = new Set(objects.flatMap(({ key }) => (key.namespace === "" ? [] : key.namespace)));
  // Every namespace has a ServiceAccount of this name by itself.
  for (const each of left) moved.add(nameIn(serviceAccount, each, "default"));
  return (object) => {
    const own = object.metadata["namespace"];
    const change = referenceChanges.get(`${groupOf(object.apiVersion)}/${object.kind}`);
    const move: Move = { moved, from: typeof own === "string" ? own : "", to: namespace };
    const changed = change === undefined ? object : change(object, move);
    return withNamespace(changed, { left, namespace });
  };
}

const serviceAccount = "/ServiceAccount";

function nameIn(kind: string, namespace: Json | undefined, name: Json | undefined): string {
  return JSON.stringify([kind, namespace ?? null, name ?? null]);
}

interface Move {
  /** Kinds, namespaces and names of all that moves. */
  readonly moved: ReadonlySet<string>;
  /** Namespace of the object with the references, "" where it has none. */
  readonly from: string;
  readonly to: string;
}

/** A namespaced object is moved; the Namespace of what is moved is another one. */
function withNamespace(
  object: KubeObject,
  { left, namespace }: { readonly left: ReadonlySet<string>; readonly namespace: string },
): KubeObject {
  const { metadata } = object;
  if (typeof metadata["namespace"] === "string") {
    return { ...object, metadata: { ...metadata, namespace } };
  }
  const isLeft =
    object.apiVersion === "v1" && object.kind === "Namespace" && left.has(metadata.name);
  return isLeft ? { ...object, metadata: { ...metadata, name: namespace } } : object;
}

/** The object with its references to what moves. */
type Change = (object: KubeObject, move: Move) => KubeObject;

/** The map at a path changed; lists on the way are gone through. */
function changeAt(value: Json, path: readonly string[], change: (map: JsonObject) => Json): Json {
  // isArray loses the type of items
  if (Array.isArray(value))
    return (value as readonly Json[]).map((it) => changeAt(it, path, change));
  if (!isJsonObject(value)) return value;
  const [key, ...rest] = path;
  if (key === undefined) return change(value);
  const inner = Object.hasOwn(value, key) ? value[key] : undefined;
  return inner === undefined ? value : { ...value, [key]: changeAt(inner, rest, change) };
}

const services =
  (...path: string[]): Change =>
  (object, { moved, to }) =>
    changeAt(object, path, (service) => {
      const { name, namespace } = service;
      const isMoved = moved.has(nameIn("/Service", namespace, name));
      return isMoved ? { ...service, namespace: to } : service;
    }) as KubeObject; // only a reference in it has changed

const subjects: Change = (object, { moved, from, to }) =>
  changeAt(object, ["subjects"], (subject) => {
    const { kind, name, namespace = from } = subject;
    if (kind !== "ServiceAccount") return subject;
    const isMoved = moved.has(nameIn(serviceAccount, namespace, name));
    return isMoved ? { ...subject, namespace: to } : subject;
  }) as KubeObject; // as above

const webhooks = services("webhooks", "clientConfig", "service");

const referenceChanges: ReadonlyMap<string, Change> = new Map([
  ["rbac.authorization.k8s.io/RoleBinding", subjects],
  ["rbac.authorization.k8s.io/ClusterRoleBinding", subjects],
  ["admissionregistration.k8s.io/ValidatingWebhookConfiguration", webhooks],
  ["admissionregistration.k8s.io/MutatingWebhookConfiguration", webhooks],
  ["apiregistration.k8s.io/APIService", services("spec", "service")],
  [
    "apiextensions.k8s.io/CustomResourceDefinition",
    services("spec", "conversion", "webhook", "clientConfig", "service"),
  ],
]);
