/** StatefulSets: numbered pods, one after the other unless they may come at once, each with its own claims. */
import type { JsonObject } from "../../model/json.ts";
import type { Cluster } from "../cluster.ts";
import { keyOf } from "../object-store.ts";
import {
  type StoredObject,
  isDeleting,
  namespaceOf,
  numberOf,
  objectOf,
  objectsOf,
  textOf,
} from "../stored-object.ts";
import {
  controlledBy,
  deleteChild,
  hasEndedPod,
  isAvailablePod,
  isReadyPod,
  makeChild,
  standing,
  wakeWhenAvailable,
  writeStatus,
} from "./owned-objects.ts";
import { templateHash } from "./template-hash.ts";

const resource = "apps/statefulsets";
const revisionLabel = "controller-revision-hash";

/** Does the next step, then counts. */
export function reconcileStatefulSet(cluster: Cluster, key: string): void {
  const set = standing(cluster, resource, key);
  if (set === undefined) return;
  const revision = `${set.metadata.name}-${templateHash(templateOf(set))}`;
  stepPods(cluster, set, revision);
  writeStatus(cluster, resource, { object: set, status: statusOf(cluster, set, revision) });
}

function templateOf(set: StoredObject): JsonObject {
  return objectOf(objectOf(set["spec"])["template"]);
}

function ordinalOf(pod: StoredObject): number {
  return Number(pod.metadata.name.slice(pod.metadata.name.lastIndexOf("-") + 1));
}

function podsOf(cluster: Cluster, set: StoredObject): StoredObject[] {
  return controlledBy(cluster, set, "pods").toSorted((a, b) => ordinalOf(a) - ordinalOf(b));
}

/** Lower numbers first, and the next only when those before it are ready; surplus goes from the highest. */
function stepPods(cluster: Cluster, set: StoredObject, revision: string): void {
  const spec = objectOf(set["spec"]);
  const wanted = numberOf(spec["replicas"], 1);
  const isParallel = spec["podManagementPolicy"] === "Parallel";
  const pods = new Map(podsOf(cluster, set).map((pod) => [ordinalOf(pod), pod]));
  for (let ordinal = 0; ordinal < wanted; ordinal += 1) {
    const isStanding = standPod(cluster, set, { pod: pods.get(ordinal), ordinal, revision });
    if (!isStanding && !isParallel) return;
  }
  const surplus = [...pods.values()].filter((pod) => ordinalOf(pod) >= wanted).reverse();
  for (const pod of isParallel ? surplus : surplus.slice(0, 1)) deleteChild(cluster, "pods", pod);
  if (surplus.length === 0) updateOne(cluster, set, { pods, revision });
}

/** Makes a pod that is missing, and one that has ended anew; true when it is ready. */
function standPod(
  cluster: Cluster,
  set: StoredObject,
  place: {
    readonly pod: StoredObject | undefined;
    readonly ordinal: number;
    readonly revision: string;
  },
): boolean {
  const { pod, ordinal, revision } = place;
  if (pod === undefined) makePod(cluster, set, { ordinal, revision });
  else if (hasEndedPod(pod)) deleteChild(cluster, "pods", pod);
  return pod !== undefined && isReadyPod(pod);
}

/** Replaces the highest pod of an old revision, when all others are ready. */
function updateOne(
  cluster: Cluster,
  set: StoredObject,
  {
    pods,
    revision,
  }: { readonly pods: ReadonlyMap<number, StoredObject>; readonly revision: string },
): void {
  const strategy = objectOf(objectOf(set["spec"])["updateStrategy"]);
  if (strategy["type"] === "OnDelete") return;
  const partition = numberOf(objectOf(strategy["rollingUpdate"])["partition"]);
  const highestFirst = [...pods.values()].reverse();
  if (highestFirst.some((pod) => isDeleting(pod))) return;
  const old = highestFirst.find(
    (pod) => ordinalOf(pod) >= partition && revisionOf(pod) !== revision,
  );
  const isWaiting = highestFirst.some((pod) => !isReadyPod(pod) && pod !== old);
  if (old !== undefined && !isWaiting) deleteChild(cluster, "pods", old);
}

function revisionOf(pod: StoredObject): string {
  return textOf(objectOf(pod.metadata["labels"])[revisionLabel]);
}

