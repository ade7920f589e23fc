import { randomUUID } from "node:crypto";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { WorkerReport } from "../../src/core/protocol/worker-report.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import type { WorkerConfig } from "../../src/worker/config.ts";
import { runWorker } from "../../src/worker/worker.ts";
import { commitFleet, webVersion } from "../support/controller-fleet.ts";
import { eventually, type MirrorReader, openMirror } from "../support/controller-mirror.ts";
import {
  type ControllerBench,
  controllerBench,
  mirrorTokens,
} from "../support/controller-process.ts";
import {
  bothWorkers,
  everywhere,
  pause,
  quiet,
  startController,
} from "../support/controller-world.ts";
import { siteYaml } from "../support/fleet.ts";
import { git } from "../support/git-repository.ts";

interface RealWorker {
  /** The mirror as it has it. */
  readonly copy: MirrorReader;
  stop(): Promise<void>;
}

/** The real worker of mirror east, without access to any cluster. */
async function realWorker(bench: ControllerBench): Promise<RealWorker> {
  const stateDir = join(bench.dir, "worker");
  const tokenFile = join(bench.dir, "worker.token");
  await mkdir(stateDir, { recursive: true });
  await writeFile(tokenFile, mirrorTokens.east);
  const url = `http://127.0.0.1:${bench.port}/mirrors/east.git`;
  const ending = new AbortController();
  const deps = { clock: systemClock(), logger: createLogger({ name: "worker", level: "silent" }) };
  const config: WorkerConfig = {
    mirror: { url, tokenFile },
    stateDir,
    sites: {},
    heartbeat: "200ms",
    poll: "200ms",
    observe: "10s",
    settle: "1s",
    offlineAfter: "60s",
    requestTimeout: "10s",
    retry: "1s",
    retryMax: "10s",
    upkeep: "30m",
    concurrency: 4,
  };
  const ended = runWorker(config, deps, ending.signal);
  const stop = async (): Promise<void> => {
    ending.abort();
    await ended;
  };
  onTestFinished(stop);
  return { copy: openMirror(join(stateDir, "mirror.git")), stop };
}

/**
 * A fleet on version 2, with a copy of the state folder from when it was on version 1. The controller is stopped, and
 * the real worker of east follows the newest head.
 */
async function withOldCopy() {
  const bench = await controllerBench();
  await commitFleet(bench.fleet);
  const first = await startController(bench);
  const before = await bothWorkers(first);
  await everywhere(bench, "1");
  await quiet(bench);
  await Promise.all([first.stop(), before.east.stop(), before.west.stop()]);
  const copy = join(bench.dir, "copy");
  await cp(bench.stateDir, copy, { recursive: true });
  const second = await startController(bench);
  const workers = await bothWorkers(second);
  await bench.fleet.commit(webVersion("2"));
  await everywhere(bench, "2");
  await quiet(bench);
  await Promise.all([workers.east.stop(), workers.west.stop()]);
  const real = await realWorker(bench);
  const worker = real.copy;
  const newest = await bench.mirror("east").head();
  await eventually("the worker follows it", async () => (await worker.head()) === newest);
  await second.stop();
  expect(await openMirror(join(copy, "mirrors/east.git")).head()).not.toBe(newest);
  return { bench, copy, worker, newest, stopWorker: () => real.stop() };
}

async function restore(bench: ControllerBench, copy: string, path: string): Promise<void> {
  await rm(join(bench.stateDir, path), { recursive: true });
  await cp(join(copy, path), join(bench.stateDir, path), { recursive: true });
}

const authorization = `Basic ${Buffer.from(`flotilla:${mirrorTokens.east}`).toString("base64")}`;

