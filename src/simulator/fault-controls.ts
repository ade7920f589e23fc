/** Breaking and healing a cluster, and counting what was asked of some. */
import type { ClusterHost, Fault } from "./cluster-host.ts";

/** From now on the cluster fails in this way. */
export function failHost(host: ClusterHost, fault: Fault): void {
  host.fault = fault;
  if (fault.kind !== "refuse") return;
  host.dropWatches();
  host.ownPort?.close();
}

/** From now on it answers; what hung is answered. */
export function healHost(host: ClusterHost): void {
  host.fault = undefined;
  host.ownPort?.open();
  const waiting = [...host.waiting];
  host.waiting.clear();
  for (const answer of waiting) answer();
}

/** The sum of what was asked, by verb. */
export function countsOf(hosts: readonly ClusterHost[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { counts } of hosts) {
    for (const [verb, count] of counts) sums[verb] = (sums[verb] ?? 0) + count;
  }
  return sums;
}