function makePod(
  cluster: Cluster,
  set: StoredObject,
  { ordinal, revision }: { readonly ordinal: number; readonly revision: string },
): void {
  const name = `${set.metadata.name}-${ordinal}`;
  const spec = objectOf(set["spec"]);
  const template = templateOf(set);
  const metadata = objectOf(template["metadata"]);
  const claims = objectsOf(spec["volumeClaimTemplates"]);
  for (const claim of claims) makeClaim(cluster, set, { claim, name });
  const pod = objectOf(template["spec"]);
  makeChild(cluster, set, {
    resource: "pods",
    name,
    metadata: {
      generateName: `${set.metadata.name}-`,
      labels: {
        ...objectOf(metadata["labels"]),
        "apps.kubernetes.io/pod-index": String(ordinal),
        [revisionLabel]: revision,
        "statefulset.kubernetes.io/pod-name": name,
      },
      ...(metadata["annotations"] !== undefined && { annotations: metadata["annotations"] }),
    },
    fields: {
      spec: {
        ...pod,
        hostname: name,
        ...(textOf(spec["serviceName"]) !== "" && { subdomain: textOf(spec["serviceName"]) }),
        ...(claims.length > 0 && { volumes: withClaimVolumes(pod, claims, name) }),
      },
    },
  });
}

function withClaimVolumes(
  pod: JsonObject,
  claims: readonly JsonObject[],
  podName: string,
): readonly JsonObject[] {
  const own = claims.map((claim) => {
    const name = textOf(objectOf(claim["metadata"])["name"]);
    return { name, persistentVolumeClaim: { claimName: `${name}-${podName}` } };
  });
  const names = new Set(own.map(({ name }) => name));
  const rest = objectsOf(pod["volumes"]).filter((volume) => !names.has(textOf(volume["name"])));
  return [...own, ...rest];
}

/** Claims belong to nobody: they outlive the set. */
function makeClaim(
  cluster: Cluster,
  set: StoredObject,
  { claim, name: podName }: { readonly claim: JsonObject; readonly name: string },
): void {
  const metadata = objectOf(claim["metadata"]);
  const name = `${textOf(metadata["name"])}-${podName}`;
  if (cluster.store.get("persistentvolumeclaims", keyOf(namespaceOf(set), name))) return;
  const labels = objectOf(objectOf(objectOf(set["spec"])["selector"])["matchLabels"]);
  const stored = makeChild(cluster, set, {
    resource: "persistentvolumeclaims",
    name,
    metadata: { labels: { ...objectOf(metadata["labels"]), ...labels } },
    fields: { spec: objectOf(claim["spec"]) },
  });
  const { ownerReferences: _owners, ...own } = stored.metadata;
  cluster.store.put("persistentvolumeclaims", {
    ...stored,
    metadata: own,
  }); // only owners were left out
}

function statusOf(cluster: Cluster, set: StoredObject, revision: string): JsonObject {
  const pods = podsOf(cluster, set).filter((pod) => !isDeleting(pod));
  const spec = objectOf(set["spec"]);
  const minReadySeconds = numberOf(spec["minReadySeconds"]);
  const before = objectOf(set["status"]);
  const updated = pods.filter((pod) => revisionOf(pod) === revision);
  const key = keyOf(namespaceOf(set), set.metadata.name);
  wakeWhenAvailable(cluster, { resource, key }, { pods, minReadySeconds });
  const ready = pods.filter(isReadyPod).length;
  const available = pods.filter((pod) => isAvailablePod(pod, minReadySeconds, cluster.now)).length;
  const wanted = numberOf(spec["replicas"], 1);
  const isDone = updated.length === wanted && pods.length === wanted && ready === wanted;
  const currentRevision = isDone ? revision : textOf(before["currentRevision"]) || revision;
  const current = pods.filter((pod) => revisionOf(pod) === currentRevision).length;
  return {
    availableReplicas: available,
    collisionCount: 0,
    ...(current > 0 && { currentReplicas: current }),
    currentRevision,
    observedGeneration: numberOf(set.metadata["generation"]),
    ...(ready > 0 && { readyReplicas: ready }),
    replicas: pods.length,
    updateRevision: revision,
    ...(updated.length > 0 && { updatedReplicas: updated.length }),
  };
}
