/** CPU time by who used it. */
import type { BenchFleet } from "./bench-fleet.ts";
import { cpuOf } from "./process-cpu.ts";

/** In ms. `git`: what controller and workers have started and seen end; `bench`: this process. */
export type CpuByRole = Readonly<
  Record<"workers" | "controller" | "git" | "simulator" | "bench", number>
>;

/** What each has used since it was started. */
export async function cpuByRole(fleet: BenchFleet): Promise<CpuByRole> {
  const { user, system } = process.cpuUsage();
  const used = { workers: 0, controller: 0, git: 0, simulator: 0, bench: (user + system) / 1000 };
  for (const [role, { pid }] of fleet.processes) {
    const { ownMs, childrenMs } = await cpuOf(pid);
    if (role === "controller" || role === "simulator") used[role] += ownMs;
    else used.workers += ownMs;
    used.git += childrenMs;
  }
  return used;
}

/** What was used between two looks, for each of so many. */
export function cpuSince(before: CpuByRole, after: CpuByRole, count: number): CpuByRole {
  const each = (role: keyof CpuByRole): number => (after[role] - before[role]) / count;
  return {
    workers: each("workers"),
    controller: each("controller"),
    git: each("git"),
    simulator: each("simulator"),
    bench: each("bench"),
  };
}
