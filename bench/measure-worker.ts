/** One worker with all the sites: how much memory it takes while it does everything for the first time, nothing, and again. */
import { type BenchFleet, type BenchSize, startBenchFleet } from "./bench-fleet.ts";
import type { Note } from "./figure.ts";
import { measureQuiet } from "./measure-effect.ts";
import { measureRestart } from "./measure-processes.ts";
import { memoryOf } from "./process-memory.ts";

const lookMs = 100;

/** Starts a fleet with one worker, and notes what it takes. */
export async function measureWorker(size: BenchSize, note: Note): Promise<void> {
  await using fleet = await startBenchFleet(size);
  const watch = { fleet, note };
  await watched(watch, "first sync", async () => {
    const at = Date.now();
    await fleet.settled(fleet.head());
    note("first sync of everything, from the start of the processes", "s", [
      (Date.now() - at) / 1000,
    ]);
  });
  await watched(watch, "quiet", () => measureQuiet(fleet, note));
  await watched(watch, "restart", () => measureRestart(fleet, note));
}

/** Memory of the worker while something is measured: all that was seen. */
async function watched(
  { fleet, note }: { readonly fleet: BenchFleet; readonly note: Note },
  what: string,
  work: () => Promise<void>,
): Promise<void> {
  const seen: number[] = [];
  const look = async (): Promise<void> => {
    for (const [role, { pid, isRunning }] of fleet.processes) {
      if (!role.startsWith("worker-") || !isRunning()) continue;
      // It may end in this moment.
      const memory = await memoryOf(pid).catch(() => null);
      if (memory !== null) seen.push(memory.residentMb);
    }
  };
  const timer = setInterval(() => void look(), lookMs);
  try {
    await work();
    await look();
  } finally {
    clearInterval(timer);
  }
  note(`memory of the worker, resident, ${what}, largest`, "MB", [Math.max(...seen)]);
  note(`memory of the worker, resident, after ${what}`, "MB", seen.slice(-1));
}
