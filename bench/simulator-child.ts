/**
 * The simulated clusters of a bench, in a process of their own so that their work is not counted as anybody else's.
 * Started by simulated-sites.ts; it notes when each cluster answered its writes, and ends with its parent.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { startSimulator } from "../src/simulator/simulator.ts";
import { systemClock } from "../src/runtime/system-clock.ts";
import type { ChildAsk, ChildTold, SiteWrites } from "./simulated-sites.ts";

const writes = new Map<string, SiteWrites>();
const counts: Record<string, number> = {};

function note({ cluster, verb, at }: { cluster: string; verb: string; at: number }): void {
  counts[verb] = (counts[verb] ?? 0) + 1;
  if (verb !== "APPLY") return;
  const known = writes.get(cluster);
  writes.set(cluster, {
    first: known?.first ?? at,
    last: at,
    count: (known?.count ?? 0) + 1,
  });
}

function tell(told: ChildTold): void {
  process.send?.(told);
}

async function start(kubeconfigs: Readonly<Record<string, string>>, token: string): Promise<void> {
  const clusters = Object.keys(kubeconfigs);
  const simulator = await startSimulator({
    clusters,
    clock: systemClock(),
    token,
    onAnswered: note,
  });
  for (const [name, file] of Object.entries(kubeconfigs)) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, simulator.kubeconfig(name), { mode: 0o600 });
  }
  const servers = clusters.map((name) => [name, simulator.server(name)]);
  tell({ started: Object.fromEntries(servers) });
}

process.on("message", (ask: ChildAsk) => {
  if ("start" in ask) void start(ask.start.kubeconfigs, ask.start.token);
  else if (ask.figures === "forget") {
    writes.clear();
    for (const verb of Object.keys(counts)) delete counts[verb];
    tell({ forgotten: true });
  } else tell({ figures: { counts: { ...counts }, writes: Object.fromEntries(writes) } });
});
process.on("disconnect", () => process.exit());
