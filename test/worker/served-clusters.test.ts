/** A cluster that the controller does not know, and where another mirror's worker has written, is not written to. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { handleRequest } from "../../src/core/cluster-model/handle-request.ts";
import { isJsonObject, type Json, type JsonObject } from "../../src/core/model/json.ts";
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

  /** A worker whose sites all have the one cluster. */
  async function start(
    name: "eu" | "us",
    { state = name, sites = ["s1"] }: { state?: string; sites?: readonly string[] } = {},
  ): Promise<TestWorker> {
    const dir = join(folder.dir, state);
    await mkdir(dir, { recursive: true });
    const places = sites.map((site) => [site, join(folder.dir, "s1")] as const);
    const worker = startTestWorker(workerConfig(mirrors[name], dir, Object.fromEntries(places)));
    workers.push(worker);
    return worker;
  }

  const types = { GET: "", PATCH: "application/merge-patch+json", POST: "application/json" };
  function ask(method: keyof typeof types, path: string, body?: Json): JsonObject {
    const answer = handleRequest(
      simulator.cluster("s1"),
      {
        method,
        path,
        query: new URLSearchParams(),
        accept: "application/json",
        contentType: types[method],
        userAgent: "test",
        body,
      },
      systemClock().now(),
    );
    return "body" in answer ? answer.body : {};
  }

  const live = (): unknown => ask("GET", "/api/v1/namespaces/default/configmaps/settings")["data"];

  const inventory = "/api/v1/namespaces/flotilla-system/configmaps/flotilla-web";
  function writerNamed(): unknown {
    const { metadata } = ask("GET", inventory);
    const annotations = isJsonObject(metadata) ? metadata["annotations"] : undefined;
    return isJsonObject(annotations) ? annotations["flotilla.dev/mirror"] : undefined;
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
      `flotilla rollout excuse --site s1 --uid ${uid} --why TEXT`,
    );
    expect(live()).toEqual({ version: "1" });

    await workers[0]?.stop();
    await mirrors.us.commit({ s1: web("2") }, { uid });
    await stands("2");
    await eventually("it is told", () => mirrors.us.site("s1")?.uid === uid);
  });

  it("is known by who wrote there, however much is in the inventories", async () => {
    await servedByEu();
    const text = "x".repeat(1_000_000);
    // Together more than a worker takes for one answer.
    for (let index = 0; index < 70; index++) {
      const metadata = { name: `flotilla-app-${index}`, namespace: "flotilla-system" };
      const data = { text };
      const object = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
      ask("POST", "/api/v1/namespaces/flotilla-system/configmaps", object);
    }
    await mirrors.us.commit({ s1: web("2") });
    await start("us");
    await isRefused(mirrors.us, "eu");
    expect(live()).toEqual({ version: "1" });
  });

  it("and which a worker that runs has let go comes by a word, too, as the message says", async () => {
    await servedByEu();
    await mirrors.eu.commit({});
    await eventually("eu has stopped", () => mirrors.eu.last()?.stopped["s1"]);
    await mirrors.us.commit({ s1: web("2") });
    await start("us");
    await isRefused(mirrors.us, "eu");
    expect(mirrors.us.site("s1")?.message).toContain("or runs and has let this cluster go");
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
    await start("eu", { state: "eu-anew" });
    await stands("2");
    expect(mirrors.eu.site("s1")?.message).toBe("");
  });

  it("is named in inventories that an older worker wrote without a name, before anything else changes", async () => {
    await servedByEu();
    await workers[0]?.stop();
    // As an older worker left it, there and in its store.
    ask("PATCH", inventory, { metadata: { annotations: { "flotilla.dev/mirror": null } } });
    const store = new DatabaseSync(join(folder.dir, "eu", "state.sqlite"));
    store.exec("UPDATE apps SET child_set = 'of ids alone'");
    store.close();
    expect(writerNamed()).toBeUndefined();
    await start("eu");
    await eventually("it names its mirror", () => writerNamed() === "eu");
  });

  it("and which another site of the worker has is told for that one alone", async () => {
    await mirrors.eu.commit({ b: web("1") });
    await start("eu", { sites: ["a", "b"] });
    const uid = await eventually("b is told", () => mirrors.eu.site("b")?.uid);
    await mirrors.eu.commit({ a: { other: [configMap("other", {})] }, b: web("1") });
    await eventually("a is refused", () =>
      mirrors.eu.site("a")?.message.includes("already site b"),
    );
    await sleep(500);
    expect(mirrors.eu.site("a")?.uid).toBeUndefined();
    expect(mirrors.eu.site("b")?.uid).toBe(uid);
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
