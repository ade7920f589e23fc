/** The rules of health and time: what is well, what is waited for, and what is tried again. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import type { AppPolicy } from "../../../src/core/protocol/mirror-layout.ts";
import type { TestSite } from "../../support/kube-site.ts";
import { configMap, deployment, eventually } from "../../support/kube-worker.ts";
import {
  applyAs,
  configMaps,
  dataOf,
  definition,
  deployments,
  gone,
  leaving,
  object,
  stands,
  told,
  uidOf,
} from "./rule-site.ts";

const jobs = "/apis/batch/v1/namespaces/default/jobs";

function job(name: string, image: string, ttlSeconds?: number): KubeObject {
  const template = { spec: { restartPolicy: "Never", containers: [{ name: "main", image }] } };
  const ttl = ttlSeconds === undefined ? {} : { ttlSecondsAfterFinished: ttlSeconds };
  return object("batch/v1", "Job", { name, spec: { backoffLimit: 0, ...ttl, template } });
}

export function healthRules(site: TestSite): void {
  const health = (app: string, word: string) =>
    eventually(`${app} is ${word}`, () => {
      const report = site.report(app);
      return report?.health === word ? report : undefined;
    });

  it("AC-13: calls no custom resource well before its controller has said so", async () => {
    const group = "health.example.org";
    const path = `/apis/${group}/v1/namespaces/default/widgets/w/status`;
    const define = definition("Widget", { group, hasStatus: true });
    await site.mirror.commit({
      s1: { web: [define, object(`${group}/v1`, "Widget", { name: "w", spec: {} })] },
    });
    site.start();
    await eventually("it is applied", async () => site.report("web")?.tree);
    await sleep(500);
    expect(site.report("web")?.health).toBe("Progressing");
    const ready = (status: string) => ({
      status: { conditions: [{ type: "Ready", status, reason: "Tried", message: "no room" }] },
    });
    await site.cluster.put(path, ready("False"));
    await told(site, "web", "no room");
    expect(site.report("web")?.health).not.toBe("Healthy");
    await site.cluster.put(path, ready("True"));
    await health("web", "Healthy");
    await site.mirror.commit({ s1: { web: leaving(2) } });
    await eventually("it has left", () => site.report("web")?.left, 30_000);
  });

  it("AC-13: takes a Job that runs for one on its way, and one that failed for Degraded", async () => {
    site.kubelet.setScript([
      { outcome: "stalled", match: { image: "job:slow" } },
      { outcome: "failed", match: { image: "job:bad" } },
    ]);
    await site.mirror.commit({
      s1: { slow: [job("slow", "job:slow")], bad: [job("bad", "job:bad")] },
    });
    site.start();
    await health("bad", "Degraded");
    await health("slow", "Progressing");
    site.kubelet.setScript([]);
    expect(await health("slow", "Healthy")).toMatchObject({ objects: 1 });
  });

  it("AC-14: lets a newer commit take the place of one that never gets well, at once", async () => {
    site.kubelet.setScript([{ outcome: "crashing", match: { image: "web:bad" } }]);
    await site.mirror.commit({ s1: { web: [deployment("web", "web:bad")] } });
    site.start();
    const bad = await health("web", "Progressing");
    // Deployed and healthy are two things, with a time each.
    expect(bad).toMatchObject({ tree: await site.treeOf("web"), everHealthy: false });
    await eventually("it tells that it was applied, and is not healthy", () => {
      const { appliedForMs = 0, healthyForMs } = site.report("web") ?? {};
      return appliedForMs > 0 && healthyForMs === 0;
    });
    const started = performance.now();
    await site.mirror.commit({
      s1: { web: [deployment("web", "web:2")], other: [configMap("o", {})] },
    });
    await site.settled("other");
    await site.settled("web");
    expect(performance.now() - started).toBeLessThan(10_000); // its progress deadline is ten minutes
  });

  it("AC-14: ends on the last of many commits that come while it waits for the health of one before", async () => {
    site.kubelet.setScript([{ outcome: "stalled", match: { image: "web:slow" } }]);
    const commit = (image: string, more: readonly KubeObject[]) =>
      site.mirror.commit({ s1: { web: [deployment("web", image), ...more] } });
    await commit("web:slow", [configMap("a", { k: "0" })]);
    site.start();
    await health("web", "Progressing");
    for (let round = 1; round <= 12; round += 1) {
      const extra = configMap(`extra-${round}`, {});
      await commit("web:slow", [configMap("a", { k: `${round}` }), extra]);
      await sleep(round * 40);
    }
    await commit("web:slow", [configMap("a", { k: "last" })]);
    await eventually("the last one stands", async () => {
      return site.report("web")?.tree === (await site.treeOf("web"));
    });
    expect(await dataOf(site, "a")).toEqual({ k: "last" });
    expect(site.report("web")?.health).toBe("Progressing");
    site.kubelet.setScript([]);
    await site.settled("web");
    await eventually("what they had brought is pruned", () => site.report("web")?.objects === 2);
  });

  it("AC-16: takes a Job that has finished and was cleared away for done, and does not run it again", async () => {
    await site.mirror.commit({ s1: { web: [job("once", "job:1")] } }, { driftIntervalMs: 300 });
    site.start();
    await site.settled("web");
    await site.cluster.remove(`${jobs}/once?propagationPolicy=Background`);
    await gone(site, `${jobs}/once`);
    site.cluster.proxy.forget();
    await sleep(1200);

    expect(site.report("web")).toMatchObject({ health: "Healthy", sync: "Synced" });
    expect(site.cluster.writes()).toEqual([]);
  });

  it("AC-16: does not run a Job again that its time to live cleared away while nobody looked", async () => {
    const once = `${jobs}/once`;
    const runs = [{ outcome: "stalled", match: { image: "job:once" } }] as const;
    site.kubelet.setScript([...runs]);
    const content = { s1: { web: [job("once", "job:once", 1), configMap("a", { k: "1" })] } };
    await site.mirror.commit(content, { driftIntervalMs: 300 });
    site.start();
    await health("web", "Progressing");
    // First the worker is away when it ends, and then the link.
    await site.stop();
    site.kubelet.setScript([]);
    await gone(site, once);
    site.cluster.proxy.forget();
    site.start();
    await told(site, "web", "how it ended was not seen");
    await sleep(1200);
    expect(site.report("web")).toMatchObject({ health: "Healthy", sync: "Synced", unverified: 1 });
    expect(site.cluster.writes()).toEqual([]);
    expect((await site.mirror.ask("s1", "web")).apps).toMatchObject([{ objects: [] }]);

    site.kubelet.setScript([{ outcome: "stalled", match: { image: "job:2" } }]);
    const another = { s1: { web: [job("once", "job:2", 1), configMap("a", { k: "1" })] } };
    await site.mirror.commit(another, { driftIntervalMs: 300 });
    await stands(site, once);
    await health("web", "Progressing");
    site.cluster.proxy.fail({ kind: "refuse" });
    site.kubelet.setScript([]);
    await gone(site, once);
    site.cluster.proxy.heal();
    site.cluster.proxy.forget();
    await health("web", "Healthy");
    await sleep(1200);
    expect((await site.cluster.get(once)).status).toBe(404);
    expect(site.cluster.writes()).toEqual([]);
  });

  it("AC-16: does not run a Job again that was cleared away, where the worker has lost its store", async () => {
    const once = `${jobs}/once`;
    const content = { s1: { web: [job("once", "job:1", 1), configMap("a", { k: "1" })] } };
    await site.mirror.commit(content, { driftIntervalMs: 300 });
    site.start();
    await site.settled("web");
    await gone(site, once);
    await site.stop();
    await rm(join(site.stateDir, "state.sqlite"));
    site.mirror.forget();
    site.cluster.proxy.forget();
    site.start();
    await told(site, "web", "how it ended was not seen");
    await sleep(1200);
    expect(site.report("web")).toMatchObject({ health: "Healthy", sync: "Synced", objects: 2 });
    expect(site.cluster.writes().filter((write) => write.includes("/jobs"))).toEqual([]);
    // Another form of it was not run.
    await site.stop();
    await rm(join(site.stateDir, "state.sqlite"));
    const another = { s1: { web: [job("once", "job:2", 1)] } };
    await site.mirror.commit(another);
    site.start();
    await stands(site, once);
    await site.settled("web");
    await gone(site, once);
    // Nor was it in this cluster, where the inventory came out of another one's backup.
    await site.stop();
    await rm(join(site.stateDir, "state.sqlite"));
    const inventory = "/api/v1/namespaces/flotilla-system/configmaps/flotilla-web";
    const { runs } = (await site.cluster.get(inventory)).body["data"] as { runs: string }; // as written
    const uid = String(await uidOf(site, "/api/v1/namespaces/kube-system"));
    expect(runs).toContain(uid);
    await site.cluster.put(inventory, { data: { runs: runs.replaceAll(uid, "other") } });
    site.start();
    await stands(site, once);
  });

  it("AC-16: runs a Job once that is cleared away as soon as it ends", async () => {
    await site.mirror.commit({ s1: { web: [job("once", "job:1", 0)] } }, { driftIntervalMs: 300 });
    site.start();
    await site.settled("web");
    await gone(site, `${jobs}/once`);
    site.cluster.proxy.forget();
    await sleep(1500);
    expect(site.report("web")).toMatchObject({ health: "Healthy", sync: "Synced" });
    expect(site.cluster.writes()).toEqual([]);
  });

  it("AC-16: remembers that a Job has failed which its time to live cleared away, and runs it again only by a release", async () => {
    site.kubelet.setScript([{ outcome: "failed", match: { image: "job:bad" } }]);
    const bad = job("once", "job:bad", 2);
    await site.mirror.commit({ s1: { web: [bad] } }, { driftIntervalMs: 300 });
    site.start();
    await health("web", "Degraded");
    await gone(site, `${jobs}/once`);
    await told(site, "web", "it has failed, and is gone as its ttlSecondsAfterFinished says");
    await site.stop();
    site.cluster.proxy.forget();
    site.start();
    await told(site, "web", "it has failed, and is gone as its ttlSecondsAfterFinished says");
    await sleep(1200);
    expect(site.report("web")?.health).toBe("Degraded");
    expect(site.cluster.writes()).toEqual([]);
    await site.mirror.commit({ s1: { web: [job("once", "job:good", 100)] } });
    await site.settled("web");
    await stands(site, `${jobs}/once`);
  });

  it("AC-16: makes a Job anew that somebody has deleted before its end, where it has no time to live", async () => {
    const once = `${jobs}/once`;
    site.kubelet.setScript([{ outcome: "stalled", match: { image: "job:1" } }]);
    await site.mirror.commit({ s1: { web: [job("once", "job:1")] } }, { driftIntervalMs: 300 });
    site.start();
    await health("web", "Progressing");
    const uid = await uidOf(site, once);
    await site.cluster.remove(`${once}?propagationPolicy=Background`);
    const anew = await eventually("it stands again", async () => {
      const found = await uidOf(site, once);
      return found === uid ? undefined : found;
    });
    expect(anew).not.toBe(uid);
  });

  it("AC-17: tries again, ever more seldom, what was refused, and gets there without a new commit once it can", async () => {
    await applyAs(site, "other-tool", {
      path: `${configMaps}/a`,
      object: configMap("a", { k: "theirs" }),
    });
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "ours" })] } });
    site.start();
    await told(site, "web", "other-tool");
    await sleep(1000);
    site.cluster.proxy.forget();
    await sleep(3000);
    // At most each second by now (`retryMax` of the tests), and not never.
    const tries = site.cluster.proxy.count({ method: "PATCH", path: `${configMaps}/a` });
    expect(tries).toBeGreaterThanOrEqual(1);
    expect(tries).toBeLessThanOrEqual(15);
    await site.cluster.remove(`${configMaps}/a`);
    await site.settled("web");
    expect(await dataOf(site, "a")).toEqual({ k: "ours" });
  });

  it("AC-17: says until when it waits where an answer asks for an hour, and begins anew with a commit or the link", async () => {
    const path = `${configMaps}/a`;
    const commit = (k: string) => site.mirror.commit({ s1: { web: [configMap("a", { k })] } });
    const refuse = () =>
      site.cluster.proxy.fail(
        { kind: "status", status: 503, headers: { "retry-after": "3600" } },
        { method: "PATCH", path, times: 1 },
      );
    await commit("1");
    site.start();
    await site.settled("web");
    refuse();
    await commit("2");
    const { message } = await told(site, "web", "(the answer asks for 3600 s)");
    const until = Date.parse(/tried again at (?<time>\S+)/.exec(message)?.groups?.["time"] ?? "");
    expect(until).toBeGreaterThan(Date.now() + 60_000);
    expect(until).toBeLessThanOrEqual(Date.now() + 5 * 60_000);
    await commit("3");
    await site.settled("web");
    expect(await dataOf(site, "a")).toEqual({ k: "3" });

    refuse();
    await commit("4");
    await told(site, "web", "(the answer asks for 3600 s)");
    site.cluster.proxy.fail({ kind: "refuse" });
    await eventually("it does not answer", () => site.mirror.site("s1")?.message !== "");
    site.cluster.proxy.heal();
    await site.settled("web");
    expect(await dataOf(site, "a")).toEqual({ k: "4" });
    expect(site.report("web")?.message).toBe("");
  });

  it("AC-18: looks at a suspended site as ever: its drift and health are not hidden", async () => {
    const web: AppPolicy = { drift: "report", ignored: [] };
    const options = { driftIntervalMs: 400, suspend: true, policies: { web } };
    await site.mirror.commit(
      { s1: { web: [configMap("a", { k: "1" }), deployment("web", "w:1")] } },
      options,
    );
    site.start();
    await site.settled("web");
    site.kubelet.setScript([{ outcome: "crashing", match: { image: "w:1" } }]);
    await site.cluster.put(`${configMaps}/a`, { data: { k: "edited" } });
    await told(site, "web", ".data.k changed by");
    expect(site.report("web")?.sync).toBe("OutOfSync");
    await eventually("its health is told", () => site.report("web")?.health !== "Healthy");
    await stands(site, `${deployments}/web`);
  });

  it("AC-18: keeps what was released to a suspended site: what is deleted there comes back, or is only told of", async () => {
    const watched: AppPolicy = { drift: "report", ignored: [] };
    const options = { driftIntervalMs: 400, suspend: true, policies: { watched } };
    const apps = { web: [configMap("a", { k: "1" })], watched: [configMap("b", { k: "1" })] };
    await site.mirror.commit({ s1: apps }, options);
    site.start();
    await site.settled("web");
    await site.settled("watched");
    for (const name of ["a", "b"]) await site.cluster.remove(`${configMaps}/${name}`);
    await eventually("it is told", () => site.report("watched")?.sync === "OutOfSync");
    await stands(site, `${configMaps}/a`);
    expect(await dataOf(site, "a")).toEqual({ k: "1" });
    expect((await site.cluster.get(`${configMaps}/b`)).status).toBe(404);
  });
}
