import { readFileSync } from "node:fs";

/** Whether a process is there and has not ended; one that nobody has asked for its end yet has. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/\) [ZX] /.test(stat);
  } catch {
    return true; // no such folder here
  }
}
