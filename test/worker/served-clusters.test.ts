/** A cluster that the controller does not know, and where another mirror's worker has written, is not written to. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { handleRequest } from "../../src/core/cluster-model/handle-request.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { type Simulator, startSimulator } from "../../src/simulator/simulator.ts";
import { type TestMirror, startTestMirror } from "../support/kube-mirror.ts";
import {
  configMap,
  eventually,
  startTestWorker,
  temporaryState,
  type TestWorker,
  workerConfig,
} from "../support/kube-worker.ts";

const web = (version: string) => ({ web: [configMap("settings", { version })] });

describe("a cluster of which the controller does not know", { timeout: 120_000 }, () => {
  let folder: Awaited<ReturnType<typeof temporaryState>>;
  let mirrors: Record<"eu" | "us", TestMirror>;
  let simulator: Simulator;
  const workers: TestWorker[] = [];

  beforeEach(async () => {
    folder = await temporaryState();
    mirrors = { eu: await startTestMirror("eu"), us: await startTestMirror("us") };
    simulator = await startSimulator({ clusters: ["s1"], clock: systemClock(), token: "t" });
    await writeFile(join(folder.dir, "s1"), simulator.kubeconfig("s1"));
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.stop();
    await simulator.close();
    for (const mirror of Object.values(mirrors)) await mirror.close();
    await folder.remove();
  });

  async function start(name: "eu" | "us", state: string = name): Promise<TestWorker> {
    const dir = join(folder.dir, state);
    await mkdir(dir, { recursive: true });
    const worker = startTestWorker(
      workerConfig(mirrors[name], dir, { s1: join(folder.dir, "s1") }),
    );
    workers.push(worker);
    return worker;
  }

  function live(): unknown {
    const answer = handleRequest(
      simulator.cluster("s1"),
      {
        method: "GET",
        path: "/api/v1/namespaces/default/configmaps/settings",
        query: new URLSearchParams(),
        accept: "application/json",
        contentType: "",
        userAgent: "test",
        body: undefined,
      },
      systemClock().now(),
    );
    return "body" in answer ? answer.body["data"] : undefined;
  }

  const stands = (version: string): Promise<unknown> =>
    eventually(`version ${version}`, () => JSON.stringify(live()) === JSON.stringify({ version }));

  const writes = (): number =>
    ["POST", "PATCH", "PUT", "DELETE"].reduce(
      (sum, method) => sum + (simulator.counts("s1")[method] ?? 0),
      0,
    );

  /** Mirror eu has s1 on version 1, which stands; gives the uid of its cluster. */
  async function servedByEu(): Promise<string> {
    await mirrors.eu.commit({ s1: web("1") });
    await start("eu");
    await stands("1");
    return eventually("its uid is told", () => mirrors.eu.site("s1")?.uid);
  }

  async function isRefused(mirror: TestMirror, by: string): Promise<void> {
    const before = writes();
    await eventually("it says who has it", () =>
      mirror.site("s1")?.message.includes(`was served by mirror ${by}`),
    );
    await eventually("it is away", () => mirror.site("s1")?.reachable === false);
    await sleep(500);
    expect(mirror.site("s1")?.uid).toBeUndefined();
    expect(writes()).toBe(before);
  }

  it("and where another mirror's worker has written is not written to until the controller names it", async () => {
    const uid = await servedByEu();
    await mirrors.us.commit({ s1: web("2") });
    await start("us");
    await isRefused(mirrors.us, "eu");
    expect(mirrors.us.site("s1")?.message).toContain(
      `flotilla rollout excuse --site s1 --uid ${uid}`,
    );
    expect(live()).toEqual({ version: "1" });

    await workers[0]?.stop();
    await mirrors.us.commit({ s1: web("2") }, { uid });
    await stands("2");
    await eventually("it is told", () => mirrors.us.site("s1")?.uid === uid);
  });

  it("is written to where the site was forgotten, and it is the cluster that it was", async () => {
    const formerUid = await servedByEu();
    await workers[0]?.stop();
    await mirrors.us.commit({ s1: web("2") }, { formerUid: "another" });
    await start("us");
    await isRefused(mirrors.us, "eu");
    await mirrors.us.commit({ s1: web("2") }, { formerUid });
    await stands("2");
    await eventually("it is told", () => mirrors.us.site("s1")?.message === "");
    expect(mirrors.us.site("s1")).toMatchObject({ reachable: true, uid: formerUid });
  });

  it("is written to by a worker of the same mirror whose store is lost", async () => {
    await servedByEu();
    await workers[0]?.stop();
    await mirrors.eu.commit({ s1: web("2") });
    await start("eu", "eu-anew");
    await stands("2");
    expect(mirrors.eu.site("s1")?.message).toBe("");
  });

  it("is not written to by a worker that had it, when another one had it since", async () => {
    const uid = await servedByEu();
    await mirrors.eu.commit({});
    await eventually("eu has stopped", () => mirrors.eu.last()?.stopped["s1"]);
    await mirrors.us.commit({ s1: web("2") }, { uid });
    await start("us");
    await stands("2");

    mirrors.eu.forget();
    await mirrors.eu.commit({ s1: web("3") });
    await isRefused(mirrors.eu, "us");
    expect(live()).toEqual({ version: "2" });
  });
});
