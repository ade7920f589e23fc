/** Namespaces: what every one has in it from the start, and emptying those that are being deleted. */
import type { JsonObject } from "../../model/json.ts";
import { builtInOf } from "../built-in-types.ts";
import { putObject, removeObject, wakeController } from "../change-object.ts";
import { type Cluster, nextUid } from "../cluster.ts";
import { keyOf } from "../object-store.ts";
import {
  type StoredObject,
  finalizersOf,
  isDeleting,
  objectOf,
  textsOf,
  timestamp,
  withMetadata,
} from "../stored-object.ts";
import { conditionsOf, writeStatus } from "./owned-objects.ts";

/** A real namespace controller looks again after some seconds, too. */
const lookAgainMs = 200;

/** Fills a namespace, or empties it. */
export function reconcileNamespace(cluster: Cluster, key: string): void {
  const namespace = cluster.store.get("namespaces", key);
  if (namespace === undefined) return;
  if (isDeleting(namespace)) emptyNamespace(cluster, namespace, key);
  else fillNamespace(cluster, namespace.metadata.name);
}

/** The ServiceAccount and the CA that pods of the namespace would use. */
export function fillNamespace(cluster: Cluster, name: string): void {
  const put = (resource: string, kind: string, own: { name: string; fields: JsonObject }): void => {
    if (cluster.store.get(resource, keyOf(name, own.name)) !== undefined) return;
    putObject(cluster, resource, {
      apiVersion: "v1",
      kind,
      ...own.fields,
      metadata: {
        name: own.name,
        namespace: name,
        uid: nextUid(cluster),
        creationTimestamp: timestamp(cluster.now),
      },
    });
  };
  put("serviceaccounts", "ServiceAccount", { name: "default", fields: {} });
  const data = { "ca.crt": "simulated" };
  put("configmaps", "ConfigMap", { name: "kube-root-ca.crt", fields: { data } });
}

function emptyNamespace(cluster: Cluster, namespace: StoredObject, key: string): void {
  const { name } = namespace.metadata;
  for (const resource of cluster.store.resources()) {
    if (!isNamespaced(cluster, resource)) continue;
    for (const object of cluster.store.all(resource, name))
      deleteContent(cluster, resource, object);
  }
  const left = contentOf(cluster, name);
  if (left.length > 0) {
    const conditions = conditionsAbout(left, namespace, cluster.now);
    const status = { ...objectOf(namespace["status"]), conditions, phase: "Terminating" };
    writeStatus(cluster, "namespaces", { object: namespace, status });
    wakeController(cluster, { resource: "namespaces", key }, cluster.now + lookAgainMs);
    return;
  }
  const spec = objectOf(namespace["spec"]);
  const finalizers = textsOf(spec["finalizers"]).filter((finalizer) => finalizer !== "kubernetes");
  const { finalizers: _gone, ...rest } = spec;
  const released = finalizers.length > 0 ? { ...rest, finalizers } : rest;
  putObject(cluster, "namespaces", { ...namespace, spec: released });
}

function isNamespaced(cluster: Cluster, resource: string): boolean {
  const custom = cluster.custom.all().find((type) => type.resource === resource);
  return (builtInOf(resource) ?? custom)?.namespaced ?? false;
}

/** Pods end as they do elsewhere; all else goes unless a finalizer holds it. */
function deleteContent(cluster: Cluster, resource: string, object: StoredObject): void {
  if (isDeleting(object)) return;
  const grace = resource === "pods" ? 30 : 0;
  if (finalizersOf(object).length === 0 && grace === 0) {
    removeObject(cluster, resource, object);
    return;
  }
  const deletionTimestamp = timestamp(cluster.now + grace * 1000);
  const marks = { deletionTimestamp, deletionGracePeriodSeconds: grace };
  putObject(cluster, resource, withMetadata(object, marks));
}

function contentOf(cluster: Cluster, name: string): { resource: string; object: StoredObject }[] {
  return cluster.store
    .resources()
    .filter((resource) => isNamespaced(cluster, resource))
    .flatMap((resource) =>
      cluster.store.all(resource, name).map((object) => ({ resource, object })),
    );
}

interface Words {
  readonly is: boolean;
  readonly reason: string;
  readonly message: string;
}

function conditionOf(
  namespace: StoredObject,
  { type, is, reason, message }: Words & { readonly type: string },
  now: number,
): JsonObject {
  const status = is ? "True" : "False";
  const old = conditionsOf(namespace).find((one) => one["type"] === type);
  const isStill = old?.["status"] === status;
  const lastTransitionTime = isStill ? (old?.["lastTransitionTime"] ?? "") : timestamp(now);
  return { type, status, lastTransitionTime, reason, message };
}

function conditionsAbout(
  left: readonly { resource: string; object: StoredObject }[],
  namespace: StoredObject,
  now: number,
): readonly JsonObject[] {
  const finalizers = left.flatMap(({ object }) => finalizersOf(object));
  const counts = countBy(left.map(({ resource }) => dotted(resource)));
  const remaining = counts.map(([name, count]) => `${name}. has ${count} resource instances`);
  const holding = countBy(finalizers).map(
    ([name, count]) => `${name} in ${count} resource instances`,
  );
  const condition = (type: string, words: Words): JsonObject =>
    conditionOf(namespace, { type, ...words }, now);
  return [
    condition("NamespaceDeletionDiscoveryFailure", {
      is: false,
      reason: "ResourcesDiscovered",
      message: "All resources successfully discovered",
    }),
    condition("NamespaceDeletionGroupVersionParsingFailure", {
      is: false,
      reason: "ParsedGroupVersions",
      message: "All legacy kube types successfully parsed",
    }),
    condition("NamespaceDeletionContentFailure", {
      is: false,
      reason: "ContentDeleted",
      message: "All content successfully deleted, may be waiting on finalization",
    }),
    condition("NamespaceContentRemaining", {
      is: true,
      reason: "SomeResourcesRemain",
      message: `Some resources are remaining: ${remaining.join(", ")}`,
    }),
    condition("NamespaceFinalizersRemaining", {
      is: finalizers.length > 0,
      reason: finalizers.length > 0 ? "SomeFinalizersRemain" : "ContentHasNoFinalizers",
      message:
        finalizers.length > 0
          ? `Some content in the namespace has finalizers remaining: ${holding.join(", ")}`
          : "All content-preserving finalizers finished",
    }),
  ];
}

/** `apps/deployments` → `deployments.apps`. */
function dotted(resource: string): string {
  const [group, plural] = resource.split("/");
  return plural === undefined ? resource : `${plural}.${group}`;
}

function countBy(words: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
