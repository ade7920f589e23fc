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
import type { SiteContent } from "../src/controller/mirror-snapshot.ts";
import type { World } from "../src/controller/world.ts";
import type { AppReport } from "../src/core/protocol/worker-report.ts";
import { createLogger } from "../src/runtime/logger.ts";
import { systemClock } from "../src/runtime/system-clock.ts";
import { appFiles, appName, type FleetSize, fleetFiles, sitesByRegion } from "./synthetic-fleet.ts";

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

if (size.sites < Number(values.changed)) throw new Error("--changed is more than --sites");

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
  const snapshot = pass.mirrors.find(({ mirror }) => mirror.name === name)?.snapshot;
  const sequence = (sequences.get(name) ?? 0) + 1;
  sequences.set(name, sequence);
  const sites = [...(snapshot?.sites ?? [])];
  world.observations.accept(name, {
    worker: name,
    sequence,
    full: true,
    head: snapshot?.head ?? "",
    epoch: world.epoch,
    sites: sites.map(([site]) => ({ site, reachable: true, uid: `uid-${site}`, message: "" })),
    apps: sites.flatMap(([site, content]) => appReports(site, content)),
    stopped: {},
    refused: "",
  });
}

function appReports(site: string, { apps, meta }: SiteContent): AppReport[] {
  return [...apps].flatMap(([app, entry]) => {
    const tree = "tree" in entry ? entry.tree : null;
    if (tree === null) return [];
    const release = meta?.apps[app]?.release ?? null;
    return [{ ...healthy, site, app, tree, release }];
  });
}

const healthy = {
  left: false,
  sync: "Synced",
  health: "Healthy",
  healthyForMs: 1000,
  longestHealthyMs: 1000,
  everHealthy: true,
  unverified: 0,
  objects: 10,
  message: "",
} as const;

/** One pass, and what is told of it. */
async function pass(world: World): Promise<Pass> {
  const done = await reconcile(world);
  lastPass.take(done);
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
  const sites = [...sitesByRegion(size).values()].flat().toSorted().slice(0, count);
  const [app] = Object.entries(appFiles(appName(0), size.objects, 1));
  if (app === undefined) throw new Error("an app has files");
  const [path, text] = app;
  const document = JSON.parse(text) as { readonly spec: object }; // as it was just written
  const data = { version: String(round) };
  const merge = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings-0" }, data };
  const overlays = [{ virtualSites: ["some"], patches: [{ merge }] }];
  const spec = { ...document.spec, overlays };
  const metadata = { name: "some" };
  const some = { apiVersion: "flotilla.dev/v1alpha1", kind: "VirtualSite", metadata };
  return {
    [path]: `${JSON.stringify({ ...document, spec })}\n`,
    "some.yaml": `${JSON.stringify({ ...some, spec: { selector: `rack in (${sites.join(", ")})` } })}\n`,
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
const lastPass = new LastPass({
  world,
  branch: "main",
  served: new Set(),
  forgeProblem: () => null,
});
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
