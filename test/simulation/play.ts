import { type Chunk, playChunks } from "./chunks.ts";
import { shrink } from "./shrink.ts";
import { type Outcome, simulate } from "./simulation.ts";

/** Plays seeds up to the first that breaks a promise, which is told; true: none does. */
export async function playMany(
  chunk: Chunk,
  { jobs, bug }: { readonly jobs: number; readonly bug: string | undefined },
): Promise<boolean> {
  const startedAt = performance.now();
  const { passes, writes, steps, brokenSeed, cpuMs } = await playChunks(chunk, { jobs, bug });
  if (brokenSeed !== null) {
    await tellBroken(await simulate(brokenSeed), bug === undefined);
    return false;
  }
  const ms = cpuMs / chunk.count;
  const seconds = (performance.now() - startedAt) / 1000;
  process.stdout.write(
    `${chunk.count} seeds hold: ${passes} passes, ${writes} writes, ${steps} steps, ${ms.toFixed(1)} ms of CPU a seed, ${seconds.toFixed(0)} s\n`,
  );
  return true;
}

async function tellBroken(outcome: Outcome, isShrunk: boolean): Promise<void> {
  const { seed, violations } = outcome;
  if (!isShrunk) {
    process.stdout.write(`seed ${seed} breaks a promise: ${violations.join("; ")}\n`);
    return;
  }
  process.stdout.write(`seed ${seed} breaks a promise; made shorter, with what is left:\n`);
  tell(await shrink(outcome));
  process.stdout.write(`the whole of it: npm run simulate -- --seed ${seed}\n`);
}

function tell({ log, violations }: Outcome): void {
  process.stdout.write(`${log.join("\n")}\n`);
  for (const what of violations) process.stdout.write(`broken: ${what}\n`);
}

/** Plays one seed and tells all of it. */
export async function playOne(seed: number): Promise<boolean> {
  const outcome = await simulate(seed);
  tell(outcome);
  const holds = outcome.violations.length === 0;
  process.stdout.write(`seed ${seed} ${holds ? "holds" : "breaks a promise"}\n`);
  return holds;
}
