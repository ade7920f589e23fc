/** A cluster behind a proxy that counts requests and injects faults, for worker tests. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ApiAnswer, type ApiClient, createApiClient } from "../control-plane/api-client.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import type { BedCluster } from "./test-bed.ts";

/** What a test does to a cluster, past the proxy. */
export interface ProxiedCluster {
  readonly cluster: BedCluster;
  readonly proxy: FaultProxy;
  /** Leads through the proxy. */
  readonly kubeconfigPath: string;
  readonly api: ApiClient;
  get(path: string): Promise<ApiAnswer>;
  put(path: string, patch: object): Promise<ApiAnswer>;
  remove(path: string): Promise<ApiAnswer>;
  /** Writes (anything but GET) that came by the proxy since `proxy.forget()`. */
  writes(): string[];
  close(): Promise<void>;
}

export async function proxied(cluster: BedCluster, folder: string): Promise<ProxiedCluster> {
  const ca = Buffer.from(cluster.caData, "base64").toString();
  const proxy = await startFaultProxy({ target: cluster.server, upstream: { ca } });
  const kubeconfigPath = join(folder, `${cluster.name}.kubeconfig`);
  await writeKubeconfig(kubeconfigPath, proxy.url, cluster.token);
  const api = createApiClient(cluster);
  return {
    cluster,
    proxy,
    kubeconfigPath,
    api,
    get: (path) => api.request(path),
    put: (path, patch) =>
      api.request(path, {
        method: "PATCH",
        body: patch,
        contentType: "application/merge-patch+json",
      }),
    remove: (path) => api.request(path, { method: "DELETE" }),
    writes: () =>
      proxy
        .requests()
        .filter(({ method }) => method !== "GET")
        .map(({ method, path }) => `${method} ${path}`),
    close: async () => {
      api.close();
      await proxy.close();
    },
  };
}

export async function writeKubeconfig(path: string, server: string, token: string): Promise<void> {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user: { token } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    "current-context": "c",
  };
  await writeFile(path, JSON.stringify(config));
}
