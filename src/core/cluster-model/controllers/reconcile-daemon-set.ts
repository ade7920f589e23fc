/** DaemonSets: one pod on every node, replaced one at a time. */
import type { JsonObject } from "../../model/json.ts";
import { type Cluster, nextSuffix } from "../cluster.ts";
import { keyOf } from "../object-store.ts";
import {
  type StoredObject,
  isDeleting,
  namespaceOf,
  numberOf,
  objectOf,
  textOf,
} from "../stored-object.ts";
import {
  controlledBy,
  deleteChild,
  hasEndedPod,
  isAvailablePod,
  isReadyPod,
  makeChild,
  shareOf,
  standing,
  wakeWhenAvailable,
  writeStatus,
} from "./owned-objects.ts";
import { templateHash } from "./template-hash.ts";

const resource = "apps/daemonsets";
const hashLabel = "controller-revision-hash";

/** Makes pods that are missing, replaces old ones, then counts. */
export function reconcileDaemonSet(cluster: Cluster, key: string): void {
  const set = standing(cluster, resource, key);
  if (set === undefined) return;
  const hash = templateHash(objectOf(objectOf(set["spec"])["template"]));
  const nodes = cluster.store.all("nodes").map((node) => node.metadata.name);
  const pods = podsOf(cluster, set);
  const covered = new Set(pods.map(nodeOf));
  for (const pod of pods) if (hasEndedPod(pod)) deleteChild(cluster, "pods", pod);
  for (const node of nodes) if (!covered.has(node)) makePod(cluster, set, { node, hash });
  replaceOld(cluster, set, { pods, hash });
  writeStatus(cluster, resource, { object: set, status: statusOf(cluster, set, { nodes, hash }) });
}

function podsOf(cluster: Cluster, set: StoredObject): StoredObject[] {
  return controlledBy(cluster, set, "pods").filter((pod) => !isDeleting(pod));
}

function nodeOf(pod: StoredObject): string {
  return textOf(objectOf(pod["spec"])["nodeName"]);
}

function hashOf(pod: StoredObject): string {
  return textOf(objectOf(pod.metadata["labels"])[hashLabel]);
}

function makePod(
  cluster: Cluster,
  set: StoredObject,
  { node, hash }: { readonly node: string; readonly hash: string },
): void {
  const spec = objectOf(set["spec"]);
  const template = objectOf(spec["template"]);
  const metadata = objectOf(template["metadata"]);
  makeChild(cluster, set, {
    resource: "pods",
    name: `${set.metadata.name}-${nextSuffix(cluster)}`,
    metadata: {
      generateName: `${set.metadata.name}-`,
      labels: {
        ...objectOf(metadata["labels"]),
        [hashLabel]: hash,
        "pod-template-generation": String(numberOf(set.metadata["generation"])),
      },
      ...(metadata["annotations"] !== undefined && { annotations: metadata["annotations"] }),
    },
    fields: { spec: { ...objectOf(template["spec"]), nodeName: node } },
  });
}

/** As many as may be missing at once; one that is not ready counts as missing already. */
function replaceOld(
  cluster: Cluster,
  set: StoredObject,
  { pods, hash }: { readonly pods: readonly StoredObject[]; readonly hash: string },
): void {
  const strategy = objectOf(objectOf(set["spec"])["updateStrategy"]);
  if (strategy["type"] === "OnDelete") return;
  const rolling = objectOf(strategy["rollingUpdate"]);
  const allowed = Math.max(1, shareOf(rolling["maxUnavailable"], pods.length, "up"));
  const old = pods.filter((pod) => hashOf(pod) !== hash);
  const newUnready = pods.filter((pod) => hashOf(pod) === hash && !isReadyPod(pod)).length;
  const unready = old.filter((pod) => !isReadyPod(pod));
  const ready = old.filter(isReadyPod);
  for (const pod of unready) deleteChild(cluster, "pods", pod);
  const spare = Math.max(0, allowed - newUnready - unready.length);
  for (const pod of ready.slice(0, spare)) deleteChild(cluster, "pods", pod);
}

function statusOf(
  cluster: Cluster,
  set: StoredObject,
  { nodes, hash }: { readonly nodes: readonly string[]; readonly hash: string },
): JsonObject {
  const pods = podsOf(cluster, set);
  const minReadySeconds = numberOf(objectOf(set["spec"])["minReadySeconds"]);
  const key = keyOf(namespaceOf(set), set.metadata.name);
  wakeWhenAvailable(cluster, { resource, key }, { pods, minReadySeconds });
  const ready = pods.filter(isReadyPod).length;
  const available = pods.filter((pod) => isAvailablePod(pod, minReadySeconds, cluster.now)).length;
  const updated = pods.filter((pod) => hashOf(pod) === hash).length;
  const unavailable = nodes.length - available;
  return {
    currentNumberScheduled: pods.length,
    desiredNumberScheduled: nodes.length,
    ...(available > 0 && { numberAvailable: available }),
    numberMisscheduled: 0,
    numberReady: ready,
    ...(unavailable > 0 && { numberUnavailable: unavailable }),
    observedGeneration: numberOf(set.metadata["generation"]),
    ...(updated > 0 && { updatedNumberScheduled: updated }),
  };
}
