import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import type { WorkerReport } from "../../src/core/protocol/worker-report.ts";
import { commitFleet, webVersion } from "../support/controller-fleet.ts";
import { eventually, openMirror } from "../support/controller-mirror.ts";
import {
  type ControllerBench,
  controllerBench,
  mirrorTokens,
} from "../support/controller-process.ts";
import { startFakeWorker } from "../support/controller-worker.ts";
import {
  bothWorkers,
  everywhere,
  heads,
  pause,
  quiet,
  startController,
} from "../support/controller-world.ts";
import { regionYaml, siteYaml } from "../support/fleet.ts";

async function settledFleet() {
  const bench = await controllerBench();
  await commitFleet(bench.fleet);
  const controller = await startController(bench);
  const workers = await bothWorkers(controller);
  await everywhere(bench, "1");
  await quiet(bench);
  await pause(500);
  return { bench, controller, workers };
}

/** The config with a credential for one more mirror: that of west. */
function withWorkerOf({ config, dir }: ControllerBench, mirror: string) {
  return { mirrors: { ...config.mirrors, [mirror]: { tokenFile: join(dir, "west.token") } } };
}

/** A worker that stands at this commit, as it says. */
async function reportHead(
  { url }: { readonly url: string },
  mirror: string,
  head: string,
): Promise<void> {
  const body: WorkerReport = {
    worker: randomUUID(),
    sequence: 1,
    full: true,
    head,
    epoch: 0,
    sites: [],
    apps: [],
    stopped: {},
    refused: "",
  };
  const answer = await fetch(`${url}/mirrors/${mirror}.git/reports`, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(`flotilla:${mirrorTokens.west}`).toString("base64")}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });
  expect(answer.ok).toBe(true);
}

async function ownWorker({ url }: { readonly url: string }, mirror: string): Promise<void> {
  const worker = await startFakeWorker({ url, mirror, token: mirrorTokens.west });
  onTestFinished(() => worker.stop());
}

const noTree = "1".repeat(40);

/** The record of a site's move names trees that nobody has. */
async function loseTrees(bench: ControllerBench, site: string): Promise<void> {
  const path = `sites/${site}.json`;
  const record = JSON.parse(await bench.control("show", `main:${path}`));
  record.moving.trees = { web: noTree };
  const file = join(bench.dir, "record.json");
  await writeFile(file, `${JSON.stringify(record)}\n`);
  const blob = await bench.control("hash-object", "-w", file);
  await bench.control("read-tree", "main");
  await bench.control("update-index", "--add", "--cacheinfo", `100644,${blob},${path}`);
  const tree = await bench.control("write-tree");
  const commit = await bench.control("commit-tree", tree, "-p", "main", "-m", "lose");
  await bench.control("update-ref", "refs/heads/main", commit);
}

/** Takes one object out of a repository that nobody has open. */
async function damage(dir: string, oid: string): Promise<void> {
  const script =
    'mv objects/pack packs && mkdir objects/pack && for pack in packs/*.pack; do git unpack-objects -q <"$pack"; done';
  await promisify(execFile)("sh", ["-ec", script], { cwd: dir });
  await rm(join(dir, "objects", oid.slice(0, 2), oid.slice(2)));
}

/** Two more versions are everywhere: what the first one was is in the mirrors' histories. */
async function releaseTwoMore(bench: ControllerBench): Promise<void> {
  for (const version of ["2", "3"]) {
    await bench.fleet.commit(webVersion(version));
    await everywhere(bench, version);
    await quiet(bench);
  }
}

