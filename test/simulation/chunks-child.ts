/** A process that plays chunks of seeds, one after the other. */
import { enableCompileCache } from "node:module";
import { plantBug } from "./bugs.ts";
import type { Chunk, ChunkResult } from "./chunks.ts";

const [bug] = process.argv.slice(2);
enableCompileCache();
if (bug !== undefined) plantBug(bug);
// A story makes thousands of errors that are dealt with; a seed that breaks is played again with its stack traces.
Error.stackTraceLimit = 0;
// Only now: a bug must be there before what it is in is loaded.
const { simulate } = await import("./simulation.ts");

process.on("message", (chunk) => {
  void play(chunk as Chunk).then((result) => process.send?.(result)); // nothing else is sent to it
});

async function play({ from, count }: Chunk): Promise<ChunkResult> {
  const before = process.cpuUsage();
  const sums = { passes: 0, writes: 0, steps: 0 };
  for (let seed = from; seed < from + count; seed += 1) {
    const { passes, writes, steps, violations } = await simulate(seed);
    sums.passes += passes;
    sums.writes += writes;
    sums.steps += steps;
    if (violations.length > 0) return { ...sums, brokenSeed: seed, cpuMs: msSince(before) };
  }
  return { ...sums, brokenSeed: null, cpuMs: msSince(before) };
}

function msSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
