import { writeFile } from "node:fs/promises";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { commitFleet, webVersion } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import {
  type ChildController,
  type ControllerBench,
  controllerBench,
} from "../support/controller-process.ts";
import {
  bothWorkers,
  everywhere,
  heads,
  openReleases,
  pause,
  quiet,
  startController,
  versions,
  workerFor,
} from "../support/controller-world.ts";
import { siteYaml, strategyYaml } from "../support/fleet.ts";

const threeStages = strategyYaml("fast", {
  stages: [
    { name: "canary", selector: "ring=canary" },
    { name: "half", count: 1 },
    { name: "rest" },
  ],
  soak: "0s",
  minReady: "0s",
  progressDeadline: "60s",
  maxInFlight: "100%",
  maxUnavailable: "100%",
  failureBudget: 0,
});

async function spawnController(bench: ControllerBench): Promise<ChildController> {
  const controller = await bench.spawn();
  onTestFinished(() => controller.kill());
  return controller;
}

/** Stages of the open app release that have passed. */
async function passedStages(bench: ControllerBench): Promise<string[]> {
  const [path] = await openReleases(bench);
  if (path === undefined) return [];
  const text = await bench.control("show", `main:${path}`);
  return Object.keys((JSON.parse(text) as { passed: object }).passed); // a Release
}

describe("a controller that is killed", { timeout: 120_000 }, () => {
  it("in every stage with one worker down passes no stage by that, and finishes after", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet, { "strategies/fast.yaml": threeStages });
    let controller = await spawnController(bench);
    const workers = await bothWorkers(controller);
    await everywhere(bench, "1");
    await quiet(bench);
    const healthy = new Set<string>();
    const health = (site: string): "Healthy" | "Progressing" =>
      healthy.has(site) ? "Healthy" : "Progressing";
    workers.east.script.health = health;
    workers.west.script.health = health;
    await bench.fleet.commit(webVersion("2"));
    for (const [stage, handed] of [1, 2, 4].entries()) {
      const touched = await eventually(`stage ${stage} is handed over`, async () => {
        const now = Object.entries(await versions(bench)).filter(([, version]) => version === "2");
        return now.length === handed && now.map(([site]) => site);
      });
      const down = touched.at(-1)?.startsWith("a") ? workers.east : workers.west;
      const open = touched.filter((site) => !healthy.has(site));
      const passed = await passedStages(bench);
      await controller.kill();
      down.silence();
      controller = await spawnController(bench);
      await pause(1200);
      expect(await passedStages(bench)).toEqual(passed);
      const found = Object.values(await versions(bench));
      expect(found.filter((version) => version === "2")).toHaveLength(handed);
      down.speak();
      for (const site of open) healthy.add(site);
    }
    await quiet(bench);
  });

  it("again and again at any moment finishes what it began, and fails no site by its absence", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    let controller = await spawnController(bench);
    await bothWorkers(controller);
    await everywhere(bench, "1");
    await quiet(bench);
    for (let version = 2; version < 6; version += 1) {
      await bench.fleet.commit(webVersion(String(version)));
      await pause(120 + version * 97);
      await controller.kill();
      controller = await spawnController(bench);
    }
    await everywhere(bench, "5");
    await quiet(bench);
    const log = await bench.control("log", "--format=%B", "main");
    expect(log).not.toMatch(/failed/);
    for (const mirror of ["east", "west"] as const) {
      expect(await bench.mirror(mirror).git("fsck", "--full")).not.toMatch(/missing|corrupt/);
    }
  });

  it("raises the epoch at each start, and writes nothing else when there is nothing to do", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const first = await startController(bench);
    await bothWorkers(first);
    await everywhere(bench, "1");
    await quiet(bench);
    await pause(400);
    await first.stop();
    const before = await heads(bench);
    const second = await startController(bench);
    await eventually("its workers are back", async () => {
      const regions = (await second.status())?.regions ?? [];
      return regions.length === 2 && regions.every(({ worker }) => worker === "live");
    });
    await pause(600);
    const after = await heads(bench);
    expect(after.slice(1)).toEqual(before.slice(1));
    const since = await bench.control("log", "--format=%s", `${before[0]}..main`);
    expect(since).toBe("a controller starts as leader of epoch 2");
  });

  it("leaves the lead to a newer one on the same state folder", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const first = await bench.start();
    const failed = first.stop.bind(first);
    await eventually("it leads", async () => (await bench.controlHead()) !== "");
    const second = await startController(bench, { listen: "127.0.0.1:0" });
    // One that has come to rest looks at control again after 30 s at the latest.
    await expect(
      eventually(
        "the first ended",
        async () => (await first.request("/healthz").catch(() => null)) === null,
        60_000,
      ),
    ).resolves.toBe(true);
    await expect(failed()).rejects.toMatchObject({ code: "STALE_EPOCH" });
    await second.stop();
  });
});