describe("a site", { timeout: 120_000 }, () => {
  it("whose file moves within the repository stays exactly as it is", async () => {
    const { bench } = await settledFleet();
    const before = await heads(bench);
    const commit = await bench.fleet.commit({
      "sites/b1.yaml": null,
      "elsewhere/of/b1.yaml": siteYaml("b1", { region: "west", labels: { ring: "main" } }),
    });
    await eventually("followed", async () => {
      const head = await bench.control("show", "main:head.json").catch(() => "");
      return head.includes(commit);
    });
    await pause(600);
    expect((await heads(bench)).slice(1)).toEqual(before.slice(1));
  });

  it("that is removed from Git is forgotten: unassigned, and nothing is told to be deleted", async () => {
    const { bench } = await settledFleet();
    const west = bench.mirror("west");
    const tree = await west.git("rev-parse", "main:sites/b1/web");
    await bench.fleet.commit({ "sites/b1.yaml": null });
    await eventually("b1 has left the mirror", async () => {
      const files = await west.files();
      return !files.some((path) => path.includes("/b1"));
    });
    const all = await west.git("log", "--format=", "--name-only", "main");
    expect(all).not.toContain(".leaving");
    expect(await west.file("sites/b2/web/_ConfigMap_web_settings.yaml")).not.toBeNull();
    const record = await eventually("its worker has stopped there", async () => {
      const { moving } = JSON.parse(await bench.control("show", "main:sites/b1.json"));
      return moving?.stopped !== undefined && moving;
    });
    expect(record).toMatchObject({ trees: { web: tree }, forgotten: expect.any(String) });
    const b1 = siteYaml("b1", { region: "west", labels: { ring: "main" } });
    await bench.fleet.commit({ "sites/b1.yaml": b1 });
    await eventually("it is back", async () => west.file("meta/b1.json"));
    expect(await west.git("rev-parse", "main:sites/b1/web")).toBe(tree);
  });

  it.each([
    { what: "that changes its region", isForgotten: false },
    { what: "that was forgotten, and is back in another region", isForgotten: true },
  ])(
    "$what comes with what it had earlier only where nobody has let go of it",
    async ({ isForgotten }) => {
      const { bench } = await settledFleet();
      const [east, west] = [bench.mirror("east"), bench.mirror("west")];
      const old = await west.git("rev-parse", "main:sites/b1/web");
      await releaseTwoMore(bench);
      if (isForgotten) {
        await bench.fleet.commit({ "sites/b1.yaml": null });
        await eventually("it is forgotten", async () => {
          const record = JSON.parse(await bench.control("show", "main:sites/b1.json"));
          return record.moving?.stopped !== undefined;
        });
      }
      await bench.fleet.commit({
        "sites/b1.yaml": siteYaml("b1", { region: "east", labels: { ring: "main" } }),
      });
      await eventually("it is in east", async () => east.file("meta/b1.json"), 10_000);
      const files = (await east.files()).filter((path) => path.startsWith("came/b1/web/"));
      expect(files.some((path) => path.startsWith(`came/b1/web/${old}/`))).toBe(!isForgotten);
      expect(files.length > 0).toBe(!isForgotten);
    },
  );

  it("that is removed where the commit before says so loses its apps first, and is gone then", async () => {
    const { bench } = await settledFleet();
    const west = bench.mirror("west");
    const labels = { ring: "main" };
    const b1 = siteYaml("b1", { region: "west", labels, spec: { decommission: "delete" } });
    const said = await bench.fleet.commit({ "sites/b1.yaml": b1 });
    await eventually("it is followed", async () =>
      (await bench.control("show", "main:head.json")).includes(said),
    );
    await bench.fleet.commit({ "sites/b1.yaml": null });
    await eventually("control has forgotten it", async () => {
      const files = await bench.control("ls-tree", "-r", "--name-only", "main");
      return !files.includes("sites/b1.json");
    });
    const all = await west.git("log", "--format=", "--name-only", "main");
    expect(all).toContain("sites/b1/web.leaving");
    expect(all).not.toContain("sites/b2/web.leaving");
    expect((await west.files()).filter((path) => path.includes("/b1"))).toEqual([]);
  });

  it("of a region that is removed with its sites loses its apps where that says so, and both are told of until then", async () => {
    const { bench, controller, workers } = await settledFleet();
    const west = bench.mirror("west");
    const said = await bench.fleet.commit({
      "regions/west.yaml": regionYaml("west", { decommission: "delete" }),
      "sites/b2.yaml": siteYaml("b2", { region: "west", spec: { decommission: "forget" } }),
    });
    await eventually("it is followed", async () =>
      (await bench.control("show", "main:head.json")).includes(said),
    );
    workers.west.silence();
    const none = { "regions/west.yaml": null, "sites/b1.yaml": null, "sites/b2.yaml": null };
    await bench.fleet.commit(none);
    await eventually("b2 is let go of", async () => (await west.file("meta/b2.json")) === null);
    const status = await controller.status();
    expect(status?.siteList.map(({ site, leaving }) => [site, leaving])).toEqual([
      ["a1", undefined],
      ["a2", undefined],
      ["b1", true],
    ]);
    expect(status?.regions).toMatchObject([{ name: "east" }, { name: "west", sites: 1 }]);
    workers.west.speak();
    await eventually("b1 is gone", async () => {
      const files = await bench.control("ls-tree", "-r", "--name-only", "main");
      return !files.includes("sites/b1.json");
    });
    const all = await west.git("log", "--format=", "--name-only", "main");
    expect(all).toContain("sites/b1/web.leaving");
    expect(all).not.toContain("sites/b2/web.leaving");
  });

  it("that changes its region gets the same trees there, once its old worker has stopped", async () => {
    const { bench, workers } = await settledFleet();
    const [east, west] = [bench.mirror("east"), bench.mirror("west")];
    const tree = await west.git("rev-parse", "main:sites/b1/web");
    workers.west.silence();
    await pause(200);
    await bench.fleet.commit({
      "sites/b1.yaml": siteYaml("b1", { region: "east", labels: { ring: "main" } }),
    });
    await eventually("it has left west", async () => (await west.file("meta/b1.json")) === null);
    await pause(2000);
    expect(await east.file("meta/b1.json")).toBeNull();
    workers.west.speak();
    await eventually("it is in east", async () => east.file("meta/b1.json"));
    expect(await east.git("rev-parse", "main:sites/b1/web")).toBe(tree);
    const meta = JSON.parse((await east.file("meta/b1.json")) ?? "");
    expect(meta).toMatchObject({ region: "east", uid: "uid-of-b1" });
    expect(meta.apps.web.namespace).toBe("web");
    expect(await west.git("log", "--format=", "--name-only", "main")).not.toContain(".leaving");
  });

  it("comes with trees that only its old mirror's history has; one that cannot have its own waits alone", async () => {
    const { bench, controller, workers } = await settledFleet();
    const [east, west] = [bench.mirror("east"), bench.mirror("west")];
    await bench.fleet.commit(webVersion("2"));
    await everywhere(bench, "2");
    await quiet(bench);
    const good = await west.git("rev-parse", "main:good/b1/web");
    workers.west.silence();
    const moved = (name: string): string =>
      siteYaml(name, { region: "east", labels: { ring: "main" } });
    await bench.fleet.commit({ "sites/b1.yaml": moved("b1"), "sites/b2.yaml": moved("b2") });
    await eventually("they have left west", async () => (await west.files()).length === 0);
    await controller.stop();
    await loseTrees(bench, "b2");
    const again = await startController(bench);
    workers.west.speak();
    await eventually("b1 is in east", async () => east.file("meta/b1.json"));
    expect(await east.git("rev-parse", "main:good/b1/web")).toBe(good);
    await eventually("b2's trouble is told", async () =>
      (await again.status())?.warnings.some((line) => line.includes(`b2: tree ${noTree}`)),
    );
    expect(await east.file("meta/b2.json")).toBeNull();
  });

  it("that has to stay outside does not have its old mirror's history read in each pass", async () => {
    const { bench, controller, workers } = await settledFleet();
    const [east, west] = [bench.mirror("east"), bench.mirror("west")];
    const old = await west.git("rev-parse", "main:sites/b1");
    await releaseTwoMore(bench);
    workers.west.silence();
    await bench.fleet.commit({
      "sites/b1.yaml": siteYaml("b1", { region: "east", labels: { ring: "main" } }),
    });
    await eventually("it has left west", async () => (await west.file("meta/b1.json")) === null);
    await controller.stop();
    await loseTrees(bench, "b1");
    await damage(west.dir, old); // whoever reads it tells
    const again = await startController(bench);
    const word = { verb: "excuse", site: "b1", uid: "uid-of-b1", why: "its host burnt" } as const;
    await again.decide(word);
    const warnings = async () => (await again.status())?.warnings ?? [];
    await eventually("its trouble is told", async () =>
      (await warnings()).some((line) => line.includes(`b1: tree ${noTree}`)),
    );
    expect((await warnings()).filter((line) => line.includes("no earlier versions"))).toEqual([]);
    expect(await east.file("meta/b1.json")).toBeNull();
  });

  it("comes without what it had earlier where its old mirror's history is damaged", async () => {
    const { bench, controller, workers } = await settledFleet();
    const [east, west] = [bench.mirror("east"), bench.mirror("west")];
    const old = await west.git("rev-parse", "main:sites/b1");
    await releaseTwoMore(bench);
    const tree = await west.git("rev-parse", "main:sites/b1/web");
    workers.west.silence();
    await bench.fleet.commit({
      "sites/b1.yaml": siteYaml("b1", { region: "east", labels: { ring: "main" } }),
    });
    await eventually("it has left west", async () => (await west.file("meta/b1.json")) === null);
    await controller.stop();
    await damage(west.dir, old);
    const again = await startController(bench);
    const word = { verb: "excuse", site: "b1", uid: "uid-of-b1", why: "its host burnt" } as const;
    await again.decide(word);
    await eventually("it is in east", async () => east.file("meta/b1.json"), 10_000);
    expect(await east.git("rev-parse", "main:sites/b1/web")).toBe(tree);
    expect((await east.files()).filter((path) => path.startsWith("came/b1/"))).toEqual([]);
  });

  it("of a region that is renamed moves with it, without its old worker by an operator's word", async () => {
    const { bench, controller: before, workers } = await settledFleet();
    const tree = await bench.mirror("west").git("rev-parse", "main:sites/b1/web");
    await before.stop();
    const controller = await startController(bench, withWorkerOf(bench, "occident"));
    await eventually("the workers are heard", async () =>
      (await controller.status())?.regions.every(({ worker }) => worker === "live"),
    );
    await workers.west.stop();
    await pause(2000);
    const occident = (name: string): string =>
      siteYaml(name, { region: "occident", labels: { ring: "main" } });
    await bench.fleet.commit({
      "regions/west.yaml": regionYaml("occident"),
      "sites/b1.yaml": occident("b1"),
      "sites/b2.yaml": occident("b2"),
    });
    await eventually("the move waits for the old worker", async () => {
      const waits = (await controller.status())?.waits ?? [];
      return waits.some(({ code, site }) => code === "moving" && site === "b1");
    });
    const refused = controller.decide({ verb: "excuse", site: "b1", uid: "wrong", why: "gone" });
    await expect(refused).rejects.toThrow(/^409 /);
    await controller.decide({
      verb: "excuse",
      site: "b1",
      uid: "uid-of-b1",
      why: "its host burnt",
    });
    await eventually("it waits for the new worker", async () => {
      const reasons = (await controller.status())?.waits.map(({ reason }) => reason) ?? [];
      return reasons.includes(
        "b1 goes to occident, and what the worker of occident follows is not known here yet",
      );
    });
    const renamed = openMirror(join(bench.stateDir, "mirrors/occident.git"));
    expect(await renamed.head()).toBe("");
    // The old worker, turned to the new mirror: what it has is of the old one.
    await reportHead(controller, "occident", await bench.mirror("west").head());
    await eventually("it is told", async () => {
      const regions = (await controller.status())?.regions ?? [];
      return regions.some(({ message }) => message.includes("a commit of another history"));
    });
    expect(await renamed.head()).toBe("");
    await ownWorker(controller, "occident");
    const entered = await eventually("b1 is in the new mirror", async () =>
      renamed.git("rev-parse", "main:sites/b1/web").catch(() => null),
    );
    expect(entered).toBe(tree);
    const log = await bench.mirror("west").git("log", "--format=", "--name-only", "main");
    expect(log).not.toContain(".leaving");
  });

  it("of a region whose worker never comes goes back, or elsewhere, without anybody's word", async () => {
    const { bench, controller } = await settledFleet();
    const [east, west] = [bench.mirror("east"), bench.mirror("west")];
    const tree = await west.git("rev-parse", "main:sites/b1/web");
    const inRegion = (name: string, region: string): Record<string, string> => ({
      [`sites/${name}.yaml`]: siteYaml(name, { region, labels: { ring: "main" } }),
    });
    await bench.fleet.commit({
      "regions/north.yaml": regionYaml("north"),
      ...inRegion("b1", "north"),
      ...inRegion("n1", "north"),
    });
    await eventually("b1 has left west", async () => (await west.file("meta/b1.json")) === null);
    await eventually("n1 waits", async () =>
      (await controller.status())?.waits.some(({ site }) => site === "n1"),
    );
    await pause(500);
    expect(await openMirror(join(bench.stateDir, "mirrors/north.git")).head()).toBe("");
    await controller.stop();
    await startController(bench);
    await bench.fleet.commit({ ...inRegion("b1", "west"), ...inRegion("n1", "east") });
    await eventually("b1 is back", async () => west.file("meta/b1.json"));
    expect(await west.git("rev-parse", "main:sites/b1/web")).toBe(tree);
    await eventually("n1 has the app", async () =>
      east.file("sites/n1/web/_ConfigMap_web_settings.yaml"),
    );
  });

  it("comes into a region that an operator excuses, though its worker was never heard", async () => {
    const { bench, controller } = await settledFleet();
    const west = bench.mirror("west");
    const tree = await west.git("rev-parse", "main:sites/b1/web");
    await bench.fleet.commit({
      "regions/north.yaml": regionYaml("north"),
      "sites/b1.yaml": siteYaml("b1", { region: "north", labels: { ring: "main" } }),
    });
    await eventually("b1 waits outside", async () =>
      (await controller.status())?.waits.some(({ reason }) => reason.startsWith("b1 goes to")),
    );
    await controller.decide({ verb: "excuse", region: "north", why: "its worker comes later" });
    const north = openMirror(join(bench.stateDir, "mirrors/north.git"));
    await eventually("b1 is in north", async () => (await north.head()) !== "");
    expect(await north.git("rev-parse", "main:sites/b1/web")).toBe(tree);
  });
});
