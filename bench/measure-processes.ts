/** What the processes cost, and how long a restart of all of them takes. */
import type { BenchFleet } from "./bench-fleet.ts";
import type { Note } from "./figure.ts";
import { memoryOf } from "./process-memory.ts";

/** Notes the memory of each kind of process, and of workers per site. */
export async function measureMemory(
  fleet: Pick<BenchFleet, "processes" | "size">,
  note: Note,
): Promise<void> {
  const workers: number[] = [];
  for (const [role, { pid }] of fleet.processes) {
    const { residentMb } = await memoryOf(pid);
    if (role.startsWith("worker-")) workers.push(residentMb);
    else note(`memory of the ${role}, resident`, "MB", [residentMb]);
  }
  note("memory of a worker, resident", "MB", workers);
  const total = workers.reduce((sum, each) => sum + each, 0);
  note("memory of workers, a site", "MB", [total / fleet.size.sites]);
}

/** Kills controller and workers, starts them, and notes when all sites are known to be as they should, and at what cost. */
export async function measureRestart(fleet: BenchFleet, note: Note): Promise<void> {
  await fleet.sites.forget();
  const at = await fleet.restart();
  await fleet.settled(fleet.head());
  note("restart of controller and workers, until all is known again", "s", [
    (Date.now() - at) / 1000,
  ]);
  const { counts } = await fleet.sites.figures();
  const writes = Object.entries(counts).filter(([verb]) => verb !== "GET" && verb !== "WATCH");
  note("writes after that restart, all sites", "requests", [
    writes.reduce((sum, [, n]) => sum + n, 0),
  ]);
}
