/** One real API server with its etcd and controllers for a bench, and the CPU time that these use. */
import { copyFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { type ApiClient, createApiClient } from "../test/control-plane/api-client.ts";
import { startControlPlanes } from "../test/control-plane/start.ts";
import { type ProxiedCluster, proxied } from "../test/support/kube-cluster.ts";
import { cpuOf } from "./process-cpu.ts";

/** An API server that a bench may do anything to. */
export interface RealCluster extends AsyncDisposable {
  readonly name: string;
  readonly server: string;
  readonly token: string;
  /** PEM. */
  readonly ca: string;
  readonly kubeconfigPath: string;
  readonly api: ApiClient;
  /** CPU time of API server, etcd and controllers since they were started, ms. */
  cpuMs(): Promise<number>;
  /** Another way to it, which counts requests. */
  counted(folder: string): Promise<ProxiedCluster>;
}

export async function startRealCluster(): Promise<RealCluster> {
  const planes = await startControlPlanes({ clusters: 1 });
  const [cluster] = planes.clusters;
  if (cluster === undefined) throw new Error("there is no cluster");
  const api = createApiClient(cluster);
  return {
    name: cluster.name,
    server: cluster.server,
    token: cluster.token,
    ca: Buffer.from(cluster.caData, "base64").toString(),
    kubeconfigPath: cluster.kubeconfigPath,
    api,
    cpuMs: async () => {
      const times = await Promise.all(planes.pids().map(cpuOf));
      return times.reduce((sum, { ownMs }) => sum + ownMs, 0);
    },
    counted: (folder) => proxied(cluster, folder),
    [Symbol.asyncDispose]: async () => {
      api.close();
      await planes.stopAll();
    },
  };
}

/** Makes one kubeconfig stand where another is expected. */
export async function placeKubeconfig(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}
