/**
 * `npm start`: the main job on one machine. Starts a real control plane for every site of the template fleet, a Git
 * repository, the controller and one worker per region; waits until all sites have everything; then commits one more
 * change and shows it arriving. Ends by itself, 1 when something did not arrive.
 */
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FleetStatus } from "../src/core/protocol/api.ts";
import { runFlotilla } from "../test/e2e/process.ts";
import { type World, createWorld } from "../test/e2e/world.ts";
import { setTimeout as sleep } from "node:timers/promises";

const template = fileURLToPath(new URL("../fleet-repo-template", import.meta.url));
const changedFile = "apps/storefront/manifests/deployment.yaml";
const limitMs = 180_000;
const started = performance.now();

function say(line: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
  process.stdout.write(`${seconds} s  ${line}\n`);
}

async function sitesByRegion(): Promise<Record<string, string[]>> {
  const { code, stdout, stderr } = await runFlotilla(["sites", template, "-o", "json"]);
  if (code !== 0) throw new Error(`the template cannot be read: ${stderr}`);
  // What `flotilla sites -o json` prints.
  const rows = JSON.parse(stdout) as readonly { name: string; region: string }[];
  const regions: Record<string, string[]> = {};
  for (const { name, region } of rows) (regions[region] ??= []).push(name);
  return regions;
}

/** Prints what moves until nothing is open and every site is in sync and healthy. */
async function watchUntilSettled(world: World, commit: string): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  let printed = "";
  while (performance.now() < deadline) {
    const status = await world.status();
    if (status !== null) {
      const line = describeStatus(status);
      if (line !== printed) say((printed = line));
      const { total, synced, healthy } = status.sites;
      const followed = status.revision?.endsWith(commit) === true && status.releases.length === 0;
      if (followed && synced === total && healthy === total) return true;
    }
    if (!world.controller().isRunning()) {
      say(`the controller ended:\n${world.controller().output()}`);
      return false;
    }
    await sleep(200);
  }
  say("it did not arrive in time");
  return false;
}

function describeStatus(status: FleetStatus): string {
  const { total, synced, healthy } = status.sites;
  const moving = status.releases.map((release) => {
    const done = release.stages.reduce((sum, stage) => sum + stage.done, 0);
    const all = release.stages.reduce((sum, stage) => sum + stage.sites, 0);
    const open = release.stages.find((stage) => stage.opened && !stage.passed);
    return `${release.app} ${done}/${all}${open ? ` (stage ${open.name})` : ""}`;
  });
  const releases = moving.length === 0 ? "nothing in flight" : moving.join(", ");
  return `${synced}/${total} sites in sync, ${healthy}/${total} healthy; ${releases}`;
}

async function commitTemplate(world: World): Promise<string> {
  await cp(template, world.repo.checkout, { recursive: true });
  return world.repo.commit({}, "Start the fleet from the template");
}

async function commitChange(world: World): Promise<string> {
  const text = await readFile(join(world.repo.checkout, changedFile), "utf8");
  const changed = text.replace(/nginx-unprivileged:\S+/, "nginx-unprivileged:1.30-alpine");
  if (changed === text) throw new Error(`${changedFile} has no image to change`);
  return world.repo.commit({ [changedFile]: changed }, "Update the storefront's web server");
}

async function main(): Promise<number> {
  const regions = await sitesByRegion();
  const count = Object.values(regions).flat().length;
  say(`starting ${count} Kubernetes control planes (the first time they are built, a few minutes)`);
  await using world = await createWorld({ regions });
  const first = await commitTemplate(world);
  say(`fleet repository ${world.repo.url}, commit ${first.slice(0, 8)}`);
  world.startController();
  for (const region of Object.keys(regions)) world.startWorker(region);
  say(
    `controller at ${world.controllerUrl}, a worker for each of ${Object.keys(regions).join(", ")}`,
  );
  if (!(await watchUntilSettled(world, first))) return 1;

  const second = await commitChange(world);
  const pushed = performance.now();
  say(`pushed commit ${second.slice(0, 8)}: ${changedFile}`);
  if (!(await watchUntilSettled(world, second))) return 1;
  const { stdout } = await world.cli("status");
  say(`it is everywhere, ${((performance.now() - pushed) / 1000).toFixed(1)} s after the push`);
  process.stdout.write(`\n${stdout}`);
  return 0;
}

process.exitCode = await main();
