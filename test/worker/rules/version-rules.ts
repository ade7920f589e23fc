/** The rules of versions, sizes and failures: what one object cannot do holds up nothing else. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import type { TestSite } from "../../support/kube-site.ts";
import { configMap, eventually } from "../../support/kube-worker.ts";
import {
  applyAs,
  configMaps,
  dataOf,
  definition,
  definitions,
  deployments,
  leaving,
  namespaceOf,
  object,
  stands,
  told,
  uidOf,
} from "./rule-site.ts";

export function versionRules(site: TestSite): void {
  it("AC-27: names an object whose version the cluster does not serve (any more), and goes on with the rest", async () => {
    const old = object("policy/v1beta1", "PodDisruptionBudget", { name: "p", spec: {} });
    await site.mirror.commit({ s1: { web: [old, configMap("a", {})] } });
    site.start();
    const report = await told(site, "web", "does not know PodDisruptionBudget of policy/v1beta1");
    expect(report.message).toContain("correct apiVersion and kind");
    await stands(site, `${configMaps}/a`);
  });

  it("AC-27: follows an object to another version of its kind, and removes it where its own is gone", async () => {
    const group = "skew.example.org";
    const engine = (version: string, size: number): KubeObject =>
      object(`${group}/${version}`, "Engine", { name: "e", spec: { size } });
    const define = (...versions: string[]) => definition("Engine", { group, versions });
    const path = `/apis/${group}/v1/namespaces/default/engines/e`;
    const rest = configMap("rest", {});
    await site.mirror.commit({
      s1: { crd: [define("v1", "v1beta1")], web: [engine("v1beta1", 1), rest] },
    });
    site.start();
    await site.settled("web");
    const uid = await uidOf(site, path);
    site.cluster.proxy.forget();
    await site.mirror.commit({
      s1: { crd: [define("v1", "v1beta1")], web: [engine("v1", 2), rest] },
    });
    await site.settled("web");
    expect((await site.cluster.get(path)).body["spec"]).toEqual({ size: 2 });
    expect(await uidOf(site, path)).toBe(uid);
    expect(site.cluster.proxy.count({ method: "DELETE" })).toBe(0);

    // Back, then the version goes from the cluster, then the object from Git.
    await site.mirror.commit({
      s1: { crd: [define("v1", "v1beta1")], web: [engine("v1beta1", 3), rest] },
    });
    await site.settled("web");
    await site.mirror.commit({ s1: { crd: [define("v1")], web: [engine("v1beta1", 3), rest] } });
    await site.settled("crd");
    expect((await site.cluster.get(path)).body["spec"]).toEqual({ size: 3 });
    await site.mirror.commit({ s1: { crd: [define("v1")], web: [rest] } });
    await eventually("it is pruned", async () => (await site.cluster.get(path)).status === 404);
    await site.mirror.commit({ s1: { crd: leaving(1), web: [rest] } });
    await eventually("it has left", () => site.report("crd")?.left, 30_000);
  });

  it("AC-27: names an object in a version that its own definition does not serve, instead of waiting for that", async () => {
    const group = "unserved.example.org";
    const gizmo = object(`${group}/v1beta1`, "Gizmo", { name: "g", spec: {} });
    const web = [definition("Gizmo", { group }), gizmo, configMap("a", {})];
    await site.mirror.commit({ s1: { web } });
    site.start();
    const report = await told(site, "web", `does not know Gizmo of ${group}/v1beta1`);

    expect(report.message).not.toContain("waits for its definition");
    await stands(site, `${configMaps}/a`);
    await site.mirror.commit({ s1: { web: leaving(3) } });
    await eventually("it has left", () => site.report("web")?.left, 30_000);
  });

  it("AC-27: takes an object whose definition serves no version for there, and removes it once it can be seen", async () => {
    const group = "hidden.example.org";
    const shown = definition("Lamp", { group });
    const hidden = JSON.parse(
      JSON.stringify(shown).replace('"served":true', '"served":false'),
    ) as KubeObject; // as before
    const name = `lamps.${group}`;
    const path = `/apis/${group}/v1/namespaces/default/lamps/l`;
    const serve = (text: KubeObject) =>
      applyAs(site, "admin", { path: `${definitions}/${name}`, object: text });
    await serve(shown);
    const rest = configMap("rest", {});
    const lamp = object(`${group}/v1`, "Lamp", { name: "l", spec: {} });
    await site.mirror.commit({ s1: { web: [lamp, rest] } });
    site.start();
    await site.settled("web");
    await serve(hidden);
    await eventually("it is not served", async () => (await site.cluster.get(path)).status === 404);
    await site.mirror.commit({ s1: { web: [rest] } });
    const report = await told(site, "web", `${name} serves no version of it`);

    expect(report).toMatchObject({ sync: "OutOfSync", objects: 2 });
    await serve(shown);
    await eventually(
      "it is pruned",
      async () => {
        const { status } = await site.cluster.get(path);
        return status === 404 && site.report("web")?.objects === 1;
      },
      30_000,
    );
    await site.cluster.remove(`${definitions}/${name}`);
  });

  it("AC-28: says that an object is too large for the API server, and goes on with the rest", async () => {
    const large = configMap("large", { k: "x".repeat(4_000_000) });
    await site.mirror.commit({ s1: { web: [large, configMap("a", {})] } });
    site.start();
    const report = await told(site, "web", "ConfigMap default/large");
    expect(report.message).toContain("too large");
    expect(report.message.length).toBeLessThan(1000);
    await stands(site, `${configMaps}/a`);
  });

  it("AC-29: applies all that can be applied, tells all that cannot, and blocks only what needs that", async () => {
    const group = "partial.example.org";
    const broken = definition("Widget", { group, scope: "Nowhere" as "Cluster" });
    const objects = [
      configMap("good", {}),
      configMap("NotAName", {}),
      configMap("Neither", {}),
      broken,
      object(`${group}/v1`, "Widget", { name: "w" }),
    ];
    await site.mirror.commit({ s1: { web: objects, other: [configMap("o", {})] } });
    site.start();
    await site.settled("other");
    const { message } = await told(site, "web", "Widget default/w waits for");
    for (const text of ["NotAName", "Neither", `widgets.${group}`]) expect(message).toContain(text);
    await stands(site, `${configMaps}/good`);
  });

  it("AC-29: writes what refers to another object as optional, though that cannot be written", async () => {
    const theirs = configMap("opt", { k: "theirs" });
    await applyAs(site, "other-tool", { path: `${configMaps}/opt`, object: theirs });
    const containers = [
      {
        name: "main",
        image: "web:1",
        envFrom: [{ configMapRef: { name: "opt", optional: true } }],
      },
    ];
    const template = { metadata: { labels: { app: "lenient" } }, spec: { containers } };
    const spec = { replicas: 1, selector: { matchLabels: { app: "lenient" } }, template };
    const lenient = object("apps/v1", "Deployment", { name: "lenient", spec });
    await site.mirror.commit({ s1: { web: [configMap("opt", { k: "ours" }), lenient] } });
    site.start();

    const { message } = await told(site, "web", "other-tool");
    expect(message).not.toContain("waits for");
    await stands(site, `${deployments}/lenient`);
  });

  it("AC-29: writes nothing of a version of an atomic app that the cluster would refuse in part", async () => {
    const policies = { web: { drift: "correct" as const, ignored: [], atomic: true } };
    const inNew = (object: KubeObject): KubeObject => ({
      ...object,
      metadata: { ...object.metadata, namespace: "fresh" },
    });
    const commit = (...objects: KubeObject[]): Promise<string> =>
      site.mirror.commit({ s1: { web: objects, other: [configMap("o", {})] } }, { policies });
    const group = "atomic.example.org";
    const gear = object(`${group}/v1`, "Gear", { name: "g", namespace: "fresh" });
    const first = [
      namespaceOf("fresh"),
      definition("Gear", { group }),
      gear,
      inNew(configMap("a", {})),
    ];
    await commit(...first, configMap("kept", { version: "1" }));
    site.start();
    await site.settled("web");

    await commit(
      ...first,
      configMap("kept", { version: "2" }),
      configMap("NotAName", {}),
      configMap("b", {}),
    );
    const { message } = await told(site, "web", "nothing of this version is written here");
    expect(message).toContain("NotAName");
    expect(await dataOf(site, "kept")).toEqual({ version: "1" });
    expect((await site.cluster.get(`${configMaps}/b`)).status).toBe(404);

    await commit(...first, configMap("kept", { version: "2" }), configMap("b", {}));
    await site.settled("web");
    expect(await dataOf(site, "kept")).toEqual({ version: "2" });
    await stands(site, `${configMaps}/b`);
  });

  it("AC-30: begins nothing anew after a restart: what stands costs no write", async () => {
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "1" }), configMap("b", {})] } });
    site.start();
    await site.settled("web");
    await site.stop();
    site.cluster.proxy.forget();
    const reports = site.mirror.reports.length;
    site.start();
    await eventually("it reports again", () => site.mirror.reports.length > reports);
    await site.settled("web");
    await sleep(500);

    expect(site.cluster.writes()).toEqual([]);
  });
}
