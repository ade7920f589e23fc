/**
 * What it costs to start the command line, beside Node alone.
 *
 *   node bench/starts.ts [--rounds 7] [--starts 10]
 *
 * Each round starts each program so many times, one after the other. CPU times are those of the processes, so that a busy
 * machine does not change them much; times by the clock are told beside them. What is compiled is kept from a start before.
 * Needs Linux (/proc).
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatTable } from "../src/cli/output.ts";
import { cpuOf } from "./process-cpu.ts";
import { type Spread, spreadOf } from "./statistics.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    starts: { type: "string", default: "10" },
  },
});

const root = join(import.meta.dirname, "..");
const flotilla = join(root, "bin/flotilla.js");
const programs: Readonly<Record<string, readonly string[]>> = {
  "Node alone": ["-e", "0"],
  "flotilla --help": [flotilla, "--help"],
  "flotilla validate --help": [flotilla, "validate", "--help"],
  "flotilla validate fleet-repo-template": [
    flotilla,
    "validate",
    join(root, "fleet-repo-template"),
  ],
};

/** CPU time and time by the clock of one start, ms. */
async function measure(args: readonly string[], starts: number): Promise<[number, number]> {
  const [cpu, began] = [await cpuOf(process.pid), performance.now()];
  for (let start = 0; start < starts; start += 1) {
    const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
    if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}`);
  }
  const tookMs = performance.now() - began;
  return [((await cpuOf(process.pid)).childrenMs - cpu.childrenMs) / starts, tookMs / starts];
}

const measured = new Map(Object.keys(programs).map((name) => [name, [] as [number, number][]]));
for (const args of Object.values(programs)) await measure(args, 1);
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const [name, args] of Object.entries(programs)) {
    measured.get(name)?.push(await measure(args, Number(values.starts)));
  }
}

const cell = ({ median, min, max }: Spread): string =>
  `${Math.round(median)} ms (${Math.round(min)}-${Math.round(max)})`;
const rows = [...measured].map(([name, times]) => [
  name,
  cell(spreadOf(times.map(([cpu]) => cpu))),
  cell(spreadOf(times.map(([, clock]) => clock))),
]);
process.stdout.write(formatTable(["A START", "CPU TIME", "BY THE CLOCK"], rows));