/** The worker of east, new each time, says once that it stands at this commit. */
async function reportHead(bench: ControllerBench, head: string): Promise<{ recover?: string }> {
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
  const answer = await fetch(`http://127.0.0.1:${bench.port}/mirrors/east.git/reports`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as { recover?: string }; // ReportAnswer
}

const regionMessage = async (
  controller: { status(): ReturnType<Awaited<ReturnType<typeof startController>>["status"]> },
  name: string,
): Promise<string> =>
  (await controller.status())?.regions.find((region) => region.name === name)?.message ?? "";

describe("a state folder that came back from an older copy", { timeout: 120_000 }, () => {
  it("gets the mirror's newest head from its worker, and goes on from there", async () => {
    const { bench, copy, worker, newest } = await withOldCopy();
    await restore(bench, copy, "mirrors/east.git");
    const suspended = siteYaml("a1", {
      region: "east",
      labels: { ring: "canary" },
      spec: { suspend: true },
    });
    await bench.fleet.commit({ "sites/a1.yaml": suspended });
    const controller = await startController(bench);
    const east = bench.mirror("east");
    await eventually("the new fact is in the mirror", async () =>
      (await east.file("meta/a1.json"))?.includes('"suspend":true'),
    );
    await east.git("merge-base", "--is-ancestor", newest, "main");
    expect(await east.file("sites/a1/web/_ConfigMap_web_settings.yaml")).toContain('version: "2"');
    const head = await east.head();
    await eventually("the worker follows", async () => (await worker.head()) === head);
    expect((await controller.status())?.warnings.join()).not.toContain("control was lost");
    const epochs = (
      await east.git("log", "--format=%(trailers:key=Flotilla-Epoch,valueonly)", "main")
    )
      .split("\n")
      .filter(Boolean)
      .map(Number);
    expect(epochs).toEqual(epochs.toSorted((a, b) => b - a));
  });

  it("is held when control is older too: nothing is rewound or deleted at a site", async () => {
    const { bench, copy, worker, newest } = await withOldCopy();
    await rm(bench.stateDir, { recursive: true });
    await cp(copy, bench.stateDir, { recursive: true });
    await bench.fleet.commit(webVersion("3"));
    const controller = await startController(bench);
    const warning = await eventually("everything is held", async () =>
      (await controller.status())?.warnings.find((line) => line.includes("everything is held")),
    );
    expect(warning).toContain("control is older than mirror east");
    await pause(1500);
    expect(await bench.mirror("east").head()).toBe(newest);
    expect(await worker.head()).toBe(newest);
    await controller.decide({ verb: "recover", why: "the disk broke" });
    await eventually("the new commit goes on from what stands", async () => {
      const waits = (await controller.status())?.waits ?? [];
      return waits.some(({ app }) => app === "web");
    });
    await bench.mirror("east").git("merge-base", "--is-ancestor", newest, "main");
    const log = await bench.mirror("east").git("log", "--format=", "--name-only", "main");
    expect(log).not.toContain(".leaving");
  });

  it("begins no history of its own when all of it is lost, though it starts again before its workers are heard", async () => {
    const { bench, newest, worker, stopWorker } = await withOldCopy();
    await stopWorker();
    await rm(bench.stateDir, { recursive: true });
    const [east, west] = [bench.mirror("east"), bench.mirror("west")];
    for (const _ of ["first", "second"]) {
      const controller = await startController(bench);
      await eventually("the head is followed", async () => (await controller.status())?.revision);
      await pause(1000);
      expect([await east.head(), await west.head()]).toEqual(["", ""]);
      await controller.stop();
    }
    const controller = await startController(bench);
    await realWorker(bench);
    await eventually("the mirror is at its worker's head", async () => {
      return (await east.head()) === newest;
    });
    const warning = await eventually("everything is held", async () =>
      (await controller.status())?.warnings.find((line) => line.includes("everything is held")),
    );
    expect(warning).toContain("control is older than mirror east");
    expect(warning).toContain("without what west may have");
    expect(await west.head()).toBe("");

    // The other region's worker is lost too: nobody knows what it has, so its sites move by a person's word only.
    await controller.decide({ verb: "recover", why: "the disk broke" });
    await bench.fleet.commit({
      "sites/b1.yaml": siteYaml("b1", { region: "east", labels: { ring: "main" } }),
    });
    await eventually("b1 is to go to east", async () =>
      (await bench.control("show", "main:sites/b1.json")).includes('"to":"east"'),
    );
    await pause(1000);
    expect(await east.file("meta/b1.json")).toBeNull();
    await controller.decide({ verb: "excuse", site: "b1", uid: "uid-of-b1", why: "west burnt" });
    await eventually("b1 is in east", async () => east.file("meta/b1.json"));
    await east.git("merge-base", "--is-ancestor", newest, "main");
    const head = await east.head();
    await eventually("the worker follows", async () => (await worker.head()) === head);
    expect(await west.head()).toBe("");
  });

  it("does not write to a mirror before its worker was heard, so that both stay on one history", async () => {
    const { bench, copy } = await withOldCopy();
    await restore(bench, copy, "mirrors/west.git");
    const before = await bench.mirror("west").head();
    const labels = { ring: "main" };
    await bench.fleet.commit({
      "sites/b1.yaml": siteYaml("b1", { region: "west", labels, spec: { suspend: true } }),
    });
    const controller = await startController(bench);
    await eventually("it is followed", async () => (await controller.status())?.revision);
    await pause(1000);
    expect(await bench.mirror("west").head()).toBe(before);
    expect(await regionMessage(controller, "west")).toBe(
      "its worker has not reported since the start",
    );
  });

  it("goes on without a worker that has told of a newer head and went away, by an operator's excuse", async () => {
    const { bench, copy, worker, newest, stopWorker } = await withOldCopy();
    await stopWorker();
    await restore(bench, copy, "mirrors/east.git");
    const suspended = siteYaml("a1", {
      region: "east",
      labels: { ring: "canary" },
      spec: { suspend: true },
    });
    await bench.fleet.commit({ "sites/a1.yaml": suspended });
    const controller = await startController(bench);
    const east = bench.mirror("east");
    const before = await east.head();
    await eventually("it is asked for", async () => (await reportHead(bench, newest)).recover);
    const message = await eventually("it is silent", async () => {
      const text = await regionMessage(controller, "east");
      return text.includes("silent since") && text;
    });
    expect(message).toContain("an operator's excuse of the region");
    expect(await east.head()).toBe(before);

    await controller.decide({ verb: "excuse", region: "east", why: "its disk burnt" });
    await eventually("the new fact is in the mirror", async () =>
      (await east.file("meta/a1.json"))?.includes('"suspend":true'),
    );
    const parted = await east.head();

    await realWorker(bench);
    await eventually("the worker that came back is told what to do", async () =>
      (await regionMessage(controller, "east")).includes("let the worker start with an empty one"),
    );
    const log = await east.git("log", "--format=", "--name-only", "main");
    expect(log).not.toContain(".leaving");
    expect([await east.head(), await worker.head()]).toEqual([parted, newest]);
  });

  it("does not take what is no descendant of the mirror's head", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const first = await startController(bench);
    const workers = await bothWorkers(first);
    await everywhere(bench, "1");
    await Promise.all([first.stop(), workers.east.stop(), workers.west.stop()]);
    const east = bench.mirror("east");
    const before = await east.head();
    const forged = join(bench.dir, "forged.git");
    await git(["clone", "-q", "--bare", east.dir, forged]);
    const tree = await git(["rev-parse", "main^{tree}"], forged);
    const message = await git(["log", "-1", "--format=%B", "main"], forged);
    const head = await git(["commit-tree", tree, "-m", message], forged);
    const controller = await startController(bench);
    const url = `http://127.0.0.1:${bench.port}/mirrors/east.git`;
    const report = () => reportHead(bench, head);
    await eventually("it is asked for", async () => (await report()).recover === head);
    await git(
      [
        "-c",
        `http.extraHeader=Authorization: ${authorization}`,
        "push",
        "-q",
        url,
        `${head}:refs/flotilla/recover`,
      ],
      forged,
    );
    const message2 = await eventually("it is refused", async () => {
      const text = await regionMessage(controller, "east");
      return text.includes("cannot be brought forward") && text;
    });
    expect(message2).toContain("does not descend");
    expect((await report()).recover).toBeUndefined();
    expect(await east.head()).toBe(before);
    expect(await east.git("rev-parse", "refs/flotilla/recover")).toBe(before);

    // Its worker reports, and still counts as silent: a person may go on without it.
    await report();
    const excuse = { verb: "excuse", region: "east", why: "its disk burnt" } as const;
    const { message: answer } = await controller.decide(excuse);
    expect(answer).toBe("excused east until its worker is back");
    await report();
    const isExcused = async () =>
      (await controller.status())?.regions.find(({ name }) => name === "east")?.excused;
    await eventually("it is told so", isExcused);
    await pause(1500);
    await report();
    expect(await isExcused()).toBe(true);
    expect(await east.head()).toBe(before);
  });
});
