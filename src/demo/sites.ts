/** The demo's clusters: one simulated cluster per site, in this process, on loopback. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../runtime/clock.ts";
import { startSimulator } from "../simulator/simulator.ts";
import type { FaultKind } from "./breakage.ts";
import type { SiteWrite } from "./effect-times.ts";
import { watchWrites } from "./site-writes.ts";

export interface DemoSites {
  /** Text of a kubeconfig per site. */
  readonly kubeconfigs: ReadonlyMap<string, string>;
  fail(site: string, how: FaultKind): void;
  heal(site: string): void;
  /** Writes of apps' objects that sites carried out, oldest first. */
  writes(): readonly SiteWrite[];
  /** DELETE requests that came in at all sites together. */
  deletes(): number;
  close(): Promise<void>;
}

/** Starts an empty cluster for each site. */
export async function startDemoSites(names: readonly string[], clock: Clock): Promise<DemoSites> {
  const simulator = await startSimulator({
    clusters: names,
    clock,
    token: randomBytes(24).toString("base64url"),
  });
  const ending = new AbortController();
  const clusters = new Map(names.map((name) => [name, simulator.cluster(name)]));
  const watch = watchWrites(clusters, clock, ending.signal);
  return {
    kubeconfigs: new Map(names.map((name) => [name, simulator.kubeconfig(name)])),
    fail: (site, how) => simulator.fail(site, { kind: how }),
    heal: (site) => simulator.heal(site),
    writes: () => watch.writes(),
    deletes: () => simulator.counts()["DELETE"] ?? 0,
    close: async () => {
      ending.abort();
      await simulator.close();
    },
  };
}
