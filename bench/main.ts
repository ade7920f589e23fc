/**
 * `npm run bench`: measures a fleet of simulated clusters on this machine. Controller, workers and simulator are
 * processes of their own; everything is on loopback; it ends by itself.
 *
 *   npm run bench                         300 and 3,000 sites; a table for each
 *   npm run bench -- --sites 300 -o json  one size; JSON on stdout
 *
 *   npm run bench -- --sites 1000 --only rollouts   stages, bad releases, fixes; without --only: all the rest
 *   npm run bench -- --sites 300 --only rates       of the rest only applies a second, and their CPU time
 *   npm run bench -- --sites 1000 --only worker     one worker with all the sites: its memory
 *   npm run bench -- --only real                    one real API server: rates, --apps at once, a restart (needs Go)
 *
 * Options: --sites N[,N...] (100 sites a region), --objects N (of each of two apps, default 10), --rounds N (default 7),
 * --workers N (processes, which share the regions; default one a core), --apps N (with --only real; default 1000),
 * -o json|table. Needs Linux (/proc) for memory.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { kubectlPath } from "../test/support/kubectl.ts";
import { type BenchFleet, type BenchSize, startBenchFleet } from "./bench-fleet.ts";
import { type Figure, figuresOf, type Note } from "./figure.ts";
import { figureInWords, figureTable } from "./figure-table.ts";
import { measureEffect, measureQuiet } from "./measure-effect.ts";
import { measureMemory, measureRestart } from "./measure-processes.ts";
import { measureRate } from "./measure-rate.ts";
import { measureReal } from "./measure-real.ts";
import { measureRollouts } from "./measure-rollouts.ts";
import { measureWorker } from "./measure-worker.ts";

const sitesPerRegion = 100;

const { values } = parseArgs({
  options: {
    sites: { type: "string", default: "300,3000" },
    objects: { type: "string", default: "10" },
    rounds: { type: "string", default: "7" },
    workers: { type: "string", default: String(availableParallelism()) },
    apps: { type: "string", default: "1000" },
    only: { type: "string" },
    output: { type: "string", short: "o", default: "table" },
  },
});

const began = performance.now();

function say(line: string): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(0).padStart(5);
  process.stderr.write(`${seconds} s  ${line}\n`);
}

function wholeNumber(text: string, name: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`--${name} must be a whole number above 0, not ${text}`);
}

async function measure(size: BenchSize, rounds: number): Promise<readonly Figure[]> {
  const { figures, note } = figuresOf(size, tell);
  say(`${size.sites} sites in ${size.regions} regions: start`);
  if (values.only === "worker") {
    await measureWorker(size, note);
    return figures;
  }
  await using fleet = await startBenchFleet(size);
  await firstSync(fleet, note);
  if (values.only === "rollouts") {
    say("first sync done; rollouts in stages");
    await measureRollouts(fleet, rounds, note);
    return figures;
  }
  if (values.only === "rates") {
    say("first sync done; whole-app changes, a bare client and kubectl in turn");
    await measureRate(fleet, { rounds, kubectl: await kubectlPath() }, note);
    return figures;
  }
  say("first sync done; one-object changes");
  await measureEffect(fleet, rounds, note);
  say("nothing changes");
  await measureQuiet(fleet, note);
  await measureMemory(fleet, note);
  say("whole-app changes, a bare client and kubectl in turn");
  await measureRate(fleet, { rounds, kubectl: await kubectlPath() }, note);
  say("restart");
  await measureRestart(fleet, note);
  return figures;
}

async function firstSync(fleet: BenchFleet, note: Note): Promise<void> {
  const at = Date.now();
  await fleet.settled(fleet.head());
  note("first sync of everything, from the start of the processes", "s", [
    (Date.now() - at) / 1000,
  ]);
}

const rounds = wholeNumber(values.rounds, "rounds");
const objects = wholeNumber(values.objects, "objects");
const parts = ["rollouts", "rates", "worker", "real"];
if (values.only !== undefined && !parts.includes(values.only)) {
  throw new Error(`--only must be one of ${parts.join(", ")}`);
}
const workers = wholeNumber(values.workers, "workers");
const all: Figure[] = [];
const tell = (one: Figure): void => say(`${one.figure}: ${figureInWords(one)}`);
if (values.only === "real") {
  all.push(...(await measureReal({ rounds, apps: wholeNumber(values.apps, "apps"), tell })));
}
for (const text of values.only === "real" ? [] : values.sites.split(",")) {
  const sites = wholeNumber(text, "sites");
  const regions = values.only === "worker" ? 1 : Math.ceil(sites / sitesPerRegion);
  const size = values.only === "rollouts" ? { apps: 1, objects: 2 } : { apps: 2, objects };
  all.push(
    ...(await measure({ sites, regions, workers: Math.min(workers, regions), ...size }, rounds)),
  );
}
process.stdout.write(
  values.output === "json" ? `${JSON.stringify(all, null, 2)}\n` : figureTable(all),
);
