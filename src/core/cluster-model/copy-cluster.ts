import type { Cluster } from "./cluster.ts";

/** The same cluster once more: what happens to one does not happen to the other. Objects are shared: they never change. */
export function copyCluster(cluster: Cluster): Cluster {
  const pods = [...cluster.pods].map(([uid, progress]) => [uid, { ...progress }] as const);
  return {
    ...cluster,
    store: cluster.store.copy(),
    timers: cluster.timers.copy(),
    custom: cluster.custom.copy(),
    pods: new Map(pods),
  };
}
