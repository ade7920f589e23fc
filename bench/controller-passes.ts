/**
 * What the controller's passes cost, without workers and clusters: a fleet repository, the controller's world in this
 * process, and reports that say at once that what was handed over is healthy.
 *
 *   node bench/controller-passes.ts [--sites 3000] [--regions 30] [--apps 3] [--changed N]
 *
 * `--changed N` moves one app on N sites instead of on all of them.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createGit } from "../src/adapters/git/git-process.ts";
import { controllerSettings } from "../src/controller/config.ts";
import { openWorld } from "../src/controller/open-world.ts";
import { LastPass } from "../src/controller/last-pass.ts";
import { type Pass, reconcile } from "../src/controller/reconcile.ts";
import type { World } from "../src/controller/world.ts";
import type { AppReport } from "../src/core/protocol/worker-report.ts";
import { createLogger } from "../src/runtime/logger.ts";
import { systemClock } from "../src/runtime/system-clock.ts";
import { appFiles, appName, type FleetSize, fleetFiles } from "./synthetic-fleet.ts";

const { values } = parseArgs({
  options: {
    sites: { type: "string", default: "3000" },
    regions: { type: "string", default: "30" },
    apps: { type: "string", default: "3" },
    changed: { type: "string", default: "0" },
    rounds: { type: "string", default: "3" },
  },
});
const size: FleetSize = {
  sites: Number(values.sites),
  regions: Number(values.regions),
  apps: Number(values.apps),
  objects: 10,
};

const dir = await mkdtemp(join(tmpdir(), "flotilla-passes-"));
const clock = systemClock();
const git = createGit({ clock });
const checkout = join(dir, "fleet");

async function push(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(checkout, path)), { recursive: true });
    await writeFile(join(checkout, path), text);
  }
  const who = ["-c", "user.name=Bench", "-c", "user.email=bench@example.com"];
  await git({ args: ["add", "--all"], workDir: checkout });
  await git({ args: [...who, "commit", "-q", "-m", "Change"], workDir: checkout });
}

/** CPU time (ms) of this process and of its children that have ended. */
async function cpuMs(): Promise<{ readonly own: number; readonly children: number }> {
  const { user, system } = process.cpuUsage();
  const fields = (await readFile("/proc/self/stat", "utf8")).replace(/^.*\) /, "").split(" ");
  const children = (Number(fields[13]) + Number(fields[14])) * 10;
  return { own: (user + system) / 1000, children };
}

async function measured<T>(what: string, work: () => Promise<T>): Promise<T> {
  const before = await cpuMs();
  const from = performance.now();
  const result = await work();
  const wall = performance.now() - from;
  const after = await cpuMs();
  const own = after.own - before.own;
  const children = after.children - before.children;
  const figures = [wall, own, children].map((ms) => ms.toFixed(0).padStart(7)).join("");
  process.stdout.write(`${what.padEnd(28)} wall, own cpu, ended git cpu (ms):${figures}\n`);
  return result;
}

const sequences = new Map<string, number>();

/** Every worker says that what stands in its mirror is applied and healthy. */
function report(world: World, pass: Pass): void {
  for (const { mirror } of pass.mirrors) reportMirror(world, pass, mirror.name);
}

function reportMirror(world: World, pass: Pass, name: string): void {
  const found = pass.mirrors.find(({ mirror }) => mirror.name === name);
  const { head, sites } = found?.snapshot ?? { head: null, sites: new Map() };
  const sequence = (sequences.get(name) ?? 0) + 1;
  sequences.set(name, sequence);
  const apps: AppReport[] = [];
  for (const [site, content] of sites) {
    for (const [app, entry] of content.apps) {
      if (!("tree" in entry)) continue;
      apps.push({
        site,
        app,
        tree: entry.tree,
        left: false,
        release: content.meta?.apps[app]?.release ?? null,
        sync: "Synced",
        health: "Healthy",
        healthyForMs: 1000,
        longestHealthyMs: 1000,
        everHealthy: true,
        unverified: 0,
        objects: 10,
        message: "",
      });
    }
  }
  world.observations.accept(name, {
    worker: name,
    sequence,
    full: true,
    head: head ?? "",
    epoch: world.epoch,
    sites: [...sites.keys()].map((site) => ({
      site,
      reachable: true,
      uid: `uid-${site}`,
      message: "",
    })),
    apps,
    stopped: {},
    refused: "",
  });
}

let passes: LastPass;

async function pass(world: World): Promise<Pass> {
  const done = await reconcile(world);
  passes.take(done);
  return done;
}

async function settle(world: World): Promise<Pass> {
  let last = await pass(world);
  for (let turn = 0; turn < 60; turn += 1) {
    const again = await reportedPass(world, last);
    if (!again.hasWritten && turn > 0) return again;
    last = again;
  }
  throw new Error("it does not come to rest");
}

async function reportedPass(world: World, last: Pass): Promise<Pass> {
  // A worker fetches what its mirror has.
  const mirrors = await Promise.all(
    last.mirrors.map(async (each) => ({ ...each, snapshot: await each.mirror.snapshot() })),
  );
  report(world, { ...last, mirrors });
  return measured("  pass after all reports", () => pass(world));
}

/** The change: one app everywhere, or on some sites. */
function change(round: number): Record<string, string> {
  const count = Number(values.changed);
  if (count === 0) return appFiles(appName(0), size.objects, round);
  const files = fleetFiles(size, 1);
  const names = Array.from(
    { length: count },
    (_, index) => `site-${String(index).padStart(4, "0")}`,
  );
  const app = JSON.parse(files[`apps/${appName(0)}/app.yaml`] ?? "{}") as { spec: object }; // as it was written
  const patch = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings-0\ndata:\n  version: "${round}"\n`;
  const overlays = [
    {
      name: "some",
      sites: names,
      patches: [{ target: { kind: "ConfigMap", name: "settings-0" }, patch }],
    },
  ];
  return {
    [`apps/${appName(0)}/app.yaml`]: `${JSON.stringify({ ...app, spec: { ...app.spec, overlays } })}\n`,
  };
}

await git({ args: ["init", "-q", "--template=", "-b", "main", checkout] });
await push(fleetFiles(size, 1));
const ending = new AbortController();
const world = await openWorld({
  settings: controllerSettings({
    fleet: { url: checkout },
    stateDir: join(dir, "state"),
    pollInterval: "100ms",
    heartbeat: "10m",
  }),
  clock,
  logger: createLogger({ name: "bench", level: "error" }),
  wake: () => undefined,
  signal: ending.signal,
});
passes = new LastPass({ world, branch: "main", served: new Set(), forgeProblem: () => null });
await world.lead();
while (world.source.state().seen === null) await sleep(20);
await measured("first pass", () => pass(world));
await settle(world);
for (let round = 2; round < 2 + Number(values.rounds); round += 1) {
  for (let idle = 0; idle < 2; idle += 1) await measured("idle pass", () => pass(world));
  const { seen } = world.source.state();
  await push(change(round));
  while (world.source.state().seen === seen) await sleep(10);
  const done = await measured("PASS THAT HANDS OVER", () => pass(world));
  process.stdout.write(
    `${done.plan?.handOvers.length} hand-overs, problems ${done.problems.join("; ")}\n`,
  );
  await settle(world);
}
ending.abort();
await Promise.allSettled([world.source.done]);
await world.close();
await rm(dir, { recursive: true, force: true });
