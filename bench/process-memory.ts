import { readFile } from "node:fs/promises";

/** Memory of a process in MB (10^6 bytes), as Linux counts it: what is resident, and its share of what is common. */
export interface Memory {
  readonly residentMb: number;
  readonly proportionalMb: number;
}

/** Reads it from /proc. Throws where there is no such process or no /proc. */
export async function memoryOf(pid: number): Promise<Memory> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const kilobytes = (name: string): number => {
    const found = new RegExp(`^${name}:\\s+(?<kb>\\d+) kB`, "m").exec(text)?.groups?.["kb"];
    if (found === undefined) throw new Error(`/proc/${pid}/smaps_rollup has no ${name}`);
    return (Number(found) * 1024) / 1e6;
  };
  return { residentMb: kilobytes("Rss"), proportionalMb: kilobytes("Pss") };
}
