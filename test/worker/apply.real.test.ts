/** The worker against real API servers: what it writes, and how little. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { useTestSite } from "../support/kube-site.ts";
import { configMap, deployment, eventually } from "../support/kube-worker.ts";

interface Pods {
  readonly template: { readonly spec: { readonly containers: object[] } };
}

const configMaps = "/api/v1/namespaces/default/configmaps";

describe("a worker at a real cluster", { timeout: 60_000 }, () => {
  const site = useTestSite();
  /** All but the question whether the cluster is there, which is asked at an interval. */
  const requests = (): string[] =>
    site.cluster.proxy
      .requests()
      .filter(({ path }) => path !== "/api/v1/namespaces/kube-system")
      .map(({ method, path }) => `${method} ${path}`);

  it("applies what the mirror holds, with its marks, and reports it healthy", async () => {
    await site.mirror.commit({
      s1: { web: [configMap("a", { k: "1" }), deployment("web", "web:1")] },
    });
    site.start();
    const report = await site.settled("web");

    expect(report).toMatchObject({ tree: await site.treeOf("web"), objects: 2, release: "r1" });
    const live = await site.cluster.get(`${configMaps}/a`);
    expect(live.body).toMatchObject({
      data: { k: "1" },
      metadata: {
        labels: { "flotilla.dev/app": "web" },
        annotations: { "flotilla.dev/owner": "demo/web" },
        managedFields: [{ manager: "flotilla/web", operation: "Apply" }],
      },
    });
    const inventory = await site.cluster.get(
      "/api/v1/namespaces/flotilla-system/configmaps/flotilla-web",
    );
    expect(inventory.body["data"]).toEqual({
      objects: "_ConfigMap_default_a\napps_Deployment_default_web\n",
    });
  });

  it("spends one PATCH on a content change of one object, and nothing on a commit that changes none", async () => {
    await site.mirror.commit({
      s1: { cfg: [configMap("a", { k: "1" }), configMap("b", { k: "1" })] },
    });
    site.start();
    await site.settled("cfg");
    await sleep(300);
    site.cluster.proxy.forget();

    await site.mirror.commit({
      s1: { cfg: [configMap("a", { k: "2" }), configMap("b", { k: "1" })] },
    });
    await site.settled("cfg");
    expect(requests()).toEqual([`PATCH ${configMaps}/a`]);

    site.cluster.proxy.forget();
    const head = await site.mirror.commit({
      s1: { cfg: [configMap("a", { k: "2" }), configMap("b", { k: "1" })] },
      s2: { other: [configMap("c", {})] },
    });
    await eventually("the new head is followed", () => site.mirror.last()?.head === head);
    await sleep(1500);
    expect(requests()).toEqual([]);
  });

  it("removes a probe that a release drops with the defaults that cannot stand without it", async () => {
    const probed = deployment("web", "web:1") as KubeObject & { spec: Pods };
    const livenessProbe = { httpGet: { path: "/", port: 80 } };
    Object.assign(probed.spec.template.spec.containers[0] ?? {}, { livenessProbe });
    const path = "/apis/apps/v1/namespaces/default/deployments";
    const created = `${path}?fieldManager=kubectl-create`;
    await site.cluster.api.request(created, { method: "POST", body: probed });
    const labels = { team: "blue" };
    await site.cluster.put(`${path}/web?fieldManager=kubectl-label`, { metadata: { labels } });
    await site.mirror.commit({ s1: { web: [probed] } });
    site.start();
    await site.settled("web");
    await site.mirror.commit({ s1: { web: [deployment("web", "web:1")] } });
    await site.settled("web");

    const { body } = await site.cluster.get(`${path}/web`);
    const { spec, metadata } = body as unknown as KubeObject & { spec: Pods };
    expect(spec.template.spec.containers[0]).not.toHaveProperty("livenessProbe");
    expect(metadata["labels"]).toMatchObject(labels);
    expect(site.report("web")?.message).not.toContain("no longer in Git");
  });

  it("prunes an object that the tree no longer has, and only that", async () => {
    await site.mirror.commit({
      s1: { cfg: [configMap("a", { k: "1" }), configMap("b", { k: "1" })] },
    });
    site.start();
    await site.settled("cfg");
    await site.mirror.commit({ s1: { cfg: [configMap("a", { k: "1" })] } });
    await site.settled("cfg");
    await eventually(
      "b is gone",
      async () => (await site.cluster.get(`${configMaps}/b`)).status === 404,
    );

    expect(site.cluster.writes().filter((one) => one.startsWith("DELETE"))).toEqual([
      `DELETE ${configMaps}/b`,
    ]);
    expect((await site.cluster.get(`${configMaps}/a`)).status).toBe(200);
    const inventory = await eventually("the inventory follows", async () => {
      const found = await site.cluster.get(
        "/api/v1/namespaces/flotilla-system/configmaps/flotilla-cfg",
      );
      const data = found.body["data"];
      return JSON.stringify(data) === '{"objects":"_ConfigMap_default_a\\n"}';
    });
    expect(inventory).toBe(true);
  });

  it("deletes nothing of an app or site that is missing without a marker, and says where it stopped", async () => {
    await site.mirror.commit({
      s1: { cfg: [configMap("a", { k: "1" })], web: [configMap("w", {})] },
    });
    site.start();
    await site.settled("cfg");
    await site.settled("web");
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { web: [configMap("w", {})] } });
    await eventually("the app is told as unassigned", () => site.report("cfg")?.sync === "Unknown");
    const gone = await site.mirror.commit({ s2: { web: [configMap("w", {})] } });
    await eventually(
      "the site is told as stopped",
      () => site.mirror.last()?.stopped["s1"] === gone,
    );

    expect(site.cluster.writes()).toEqual([]);
    expect((await site.cluster.get(`${configMaps}/a`)).status).toBe(200);
    expect((await site.cluster.get(`${configMaps}/w`)).status).toBe(200);
  });

  it("leaves by deleting exactly its objects where the marker says delete", async () => {
    await site.mirror.commit({ s1: { cfg: [configMap("a", {}), configMap("b", {})] } });
    site.start();
    await site.settled("cfg");
    await site.mirror.commit({ s1: { cfg: { verb: "delete", release: "r2", expected: 2 } } });
    await eventually("it has left", () => site.report("cfg")?.left);

    expect((await site.cluster.get(`${configMaps}/a`)).status).toBe(404);
    expect((await site.cluster.get(`${configMaps}/b`)).status).toBe(404);
    const inventory = "/api/v1/namespaces/flotilla-system/configmaps/flotilla-cfg";
    expect((await site.cluster.get(inventory)).status).toBe(404);
  });

  it("stops and says so where it would delete more than the marker expects", async () => {
    await site.mirror.commit({ s1: { cfg: [configMap("a", {}), configMap("b", {})] } });
    site.start();
    await site.settled("cfg");
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { cfg: { verb: "delete", release: "r2", expected: 1 } } });
    const report = await eventually("it says so", () => {
      const told = site.report("cfg");
      return told?.message.includes("nothing is deleted") === true ? told : undefined;
    });

    expect(report.left).toBe(false);
    expect(site.cluster.writes()).toEqual([]);
  });

  it("keeps tree and repair where the marker says hold", async () => {
    await site.mirror.commit({ s1: { cfg: [configMap("a", { k: "1" })] } });
    site.start();
    const { tree } = await site.settled("cfg");
    await site.mirror.commit(
      { s1: { cfg: { verb: "hold", release: "r2", expected: 1 } } },
      { driftIntervalMs: 500 },
    );
    await site.stop();
    site.start();
    await site.cluster.put(`${configMaps}/a`, { data: { k: "edited" } });
    await eventually("it is repaired", async () => {
      const live = await site.cluster.get(`${configMaps}/a`);
      return JSON.stringify(live.body["data"]) === '{"k":"1"}';
    });

    expect(site.report("cfg")).toMatchObject({ left: false, tree });
    expect(site.cluster.proxy.count({ method: "DELETE" })).toBe(0);
  });

  it("leaves its objects in place without its marks where the marker says orphan", async () => {
    await site.mirror.commit({ s1: { cfg: [configMap("a", { k: "1" })] } });
    site.start();
    await site.settled("cfg");
    await site.mirror.commit({ s1: { cfg: { verb: "orphan", release: "r2", expected: 1 } } });
    await eventually("it has left", () => site.report("cfg")?.left);

    const live = await site.cluster.get(`${configMaps}/a`);
    expect(live.body).toMatchObject({ data: { k: "1" } });
    expect(JSON.stringify(live.body["metadata"])).not.toContain("demo/cfg");
    expect(site.cluster.proxy.count({ method: "DELETE", path: `${configMaps}/a` })).toBe(0);
  });

  it("repairs a manual edit with one PATCH and leaves what others added", async () => {
    await site.mirror.commit(
      { s1: { web: [configMap("a", { k: "1" }), deployment("web", "web:1")] } },
      { driftIntervalMs: 700 },
    );
    site.start();
    await site.settled("web");
    site.cluster.proxy.forget();
    await site.cluster.put(`${configMaps}/a`, {
      data: { k: "edited", extra: "mine" },
      metadata: { annotations: { note: "kept" } },
    });
    await eventually("the edit is undone", async () => {
      const live = await site.cluster.get(`${configMaps}/a`);
      return JSON.stringify(live.body["data"]) === '{"extra":"mine","k":"1"}';
    });
    await site.settled("web");
    expect(site.cluster.writes()).toEqual([`PATCH ${configMaps}/a`]);

    await site.cluster.remove(`${configMaps}/a`);
    await eventually(
      "the deleted object is back",
      async () => (await site.cluster.get(`${configMaps}/a`)).status === 200,
    );
  });
});
