/** Clusters for worker tests: real API servers with their controllers and a fake kubelet, or the model behind HTTP. */
import type { PodScript } from "../../src/core/cluster-model/pods/pod-script.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { startSimulator } from "../../src/simulator/simulator.ts";
import type { ClusterAccess } from "../control-plane/api-client.ts";
import { startKubelet } from "../control-plane/kubelet.ts";
import { type StaticUser, startControlPlanes } from "../control-plane/start.ts";

/** A cluster that a test may do anything to; `token` is that of an administrator. */
export interface BedCluster extends ClusterAccess {
  readonly name: string;
}

/** Running clusters. */
export interface TestBed {
  readonly clusters: readonly BedCluster[];
  /** What becomes of the pods of the first one. */
  setScript(script: PodScript): void;
  stop(): Promise<void>;
}

/** Starts so many clusters. */
export type OpenBed = (clusters: number) => Promise<TestBed>;

/** Real API servers; `users` have fixed tokens and may do what RBAC objects let them. */
export async function realBed(
  clusters: number,
  users: readonly StaticUser[] = [],
): Promise<TestBed> {
  const planes = await startControlPlanes({ clusters, users });
  const [first] = planes.clusters;
  if (first === undefined) throw new Error("a bed has a cluster");
  const kubelet = await startKubelet(first);
  return {
    clusters: planes.clusters,
    setScript: (script) => kubelet.setScript(script),
    stop: async () => {
      await kubelet.stop();
      await planes.stopAll();
    },
  };
}

/** The model, each cluster at a port of its own. */
export async function modelBed(clusters: number): Promise<TestBed> {
  const names = Array.from({ length: clusters }, (_, index) => `c${index + 1}`);
  const token = "tr0ub4dor-model-token";
  const simulator = await startSimulator({
    clusters: names,
    ownPorts: names,
    clock: systemClock(),
    token,
  });
  return {
    clusters: names.map((name) => ({ name, server: simulator.server(name), token, caData: "" })),
    setScript: (script) => simulator.script("c1", script),
    stop: () => simulator.close(),
  };
}
