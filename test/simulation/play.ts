import { shrink } from "./shrink.ts";
import { type Outcome, simulate } from "./simulation.ts";

/** Plays so many seeds up to the first that breaks a promise, which is told; true: none does. */
export async function playMany(
  from: number,
  { count, isShrunk }: { readonly count: number; readonly isShrunk: boolean },
): Promise<boolean> {
  const before = process.cpuUsage();
  const sums = { passes: 0, writes: 0, steps: 0 };
  for (let seed = from; seed < from + count; seed += 1) {
    const outcome = await simulate(seed);
    sums.passes += outcome.passes;
    sums.writes += outcome.writes;
    sums.steps += outcome.steps;
    if (outcome.violations.length === 0) continue;
    if (isShrunk) await tellBroken(outcome);
    else process.stdout.write(`seed ${seed} breaks a promise: ${outcome.violations.join("; ")}\n`);
    return false;
  }
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 1000 / count;
  process.stdout.write(
    `${count} seeds hold: ${sums.passes} passes, ${sums.writes} writes, ${sums.steps} steps, ${ms.toFixed(1)} ms of CPU a seed\n`,
  );
  return true;
}

async function tellBroken(outcome: Outcome): Promise<void> {
  const { seed } = outcome;
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
