import { readFile } from "node:fs/promises";

/** CPU time of a process (ms): its own, and that of its children that have ended. */
export interface CpuTime {
  readonly ownMs: number;
  readonly childrenMs: number;
}

/** Linux tells these in hundredths of a second, whatever the machine. */
const tickMs = 10;

/** Reads it from /proc. Throws where there is no such process or no /proc. */
export async function cpuOf(pid: number): Promise<CpuTime> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  // What stands before the last parenthesis is the name of the program, which may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = (index: number): number => Number(fields[index]) * tickMs;
  return { ownMs: ticks(11) + ticks(12), childrenMs: ticks(13) + ticks(14) };
}
