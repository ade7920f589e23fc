/** How changes by others are met, against real API servers: repaired, told, or left alone. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Json } from "../../src/core/model/json.ts";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import type { AppPolicy } from "../../src/core/protocol/mirror-layout.ts";
import { useTestSite } from "../support/kube-site.ts";
import { configMap, deployment, eventually } from "../support/kube-worker.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const deployments = "/apis/apps/v1/namespaces/default/deployments";
const correct: AppPolicy = { drift: "correct", ignored: [] };
const driftIntervalMs = 500;

describe("drift at a real cluster", { timeout: 60_000 }, () => {
  const site = useTestSite();
  const dataOf = async (name: string): Promise<unknown> =>
    (await site.cluster.get(`${configMaps}/${name}`)).body["data"];
  const replicas = async (name = "web"): Promise<unknown> => {
    const spec = (await site.cluster.get(`${deployments}/${name}`)).body["spec"];
    return JSON.parse(JSON.stringify(spec)).replicas;
  };

  it("is told with field and manager, and not repaired, where an app says report", async () => {
    const policies = { cfg: { ...correct, drift: "report" } } as const;
    const first = { s1: { cfg: [configMap("a", { k: "1" }), configMap("b", { k: "1" })] } };
    await site.mirror.commit(first, { driftIntervalMs, policies });
    site.start();
    await site.settled("cfg");
    site.cluster.proxy.forget();
    await site.cluster.put(`${configMaps}/a`, { data: { k: "edited" } });
    await site.cluster.remove(`${configMaps}/b`);
    const told = await eventually("both are told", () => {
      const report = site.report("cfg");
      return report?.message.startsWith("2 objects have drifted") ? report : undefined;
    });
    expect(told.sync).toBe("OutOfSync");
    expect(told.message).toMatch(/ConfigMap default\/a: \.data\.k changed by \S+/);
    expect(told.message).toContain("ConfigMap default/b is gone");
    await sleep(3 * driftIntervalMs);
    expect(site.cluster.writes()).toEqual([]);

    // A release writes what it changes, and nothing else.
    const next = { s1: { cfg: [configMap("a", { k: "2" }), configMap("b", { k: "1" })] } };
    await site.mirror.commit(next, { driftIntervalMs, policies });
    await eventually("the change is written", async () => {
      return JSON.stringify(await dataOf("a")) === '{"k":"2"}';
    });
    await eventually("what is left is told", () =>
      site.report("cfg")?.message.startsWith("1 object has drifted: ConfigMap default/b"),
    );
    // Asked for first, and taken once the field is known to have been the app's: a new version forces nothing unjudged.
    const change = `PATCH ${configMaps}/a`;
    expect(site.cluster.writes()).toEqual([change, change]);

    // The mode changes, and nothing in Git: what had drifted is repaired.
    await site.mirror.commit(next, { driftIntervalMs });
    await eventually("it is back", async () => JSON.stringify(await dataOf("b")) === '{"k":"1"}');
    await eventually("all is in sync", () => site.report("cfg")?.sync === "Synced");
  });

  it("is not looked for where an app says ignore, and a change of mode writes nothing", async () => {
    const content = { s1: { cfg: [configMap("a", { k: "1" })] } };
    await site.mirror.commit(content, { driftIntervalMs });
    site.start();
    await site.settled("cfg");
    site.cluster.proxy.forget();
    const policies = { cfg: { ...correct, drift: "ignore" } } as const;
    const head = await site.mirror.commit(content, { driftIntervalMs, policies });
    await eventually("the new head is followed", () => site.mirror.last()?.head === head);
    await site.cluster.put(`${configMaps}/a`, { data: { k: "edited" } });
    await sleep(4 * driftIntervalMs);
    expect(site.cluster.writes()).toEqual([]);
    expect(site.report("cfg")).toMatchObject({ sync: "Synced", message: "" });
  });

  it("leaves a field to an autoscaler, also when the object is written again", async () => {
    const web = (image: string) => ({ s1: { web: [deployment("web", image)] } });
    const policies = {
      web: { ...correct, ignored: [{ kind: "Deployment", fields: [".spec.replicas"] }] },
    };
    await site.mirror.commit(web("web:1"), { driftIntervalMs, policies });
    site.start();
    await site.settled("web");
    expect(await replicas()).toBe(1);
    site.cluster.proxy.forget();
    await site.cluster.put(`${deployments}/web/scale`, { spec: { replicas: 3 } });
    await sleep(3 * driftIntervalMs);
    expect(site.cluster.writes()).toEqual([]);
    expect(await replicas()).toBe(3);

    await site.mirror.commit(web("web:2"), { driftIntervalMs, policies });
    await site.settled("web");
    expect(await replicas()).toBe(3);
    // And it goes on scaling, though the same number was sent.
    await site.cluster.put(`${deployments}/web/scale`, { spec: { replicas: 4 } });
    await sleep(3 * driftIntervalMs);
    expect(await replicas()).toBe(4);
    expect(site.cluster.writes()).toEqual([`PATCH ${deployments}/web`]);
    expect(site.report("web")).toMatchObject({ sync: "Synced", message: "" });
  });

  it("leaves a field to an autoscaler where Git no longer has it, and where the app is taken over", async () => {
    const policies = {
      web: { ...correct, ignored: [{ kind: "Deployment", fields: [".spec.replicas"] }] },
    };
    const unscaled = (name: string, image: string) => {
      const made = deployment(name, image);
      const { replicas: _replicas, ...spec } = made["spec"] as Record<string, Json>; // an object
      return { ...made, spec };
    };
    const old = deployment("web", "web:0");
    await site.cluster.api.request(`${deployments}?fieldManager=kubectl-client-side-apply`, {
      method: "POST",
      body: { ...old, spec: { ...unscaled("web", "web:0").spec, replicas: 3 } },
    });
    await site.mirror.commit(
      { s1: { web: [unscaled("web", "web:1")] } },
      { driftIntervalMs, policies },
    );
    site.start();
    await site.settled("web");
    expect(await replicas()).toBe(3);
    expect((await site.mirror.ask("s1", "web")).apps[0]?.objects).toEqual([]);

    // The app has it from when Git had it.
    const own = deployment("own", "own:1");
    const scaled = { ...own, spec: { ...(own["spec"] as Record<string, Json>), replicas: 2 } };
    const all = (object: KubeObject) => ({ s1: { web: [unscaled("web", "web:1"), object] } });
    await site.mirror.commit(all(scaled), { driftIntervalMs, policies });
    await site.settled("web");
    await site.mirror.commit(all(unscaled("own", "own:2")), { driftIntervalMs, policies });
    await site.settled("web");
    expect(await replicas("own")).toBe(2);
  });

  it("leaves to a manager what it has taken, and repairs the rest", async () => {
    const policies = { cfg: { ...correct, ignored: [{ managers: ["tuner"] }] } };
    const cfg = (more: Record<string, string>) => ({
      s1: { cfg: [configMap("a", { k: "1", size: "1", ...more })] },
    });
    await site.mirror.commit(cfg({}), { driftIntervalMs, policies });
    site.start();
    await site.settled("cfg");
    const tuned = `${configMaps}/a?fieldManager=tuner`;
    await site.cluster.put(tuned, { data: { size: "9" } });
    await site.cluster.put(`${configMaps}/a`, { data: { k: "edited" } });
    await eventually("the edit is undone", async () => {
      return JSON.stringify(await dataOf("a")) === '{"k":"1","size":"9"}';
    });
    await site.mirror.commit(cfg({ n: "1" }), { driftIntervalMs, policies });
    await site.settled("cfg");
    expect(await dataOf("a")).toEqual({ k: "1", n: "1", size: "9" });
  });
  it("names who fights over a field, slows down, and begins anew with a release", async () => {
    const cfg = (k: string) => ({ s1: { cfg: [configMap("a", { k })] } });
    await site.mirror.commit(cfg("1"), { driftIntervalMs: 300 });
    site.start();
    await site.settled("cfg");
    site.cluster.proxy.forget();
    let changes = 0;
    const rival = async (): Promise<void> => {
      if (JSON.stringify(await dataOf("a")) === '{"k":"theirs"}') return;
      changes += 1;
      await site.cluster.put(`${configMaps}/a?fieldManager=tuner`, { data: { k: "theirs" } });
    };
    const message = await eventually("the fight is told", async () => {
      await rival();
      const told = site.report("cfg")?.message ?? "";
      return told.includes("fights with") ? told : undefined;
    });
    expect(message).toBe(
      "1 object has drifted: ConfigMap default/a fights with tuner over .data.k",
    );
    expect(changes).toBe(4);
    const until = Date.now() + 6000;
    while (Date.now() < until) {
      await rival();
      await sleep(50);
    }
    // At every look it would have been some twenty.
    expect(changes).toBeLessThanOrEqual(8);

    await site.mirror.commit(cfg("2"), { driftIntervalMs: 300 });
    await eventually("the release is written", async () => {
      return JSON.stringify(await dataOf("a")) === '{"k":"2"}';
    });
    await eventually("the fight is over", () => site.report("cfg")?.sync === "Synced");
    await rival();
    await eventually("the first round is repaired at once", async () => {
      return JSON.stringify(await dataOf("a")) === '{"k":"2"}';
    });
  });

  it("names who changes another field each time, and slows down", async () => {
    const cfg = { s1: { cfg: [configMap("a", { k: "1", l: "1" })] } };
    await site.mirror.commit(cfg, { driftIntervalMs: 300 });
    site.start();
    await site.settled("cfg");
    let changes = 0;
    const rival = async (): Promise<void> => {
      if (JSON.stringify(await dataOf("a")) !== '{"k":"1","l":"1"}') return;
      changes += 1;
      const data = { k: "theirs", ...(changes % 2 === 0 && { l: "theirs" }) };
      await site.cluster.put(`${configMaps}/a?fieldManager=tuner`, { data });
    };
    await eventually("the fight is told", async () => {
      await rival();
      const told = site.report("cfg")?.message ?? "";
      return told.includes("fights with tuner over .data.k, .data.l");
    });
    const until = Date.now() + 6000;
    while (Date.now() < until) {
      await rival();
      await sleep(50);
    }
    // At every look it would have been some twenty-five.
    expect(changes).toBeLessThanOrEqual(10);
  });
});
