/**
 * What the planner costs, by itself: no git, no rendering, no clusters.
 *
 *   node bench/planning.ts [--sites 1000,3000,10000] [--apps 2] [--rounds 5]
 *
 * CPU times of this process (the least of the rounds, so that a busy machine changes them little), each also for a site,
 * and against the same of the smallest fleet: what is linear stays at 1.
 *
 * - begins: every app has a new version at every site
 * - under way: a canary is in flight, all other sites wait
 * - hands over: every site of every app at once
 * - joins: nine tenths of the sites are new, and get every app by the open list
 */
import { parseArgs } from "node:util";
import { formatTable } from "../src/cli/output.ts";
import { planRollout } from "../src/core/rollout/plan-rollout.ts";
import { startReleases } from "../src/core/rollout/start-releases.ts";
import { PlannerWorld, quick, someSites, type WorldHead } from "../test/support/planner-world.ts";

const { values } = parseArgs({
  options: {
    sites: { type: "string", default: "1000,3000,10000" },
    apps: { type: "string", default: "2" },
    rounds: { type: "string", default: "5" },
  },
});

const regions = Array.from({ length: 20 }, (_, index) => `r${index}`);

const atOnce = { ...quick, stages: [{ name: "all" }], soak: "0s" };

function head(sites: WorldHead["sites"], version: string, strategy = quick): WorldHead {
  const apps = Array.from({ length: Number(values.apps) }, (_, index) => [
    `app${index}`,
    { version, strategy },
  ]);
  return { sites, apps: Object.fromEntries(apps) as WorldHead["apps"] };
}

function cpuMs(work: () => void): number {
  let least = Infinity;
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

/** A fleet with version 1 at all its sites, and the strategy by which version 2 will go. */
function settled(sites: WorldHead["sites"]): PlannerWorld {
  const world = new PlannerWorld();
  world.follow(head(sites, "1", atOnce));
  world.run(3);
  world.follow(head(sites, "1"));
  return world.run(1);
}

/** CPU time of a plan that hands over to at least as many sites, on the way of what has begun. */
function handingOver(world: PlannerWorld, least: number): number {
  for (let second = 0; second < 20; second += 1) {
    const input = world.input();
    if (planRollout(input).handOvers.length >= least) return cpuMs(() => planRollout(input));
    world.step();
    world.now += 1000;
    world.work();
  }
  throw new Error("nothing is handed over");
}

function measure(count: number): Record<string, number> {
  const sites = someSites(count, regions);
  const world = settled(sites);
  world.follow(head(sites, "2"));
  const start = world.startInput(world.previous, world.entitled(world.previous ?? ""));
  const begins = cpuMs(() => startReleases(start));
  world.step();
  const input = world.input();
  const underWay = cpuMs(() => planRollout(input));
  const handsOver = handingOver(world, count - 1);
  const few = Object.fromEntries(Object.entries(sites).slice(0, count / 10));
  const joined = settled(few);
  joined.follow(head(sites, "1"));
  const joins = handingOver(joined, count / 2);
  return { begins, "under way": underWay, "hands over": handsOver, joins };
}

const rows: string[][] = [];
const first: Record<string, number> = {};
for (const sites of values.sites.split(",").map(Number)) {
  for (const [figure, ms] of Object.entries(measure(sites))) {
    const each = (ms * 1000) / sites;
    const base = (first[figure] ??= each);
    rows.push([
      figure,
      String(sites),
      `${ms.toFixed(1)} ms`,
      `${each.toFixed(1)} us`,
      (each / base).toFixed(2),
    ]);
  }
}
process.stdout.write(formatTable(["FIGURE", "SITES", "CPU", "A SITE", "TO FIRST"], rows));
