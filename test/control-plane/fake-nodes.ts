/** The two nodes that every test cluster has, and which of them a pod goes to. */
import type { ApiClient } from "./api-client.ts";
import type { Pod } from "../../src/core/cluster-model/pods/pod.ts";

/** The names of the nodes. */
export const nodeNames: readonly string[] = ["node-a", "node-b"];

const capacity = { cpu: "64", memory: "256Gi", pods: "1000", "ephemeral-storage": "1Ti" };

/** Creates the nodes that are missing and makes all of them Ready. */
export async function ensureNodes(api: ApiClient, signal: AbortSignal): Promise<void> {
  for (const name of nodeNames) {
    const node = readyNode(name);
    const created = await api.request("/api/v1/nodes", { method: "POST", body: node, signal });
    if (created.status === 201) continue;
    const patched = await api.request(`/api/v1/nodes/${name}/status`, {
      method: "PATCH",
      contentType: "application/merge-patch+json",
      body: { status: node.status },
      signal,
    });
    if (patched.status !== 200) throw new Error(`node ${name}: status ${patched.status}`);
  }
}

/** The node a pod is to run on: the one it demands (as those of DaemonSets do) or any. */
export function chooseNode(pod: Pod): string {
  // Wherever the affinity names a node, it is one of ours or none.
  const affinity = JSON.stringify(pod.spec.affinity ?? null);
  const demanded = nodeNames.find((name) => affinity.includes(`"values":["${name}"]`));
  const index = Number.parseInt(pod.metadata.uid.slice(0, 2), 16) % nodeNames.length;
  return demanded ?? nodeNames[index] ?? "node-a";
}

function readyNode(name: string) {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": `zone-${name.at(-1)}`,
      },
    },
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
          message: "played by the tests",
          lastHeartbeatTime: new Date().toISOString(),
          lastTransitionTime: new Date().toISOString(),
        },
      ],
      nodeInfo: {
        architecture: "amd64",
        operatingSystem: "linux",
        kubeletVersion: "v1.36.0",
        kubeProxyVersion: "",
        bootID: "",
        containerRuntimeVersion: "none://0",
        kernelVersion: "",
        machineID: "",
        osImage: "",
        systemUUID: "",
      },
    },
  };
}
