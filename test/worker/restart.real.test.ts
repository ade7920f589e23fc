/** Death and loss at real API servers: killed in the middle of an apply, store lost, controller away. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { useTestSite } from "../support/kube-site.ts";
import { configMap, deployment, eventually, workerConfig } from "../support/kube-worker.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const script = join(import.meta.dirname, "../support/kube-worker-process.ts");

describe("a worker that dies or forgets", { timeout: 60_000 }, () => {
  const site = useTestSite();

  const many = (count: number): KubeObject[] =>
    Array.from({ length: count }, (_, index) => configMap(`m${index}`, { k: "1" }));
  const names = async (): Promise<string[]> => {
    const list = await site.cluster.get(`${configMaps}?labelSelector=flotilla.dev/app`);
    // A list of an API server.
    const items = list.body["items"] as readonly { metadata: { name: string } }[];
    return items.map((item) => item.metadata.name).toSorted();
  };
  const spawnWorker = (): ChildProcess => {
    const config = workerConfig(site.mirror, site.stateDir, {
      s1: site.cluster.kubeconfigPath,
    });
    return spawn(process.execPath, [script, JSON.stringify(config)], { stdio: "inherit" });
  };
  const killMidApply = async (): Promise<void> => {
    site.cluster.proxy.fail({ kind: "slow", delayMs: 300 }, { method: "PATCH", path: /\/m\d+/ });
    const child = spawnWorker();
    await eventually(
      "some are written",
      () => site.cluster.proxy.count({ method: "PATCH", path: /\/m\d+/ }) >= 8,
    );
    child.kill("SIGKILL");
    await once(child, "exit");
    site.cluster.proxy.heal();
  };

  it("ends what a worker killed in the middle of an apply had begun", async () => {
    await site.mirror.commit({ s1: { big: many(20) } });
    await killMidApply();
    expect((await names()).length).toBeLessThan(20);
    site.start();
    const report = await site.settled("big");

    expect(report.objects).toBe(20);
    expect(await names()).toHaveLength(20);
  });

  it("orphans nothing that a killed worker had created and that the next commit no longer has", async () => {
    await site.mirror.commit({ s1: { big: many(20) } });
    await killMidApply();
    await site.mirror.commit({ s1: { big: [configMap("other", {})] } });
    site.start();
    await site.settled("big");

    await eventually("only the new object is there", async () => {
      return JSON.stringify(await names()) === '["other"]';
    });
    expect(site.report("big")?.objects).toBe(1);
  });

  it("sets the cluster's inventory right after a kill between the last delete and its writing", async () => {
    const inventory = "/api/v1/namespaces/flotilla-system/configmaps/flotilla-big";
    await site.mirror.commit({ s1: { big: many(3) } });
    site.start();
    await site.settled("big");
    await site.stop();
    site.cluster.proxy.fail({ kind: "hang" }, { method: "PATCH", path: inventory });
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { big: many(1) } });
    const child = spawnWorker();
    const isSent = (): boolean =>
      site.cluster.proxy.count({ method: "PATCH", path: inventory }) > 0;
    await eventually("all is deleted, and the inventory not written", isSent);
    await sleep(200);
    child.kill("SIGKILL");
    await once(child, "exit");
    site.cluster.proxy.heal();
    expect(await names()).toEqual(["m0"]);
    site.start();
    await eventually("the inventory says what stands", async () => {
      const { body } = await site.cluster.get(inventory);
      return JSON.stringify(body["data"]) === '{"objects":"_ConfigMap_default_m0\\n"}';
    });
  });

  it("rebuilds a lost store from the inventory in the cluster, not from labels", async () => {
    await site.mirror.commit({ s1: { big: [configMap("a", { k: "1" }), configMap("b", {})] } });
    site.start();
    await site.settled("big");
    await site.stop();
    await rm(site.stateDir, { recursive: true });
    // A copy with all our marks, as some controllers make them: it is not in the inventory.
    const copy = configMap("copy", {});
    const metadata = {
      ...copy.metadata,
      labels: { "flotilla.dev/app": "big" },
      annotations: { "flotilla.dev/owner": "demo/big" },
    };
    await site.cluster.api.request(configMaps, { method: "POST", body: { ...copy, metadata } });
    await site.mirror.commit({ s1: { big: [configMap("a", { k: "2" })] } });
    site.start();
    await site.settled("big");

    await eventually("b is pruned", async () => !(await names()).includes("b"));
    expect(await names()).toEqual(["a", "copy"]);
  });

  it("tells no other health after a restart than before it, while nothing has changed", async () => {
    await site.mirror.commit({ s1: { big: [deployment("web", "web:1")] } });
    site.start();
    const before = await site.settled("big");
    await site.stop();
    const told = site.mirror.reports.length;
    site.start();
    await eventually("it has looked again", () => (site.report("big")?.healthyForMs ?? 0) > 500);

    const words = site.mirror.reports
      .slice(told)
      .flatMap((report) => report.apps)
      .map(({ health, sync, tree }) => `${health} ${sync} ${tree}`);
    expect([...new Set(words)]).toEqual([`Healthy Synced ${before.tree}`]);
  });

  it("goes on with repairs while the controller is away, and after a restart without it", async () => {
    await site.mirror.commit(
      { s1: { big: [configMap("a", { k: "1" })] } },
      { driftIntervalMs: 500 },
    );
    site.start();
    await site.settled("big");
    await site.mirror.stop();
    const isRepaired = async (): Promise<boolean> => {
      const live = await site.cluster.get(`${configMaps}/a`);
      return JSON.stringify(live.body["data"]) === '{"k":"1"}';
    };
    await site.cluster.put(`${configMaps}/a`, { data: { k: "edited" } });
    await eventually("it is repaired", isRepaired);
    await site.stop();
    await site.cluster.put(`${configMaps}/a`, { data: { k: "edited again" } });
    site.start();
    await eventually("it is repaired after a restart", isRepaired);

    const told = site.mirror.reports.length;
    await site.mirror.start();
    await eventually("it reports again", () => site.mirror.reports.length > told);
    expect(await site.settled("big")).toMatchObject({ objects: 1 });
  });

  it("refuses a rewritten history, an older epoch and a torn tree, and says why", async () => {
    const first = await site.mirror.commit(
      { s1: { big: [configMap("a", { k: "1" })] } },
      { epoch: 3 },
    );
    site.start();
    await site.settled("big");
    site.cluster.proxy.forget();
    const second = await site.mirror.commit({ s1: { big: [configMap("a", { k: "2" })] } });
    await site.settled("big");
    await site.mirror.force(first);
    await eventually("the rewind is told", () =>
      site.mirror.last()?.refused.includes("HISTORY_REWRITTEN"),
    );
    await site.mirror.force(second);
    await eventually("it is content again", () => site.mirror.last()?.refused === "");
    await site.mirror.commit({ s1: { big: [configMap("z", {})] } }, { epoch: 2 });
    await eventually("the old epoch is told", () =>
      site.mirror.last()?.refused.includes("STALE_EPOCH"),
    );
    await site.mirror.force(second);
    await site.mirror.commit({ s1: { big: [configMap("z", {})] } }, { epoch: 3, objects: 7 });
    await eventually("the torn tree is told", () =>
      site.mirror.last()?.refused.includes("MIRROR_INVALID"),
    );
    await sleep(300);
    expect(site.mirror.last()?.head).toBe(second);
    expect(await names()).toEqual(["a"]);
    expect(site.cluster.proxy.count({ method: "DELETE" })).toBe(0);
  });

  it("takes away again what an app that had left has got anew, even if only in part", async () => {
    const marker = { verb: "delete", release: "r2", expected: 5 } as const;
    const noName = configMap("NotAName", {});
    await site.mirror.commit({ s1: { big: [configMap("a", {})] } });
    site.start();
    await site.settled("big");
    await site.mirror.commit({ s1: { big: marker } });
    await eventually("it has left", () => site.report("big")?.left);
    await site.mirror.commit({ s1: { big: [configMap("b", {}), noName] } });
    await eventually("a part is back", async () => (await names()).includes("b"));
    await eventually("that is told", () => site.report("big")?.left === false);
    await site.mirror.commit({ s1: { big: { ...marker, release: "r4" } } });
    await eventually("it has left again", () => site.report("big")?.left);

    expect(await names()).toEqual([]);
  });

  it("tells that a site has stopped only when no write to it is under way any more", async () => {
    await site.mirror.commit({ s1: { web: [configMap("z", {})] }, s9: {} });
    site.start();
    await site.settled("web");
    const { proxy } = site.cluster;
    proxy.fail({ kind: "slow", delayMs: 1500 }, { method: "PATCH", path: `${configMaps}/a` });
    proxy.fail({ kind: "slow", delayMs: 1500 }, { method: "GET", path: `${configMaps}/b` });
    const web = [configMap("z", {}), configMap("a", {}), configMap("b", {})];
    await site.mirror.commit({ s1: { web }, s9: {} });
    const isSent = (): boolean => proxy.count({ method: "PATCH", path: `${configMaps}/a` }) > 0;
    await eventually("a write is under way", isSent);
    await site.mirror.commit({ s9: {} });
    await eventually("stopped is told", () => site.mirror.last()?.stopped["s1"]);
    const before = await names();
    await sleep(2000);

    expect(before).toEqual(["a", "z"]);
    expect(await names()).toEqual(before);
  });

  it("leaves no object on an older version that a late write brought back", async () => {
    const version = (k: string): KubeObject[] =>
      ["o1", "o2", "o3"].map((name) => configMap(name, { k }));
    await site.mirror.commit({ s1: { web: version("1") } }, { driftIntervalMs: 500 });
    site.start();
    await site.settled("web");
    const { proxy } = site.cluster;
    const o2 = { method: "PATCH", path: `${configMaps}/o2` };
    proxy.fail({ kind: "slow", delayMs: 1500 }, { ...o2, times: 1 });
    proxy.fail({ kind: "refuse" }, { method: "PATCH", path: `${configMaps}/o1`, times: 1 });
    await site.mirror.commit({ s1: { web: version("2") } }, { driftIntervalMs: 500 });
    await eventually("a write of version 2 is under way", () =>
      proxy.requests(o2).some((request) => request.fault === "slow"),
    );
    await site.mirror.commit({ s1: { web: version("3") } }, { driftIntervalMs: 500 });
    await site.settled("web");
    await sleep(2000);

    const lives = ["o1", "o2", "o3"].map((name) => site.cluster.get(`${configMaps}/${name}`));
    const data = (await Promise.all(lives)).map(({ body }) => body["data"]);
    expect(data).toEqual([{ k: "3" }, { k: "3" }, { k: "3" }]);
    expect(site.report("web")?.sync).toBe("Synced");
  });
});
