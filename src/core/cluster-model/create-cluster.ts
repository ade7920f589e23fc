/** A new cluster with what every one has from the start: namespaces, nodes, the service of its API. */
import type { JsonObject } from "../model/json.ts";
import { putObject } from "./change-object.ts";
import { type Cluster, type ClusterOptions, emptyCluster, nextUid } from "./cluster.ts";
import { advance } from "./controllers/advance.ts";
import { fillNamespace } from "./controllers/reconcile-namespace.ts";
import { keyOf } from "./object-store.ts";
import type { PodScript } from "./pods/pod-script.ts";
import { type StoredObject, namespaceOf, objectOf, timestamp } from "./stored-object.ts";

const namespaces = ["default", "kube-node-lease", "kube-public", "kube-system"];
const defaultNodes = ["node-a", "node-b"];

/** Makes a cluster at a time (ms since 1970). The uid of its namespace kube-system is its identity. */
export function createCluster(options: ClusterOptions, now: number): Cluster {
  const cluster = emptyCluster(options, now);
  for (const name of namespaces) {
    putObject(cluster, "namespaces", firstObject(cluster, { ...namespace, metadata: { name } }));
    fillNamespace(cluster, name);
  }
  for (const name of options.nodes ?? defaultNodes) {
    putObject(cluster, "nodes", firstObject(cluster, nodeObject(name, timestamp(now))));
  }
  putObject(cluster, "services", firstObject(cluster, apiService));
  advance(cluster, now + 10);
  cluster.store.forgetHistory();
  return cluster;
}

/** Changes what becomes of pods: those that run are looked at again. */
export function setScript(cluster: Cluster, script: PodScript, now: number): void {
  advance(cluster, now);
  cluster.script = script;
  for (const pod of cluster.store.all("pods")) {
    cluster.timers.set(`pod ${keyOf(namespaceOf(pod), pod.metadata.name)}`, cluster.now);
  }
}

function firstObject(cluster: Cluster, object: JsonObject): StoredObject {
  const metadata = objectOf(object["metadata"]);
  const { name } = metadata;
  const labels = object["kind"] === "Namespace" && {
    labels: { "kubernetes.io/metadata.name": name ?? "" },
  };
  // All of them have a name, an apiVersion and a kind.
  return {
    ...object,
    metadata: {
      ...metadata,
      ...labels,
      uid: nextUid(cluster),
      creationTimestamp: timestamp(cluster.now),
    },
  } as unknown as StoredObject;
}

const namespace: JsonObject = {
  apiVersion: "v1",
  kind: "Namespace",
  spec: { finalizers: ["kubernetes"] },
  status: { phase: "Active" },
};

const apiService: JsonObject = {
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name: "kubernetes",
    namespace: "default",
    labels: { component: "apiserver", provider: "kubernetes" },
  },
  spec: {
    clusterIP: "10.0.0.0",
    clusterIPs: ["10.0.0.0"],
    internalTrafficPolicy: "Cluster",
    ipFamilies: ["IPv4"],
    ipFamilyPolicy: "SingleStack",
    ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: 6443 }],
    sessionAffinity: "None",
    type: "ClusterIP",
  },
  status: { loadBalancer: {} },
};

const capacity = { cpu: "64", memory: "256Gi", pods: "1k", "ephemeral-storage": "1Ti" };

function nodeObject(name: string, time: string): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": `zone-${name.at(-1) ?? ""}`,
      },
    },
    spec: {},
    status: {
      capacity,
      allocatable: capacity,
      addresses: [
        { type: "InternalIP", address: "127.0.0.1" },
        { type: "Hostname", address: name },
      ],
      conditions: [
        {
          type: "Ready",
          status: "True",
          reason: "KubeletReady",
          message: "simulated",
          lastHeartbeatTime: time,
          lastTransitionTime: time,
        },
      ],
      nodeInfo: nodeInfo,
    },
  };
}

const nodeInfo: JsonObject = {
  architecture: "amd64",
  operatingSystem: "linux",
  kubeletVersion: "v1.36.4",
  kubeProxyVersion: "",
  bootID: "",
  containerRuntimeVersion: "none://0",
  kernelVersion: "",
  machineID: "",
  osImage: "",
  systemUUID: "",
};
