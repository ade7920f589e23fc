/** Starts test clusters and keeps them until Ctrl-C: node main.ts --clusters 3 [--dir FOLDER]. */
import { parseArgs } from "node:util";
import { startKubelet } from "./kubelet.ts";
import { startControlPlanes } from "./start.ts";

const usage = "usage: node test/control-plane/main.ts [--clusters N] [--dir FOLDER]\n";

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { clusters: { type: "string", default: "1" }, dir: { type: "string" } },
  });
  const clusters = Number(values.clusters);
  if (!Number.isInteger(clusters) || clusters < 1) {
    process.stderr.write(usage);
    process.exitCode = 2;
    return;
  }
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stopping.abort());
  const { signal } = stopping;
  await using planes = await startControlPlanes({
    clusters,
    signal,
    ...(values.dir !== undefined && { dir: values.dir }),
  });
  for (const cluster of planes.clusters) {
    await startKubelet(cluster, { signal });
    process.stdout.write(`${cluster.name} ${cluster.server} ${cluster.kubeconfigPath}\n`);
  }
  process.stderr.write("running; Ctrl-C stops them and removes their data\n");
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
}
