/**
 * `npm run simulate -- --seeds N [--from M]` plays N stories and tells the first that breaks a promise, made as short as
 * it can be; `-- --seed N` plays one again and prints all of it. Exit code 1: a promise was broken.
 */
import { parseArgs } from "node:util";
import { shrink } from "./shrink.ts";
import { type Outcome, simulate } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
  },
});

async function playMany(from: number, count: number): Promise<boolean> {
  const before = process.cpuUsage();
  const sums = { passes: 0, writes: 0, steps: 0 };
  for (let seed = from; seed < from + count; seed += 1) {
    const outcome = await simulate(seed);
    sums.passes += outcome.passes;
    sums.writes += outcome.writes;
    sums.steps += outcome.steps;
    if (outcome.violations.length === 0) continue;
    await tellBroken(outcome);
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

async function playOne(seed: number): Promise<boolean> {
  const outcome = await simulate(seed);
  tell(outcome);
  const holds = outcome.violations.length === 0;
  process.stdout.write(`seed ${seed} ${holds ? "holds" : "breaks a promise"}\n`);
  return holds;
}

const holds =
  values.seed === undefined
    ? await playMany(Number(values.from), Number(values.seeds))
    : await playOne(Number(values.seed));
if (!holds) process.exitCode = 1;
