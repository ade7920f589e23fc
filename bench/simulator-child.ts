/**
 * The simulated clusters of a bench, in a process of their own so that their work is not counted as anybody else's.
 * Started by simulated-sites.ts; it notes when each cluster answered its writes, and ends with its parent.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Simulator, startSimulator } from "../src/simulator/simulator.ts";
import { systemClock } from "../src/runtime/system-clock.ts";
import type { ChildAsk, ChildTold, SiteWrites } from "./simulated-sites.ts";

const writes = new Map<string, SiteWrites>();
const counts: Record<string, number> = {};

let simulator: Simulator | undefined;
/** Clusters that were cut off by an apply; null: applies cut nothing. */
let cut: Set<string> | null = null;

function note({ cluster, verb, at }: { cluster: string; verb: string; at: number }): void {
  counts[verb] = (counts[verb] ?? 0) + 1;
  if (verb !== "APPLY") return;
  if (cut?.has(cluster) === false) {
    cut.add(cluster);
    simulator?.fail(cluster, { kind: "hang" });
  }
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
  const started = await startSimulator({
    clusters,
    clock: systemClock(),
    token,
    onAnswered: note,
  });
  simulator = started;
  for (const [name, file] of Object.entries(kubeconfigs)) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, started.kubeconfig(name), { mode: 0o600 });
  }
  const servers = clusters.map((name) => [name, started.server(name)]);
  tell({ started: Object.fromEntries(servers) });
}

/** Until they are healed, every cluster goes silent with the first apply that it answers. */
function cutOnApply(isCutting: boolean): void {
  const healed = cut ?? [];
  cut = isCutting ? new Set() : null;
  for (const name of healed) simulator?.heal(name);
  tell({ cut: [...healed] });
}

function script({ sites, script: rules }: Extract<ChildAsk, { script: object }>["script"]): void {
  for (const site of sites) simulator?.script(site, rules);
  tell({ scripted: true });
}

process.on("message", (ask: ChildAsk) => {
  if ("start" in ask) void start(ask.start.kubeconfigs, ask.start.token);
  else if ("cutOnApply" in ask) cutOnApply(ask.cutOnApply);
  else if ("script" in ask) script(ask.script);
  else if (ask.figures === "forget") {
    writes.clear();
    for (const verb of Object.keys(counts)) delete counts[verb];
    tell({ forgotten: true });
  } else tell({ figures: { counts: { ...counts }, writes: Object.fromEntries(writes) } });
});
process.on("disconnect", () => process.exit());
