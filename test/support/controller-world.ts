/** Bench, controller and one scripted worker per mirror, all ended at the end of each test. */
import { onTestFinished } from "vitest";
import { eventually } from "./controller-mirror.ts";
import {
  type ControllerApi,
  type ControllerBench,
  controllerBench,
  type MirrorName,
  mirrorTokens,
} from "./controller-process.ts";
import { type FakeWorker, startFakeWorker, type WorkerScript } from "./controller-worker.ts";
import { commitFleet, fourSites } from "./controller-fleet.ts";

/** Path of the only object of app `web` at a site. */
const webObject = (site: string): string => `sites/${site}/web/_ConfigMap_web_settings.yaml`;

/** The mirror of each site of the small fleet. */
const mirrorOf = (site: string): MirrorName => (site.startsWith("a") ? "east" : "west");

/** Starts the worker of a mirror; it ends with the test. */
export async function workerFor(
  controller: ControllerApi,
  mirror: MirrorName,
  script: Partial<WorkerScript> = {},
): Promise<FakeWorker> {
  const token = mirrorTokens[mirror];
  const worker = await startFakeWorker({ url: controller.url, mirror, token, script });
  onTestFinished(() => worker.stop());
  return worker;
}

/** Starts the workers of both mirrors. */
export async function bothWorkers(
  controller: ControllerApi,
  script: Partial<WorkerScript> = {},
): Promise<Record<MirrorName, FakeWorker>> {
  return {
    east: await workerFor(controller, "east", script),
    west: await workerFor(controller, "west", script),
  };
}

/** The small fleet with version 1 everywhere, and nothing under way. */
export async function settledFleet(changes: Parameters<typeof controllerBench>[0] = {}) {
  const bench = await controllerBench(changes);
  await commitFleet(bench.fleet);
  const controller = await startController(bench);
  const workers = await bothWorkers(controller);
  await everywhere(bench, "1");
  await quiet(bench);
  return { bench, controller, workers };
}

/** The text of `web` at a site in its mirror; null: the app is not there. */
async function webAt(bench: ControllerBench, site: string): Promise<string | null> {
  return bench.mirror(mirrorOf(site)).file(webObject(site));
}

/** The version of `web` in the mirror, by site; sites without it are absent. */
export async function versions(bench: ControllerBench): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const site of fourSites) {
    const text = await webAt(bench, site);
    const version = /version: "?(?<version>[^"\n]+)"?/.exec(text ?? "")?.groups?.["version"];
    if (version !== undefined) found[site] = version;
  }
  return found;
}

/** Waits until the mirrors hold this version of `web` at all four sites. */
export async function everywhere(bench: ControllerBench, version: string): Promise<void> {
  await eventually(`version ${version} is handed over everywhere`, async () => {
    const found = await versions(bench);
    return fourSites.every((site) => found[site] === version);
  });
}

/** Waits until no release is open. */
export async function quiet(bench: ControllerBench): Promise<void> {
  await eventually(
    "every release is through",
    async () => (await openReleases(bench)).length === 0,
  );
}

/** Paths of the open releases in control. */
export async function openReleases(bench: ControllerBench): Promise<string[]> {
  const list = await bench.control("ls-tree", "-r", "--name-only", "main", "apps/");
  return list.split("\n").filter((path) => path.includes("/open/"));
}

/** Heads of control and of all mirrors. */
export async function heads(bench: ControllerBench): Promise<readonly string[]> {
  const { east, west } = { east: bench.mirror("east"), west: bench.mirror("west") };
  return [await bench.controlHead(), await east.head(), await west.head()];
}

/** Starts a controller in this process; it ends with the test. */
export async function startController(
  bench: ControllerBench,
  changes: Parameters<ControllerBench["start"]>[0] = {},
): Promise<ControllerApi & { stop(): Promise<void> }> {
  const controller = await bench.start(changes);
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= controller.stop());
  onTestFinished(stop);
  return { ...controller, stop };
}

/** Time in which nothing may happen: several polls and heartbeats. */
export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
