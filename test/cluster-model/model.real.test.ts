/** The contract on a real API server with its controllers: what the model promises is what Kubernetes does. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "undici";
import { afterAll, beforeAll, describe } from "vitest";
import { type Kubelet, startKubelet } from "../control-plane/kubelet.ts";
import { type Cluster, type ControlPlanes, startControlPlanes } from "../control-plane/start.ts";
import { httpCluster } from "./contract/cluster-under-test.ts";
import { runContract } from "./contract/run-cases.ts";

describe("a real API server", { timeout: 90_000 }, () => {
  let dir: string;
  let planes: ControlPlanes;
  let cluster: Cluster;
  let kubelet: Kubelet;
  let dispatcher: Agent;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "cluster-contract-"));
    planes = await startControlPlanes({ clusters: 1, dir });
    [cluster] = planes.clusters as [Cluster]; // one was asked for
    kubelet = await startKubelet(cluster);
    const ca = Buffer.from(cluster.caData, "base64").toString();
    dispatcher = new Agent({ connect: { ca } });
  }, 180_000);

  afterAll(async () => {
    await dispatcher?.destroy();
    await kubelet?.stop();
    await planes?.stopAll();
    await rm(dir, { recursive: true, force: true });
  }, 120_000);

  runContract(() => ({
    ...httpCluster({ url: cluster.server, token: cluster.token, dispatcher }),
    setScript: (script) => kubelet.setScript(script),
    forgetHistory: async () => {
      await cluster.stop();
      await cluster.start();
    },
  }));
});