describe("control that is lost", { timeout: 120_000 }, () => {
  it("holds everything, says what would be recovered, and goes on after an operator's word", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const first = await startController(bench);
    const worker = await workerFor(first, "east");
    await workerFor(first, "west");
    await everywhere(bench, "1");
    await quiet(bench);
    await first.stop();
    await rm(join(bench.stateDir, "control.git"), { recursive: true });
    await bench.fleet.commit(webVersion("2"));
    const before = await heads(bench);
    const second = await startController(bench);
    await pause(1000);
    expect((await heads(bench)).slice(1)).toEqual(before.slice(1));
    const status = await eventually("it is told", async () => {
      const now = await second.status();
      return now?.warnings.some((line) => line.includes("control was lost")) && now;
    });
    expect(status.controlLost).toBe(true);
    const warning = status.warnings.find((line) => line.includes("control was lost")) ?? "";
    expect(warning).toMatch(/keep what stands at 4 site\(s\): web web-\S+ at 4 site\(s\)/);
    await expect(second.decide({ verb: "pause", scope: { app: "web" }, why: "x" })).rejects.toThrow(
      /CONTROL_LOST/,
    );
    await second.decide({ verb: "recover", why: "the disk was replaced", by: "ada" });
    await everywhere(bench, "2");
    await quiet(bench);
    expect(worker.head()).not.toBe("");
    const log = await bench.mirror("west").git("log", "--format=", "--name-only", "main");
    expect(log).not.toContain(".leaving");
  });

  it("(restored from an older copy) holds everything too", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const first = await startController(bench);
    await bothWorkers(first);
    await everywhere(bench, "1");
    await quiet(bench);
    const old = await bench.controlHead();
    await bench.fleet.commit(webVersion("2"));
    await everywhere(bench, "2");
    await quiet(bench);
    await first.stop();
    await bench.control("update-ref", "refs/heads/main", old);
    await bench.fleet.commit(webVersion("3"));
    const before = await heads(bench);
    const second = await startController(bench);
    await pause(1000);
    expect((await heads(bench)).slice(1)).toEqual(before.slice(1));
    const warnings = (await second.status())?.warnings ?? [];
    expect(warnings.some((line) => line.includes("control is older than mirror"))).toBe(true);
  });

  it("(restored from an older copy) moves nothing after the word before a head is followed", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const first = await startController(bench);
    await bothWorkers(first);
    await everywhere(bench, "1");
    await quiet(bench);
    const old = await bench.controlHead();
    await bench.fleet.commit(webVersion("2"));
    await everywhere(bench, "2");
    await quiet(bench);
    await first.stop();
    await bench.control("update-ref", "refs/heads/main", old);
    await rename(bench.fleet.dir, `${bench.fleet.dir}-away`);
    const before = await heads(bench);
    const second = await startController(bench);
    await bothWorkers(second);
    await eventually("it is held", async () =>
      (await second.status())?.warnings.some((line) => line.includes("control is older")),
    );
    await second.decide({ verb: "recover", why: "the disk was replaced", by: "ada" });
    await pause(1500);
    expect((await heads(bench)).slice(1)).toEqual(before.slice(1));
    expect((await second.status())?.waits.map(({ reason }) => reason)).toEqual([
      expect.stringContaining("recovered by ada"),
    ]);
    await rename(`${bench.fleet.dir}-away`, bench.fleet.dir);
    await bench.fleet.commit(webVersion("3"));
    await everywhere(bench, "3");
  });

  it("(restored from an older copy) lets no second worker at a site that was between two mirrors", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const first = await startController(bench);
    const workers = await bothWorkers(first);
    await everywhere(bench, "1");
    await quiet(bench);
    await pause(500);
    const old = await bench.controlHead();
    const [east, west] = [bench.mirror("east"), bench.mirror("west")];
    workers.west.silence();
    const labels = { ring: "main" };
    await bench.fleet.commit({ "sites/b1.yaml": siteYaml("b1", { region: "east", labels }) });
    await eventually("it has left west", async () => (await west.file("meta/b1.json")) === null);
    await first.stop();
    await bench.control("update-ref", "refs/heads/main", old);
    await bench.fleet.commit({ "README.md": "words\n" });
    const second = await startController(bench);
    await eventually("it is held", async () =>
      (await second.status())?.warnings.some((line) => line.includes("control is older")),
    );
    await second.decide({ verb: "recover", why: "the disk was replaced", by: "ada" });
    await eventually("a head is followed", async () =>
      (await second.status())?.waits.some(({ site, code }) => site === "b1" && code === "moving"),
    );
    await pause(1000);
    expect(await east.file("meta/b1.json")).toBeNull();
    workers.west.speak();
    await eventually("it is in east", async () =>
      east.file("sites/b1/web/_ConfigMap_web_settings.yaml"),
    );
  });

  it("with a record that cannot be read moves nothing, and says which", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const first = await startController(bench);
    await bothWorkers(first);
    await everywhere(bench, "1");
    await quiet(bench);
    await first.stop();
    await breakRecord(bench, "head.json");
    await expect(bench.start()).rejects.toMatchObject({ code: "STATE_CORRUPT" });
  });

  it("with a hold that cannot be read moves nothing and names it, until a commit on control takes it out", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const controller = await startController(bench);
    await bothWorkers(controller);
    await everywhere(bench, "1");
    await quiet(bench);
    const good = await bench.controlHead();
    await breakRecord(bench, "holds/app-web.json");
    await bench.fleet.commit(webVersion("2"));
    const told = await eventually("it is told", async () =>
      (await controller.status())?.warnings.find((each) => each.includes("nothing moves")),
    );
    expect(told).toContain("holds/app-web.json cannot be read");
    expect(told).toContain("`git log -- holds/app-web.json`");
    await expect(
      controller.decide({ verb: "pause", scope: { fleet: true }, why: "x" }),
    ).rejects.toThrow(/holds\/app-web.json cannot be read/);
    expect(new Set(Object.values(await versions(bench)))).toEqual(new Set(["1"]));
    const mended = ["commit-tree", `${good}^{tree}`, "-p", "main", "-m", "take it out"];
    await bench.control("update-ref", "refs/heads/main", await bench.control(...mended));
    await everywhere(bench, "2");
  });
});

/** Somebody writes a record to control that nobody can read. */
async function breakRecord(bench: ControllerBench, path: string): Promise<void> {
  const broken = join(bench.dir, "broken");
  await writeFile(broken, "{");
  const blob = await bench.control("hash-object", "-w", broken);
  await bench.control("read-tree", "main");
  await bench.control("update-index", "--add", "--cacheinfo", `100644,${blob},${path}`);
  const tree = await bench.control("write-tree");
  const commit = await bench.control("commit-tree", tree, "-p", "main", "-m", "break");
  await bench.control("update-ref", "refs/heads/main", commit);
}
