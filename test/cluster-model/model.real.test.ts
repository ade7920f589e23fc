/** The contract on a real API server with its controllers: what the model promises is what Kubernetes does. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "undici";
import { afterAll, beforeAll, describe } from "vitest";
import { type Kubelet, startKubelet } from "../control-plane/kubelet.ts";
import { type Cluster, type ControlPlanes, startControlPlanes } from "../control-plane/start.ts";
import { type FaultProxy, type HttpFault, startFaultProxy } from "../support/fault-proxy.ts";
import type { Fault } from "../../src/simulator/cluster-host.ts";
import { runFailures } from "./contract/failure-cases.ts";
import { httpCluster } from "./contract/cluster-under-test.ts";
import { runContract } from "./contract/run-cases.ts";

describe("a real API server", { timeout: 90_000 }, () => {
  let dir: string;
  let planes: ControlPlanes;
  let cluster: Cluster;
  let kubelet: Kubelet;
  let dispatcher: Agent;
  let wire: FaultProxy;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "cluster-contract-"));
    planes = await startControlPlanes({ clusters: 1, dir });
    [cluster] = planes.clusters as [Cluster]; // one was asked for
    kubelet = await startKubelet(cluster);
    const ca = Buffer.from(cluster.caData, "base64").toString();
    dispatcher = new Agent({ connect: { ca } });
    wire = await startFaultProxy({ target: cluster.server, upstream: { ca } });
  }, 180_000);

  afterAll(async () => {
    await wire?.close();
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

  runFailures(() => ({
    url: wire.url,
    token: cluster.token,
    dispatcher,
    fail: (fault) => wire.fail(asProxied(fault)),
    heal: () => wire.heal(),
  }));
});

/** The simulator's fault as the proxy before the API server makes it. */
function asProxied(fault: Fault): HttpFault {
  switch (fault.kind) {
    case "refuse":
    case "hang":
    case "slow":
      return fault;
    case "throttle": {
      const headers = { "retry-after": String(fault.retryAfterSeconds) };
      const body = "Too many requests, please try again later.\n";
      return { kind: "status", status: 429, body, headers };
    }
    case "error":
      break;
  }
  return statusFault(500, "InternalError");
}

function statusFault(status: number, reason: string) {
  const body = JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", reason });
  return { kind: "status", status, body } as const;
}
