/** Order and health at a real cluster: definitions before their objects, namespaces, pods that do not run. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { useTestSite } from "../support/kube-site.ts";
import { configMap, deployment, eventually } from "../support/kube-worker.ts";

const group = "things.example.org";

function definition(): KubeObject {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind: "Widget", plural: "widgets" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
          },
        },
      ],
    },
  };
}

function widget(namespace: string): KubeObject {
  return {
    apiVersion: `${group}/v1`,
    kind: "Widget",
    metadata: { name: "w", namespace },
    spec: { size: 1 },
  };
}

describe("order and health at a real cluster", { timeout: 60_000 }, () => {
  const site = useTestSite();

  it("applies a definition, a namespace and their objects from one commit, and removes them again", async () => {
    const namespace: KubeObject = {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "widgets" },
    };
    await site.mirror.commit({ s1: { things: [widget("widgets"), definition(), namespace] } });
    site.start();
    const report = await site.settled("things");
    expect(report).toMatchObject({ objects: 3, unverified: 1 });

    await site.mirror.commit({ s1: { things: { verb: "delete", release: "r", expected: 3 } } });
    await eventually("it has left", () => site.report("things")?.left, 30_000);
    const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    expect((await site.cluster.get(`${definitions}/widgets.${group}`)).status).toBe(404);
    expect((await site.cluster.get("/api/v1/namespaces/widgets")).status).toBe(404);
  });

  it("makes the app's namespace where it is missing, bare, and leaves it there", async () => {
    await site.mirror.commit(
      { s1: { web: [configMap("a", {}, "fresh")] } },
      { namespace: "fresh" },
    );
    site.start();
    const report = await site.settled("web");
    const live = await site.cluster.get("/api/v1/namespaces/fresh");
    expect(live.status).toBe(200);
    expect(JSON.stringify(live.body)).not.toContain("flotilla.dev/");
    expect(report.objects).toBe(1);

    await site.mirror.commit({ s1: { web: { verb: "delete", release: "r", expected: 1 } } });
    await eventually("it has left", () => site.report("web")?.left);
    expect((await site.cluster.get("/api/v1/namespaces/fresh")).status).toBe(200);
  });

  it("finds out by one object that the namespace is missing, however many there are", async () => {
    const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    const inside = "/api/v1/namespaces/many/configmaps/";
    await site.mirror.commit(
      { s1: { web: names.map((name) => configMap(name, {}, "many")) } },
      { namespace: "many" },
    );
    site.start();
    await site.settled("web");
    expect((await site.cluster.get(`${inside}h`)).status).toBe(200);
    const sent = site.cluster.proxy.requests();
    const applies = sent.filter(
      ({ method, path }) => method === "PATCH" && path.startsWith(inside),
    );
    expect(applies).toHaveLength(names.length + 1);
  });

  it("tells why the pods of a workload do not run, and when they do", async () => {
    site.kubelet.setScript([{ outcome: "crashing", match: { image: "web:bad" } }]);
    await site.mirror.commit({ s1: { web: [deployment("web", "web:1")] } });
    site.start();
    const good = await site.settled("web");
    expect(good).toMatchObject({ everHealthy: true, unverified: 0 });
    await site.mirror.commit({ s1: { web: [deployment("web", "web:bad"), configMap("c", {})] } });
    const bad = await eventually("it is told", () => {
      const report = site.report("web");
      return report?.message.includes("CrashLoopBackOff") === true ? report : undefined;
    });
    expect(bad).toMatchObject({
      health: "Progressing",
      healthyForMs: 0,
      tree: await site.treeOf("web"),
    });

    await site.mirror.commit({ s1: { web: [deployment("web", "web:2")] } });
    await site.settled("web");
    await eventually(
      "what the healthy app dropped is pruned",
      async () =>
        (await site.cluster.get("/api/v1/namespaces/default/configmaps/c")).status === 404,
    );
    const longer = await eventually("its healthy time grows", () => {
      const report = site.report("web");
      return (report?.healthyForMs ?? 0) > 1200 ? report : undefined;
    });
    expect(longer.longestHealthyMs).toBeGreaterThanOrEqual(longer.healthyForMs);
  });

  it("takes a Job that has finished and was cleared away for done, and does not run it again", async () => {
    const job: KubeObject = {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "once", namespace: "default" },
      spec: {
        template: {
          spec: { restartPolicy: "Never", containers: [{ name: "main", image: "job:1" }] },
        },
      },
    };
    await site.mirror.commit({ s1: { jobs: [job] } }, { driftIntervalMs: 300 });
    site.start();
    await site.settled("jobs");
    await site.cluster.remove(
      "/apis/batch/v1/namespaces/default/jobs/once?propagationPolicy=Background",
    );
    await sleep(2000);

    expect(site.report("jobs")).toMatchObject({ health: "Healthy", sync: "Synced" });
    const path = "/apis/batch/v1/namespaces/default/jobs/once";
    expect((await site.cluster.get(path)).status).toBe(404);
  });

  it("does not prune while the app is unhealthy", async () => {
    site.kubelet.setScript([{ outcome: "crashing", match: { image: "web:bad" } }]);
    await site.mirror.commit({ s1: { web: [deployment("web", "web:1"), configMap("c", {})] } });
    site.start();
    await site.settled("web");
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { web: [deployment("web", "web:bad")] } });
    const report = await eventually("it says what waits", () => {
      const told = site.report("web");
      return told?.message.includes("to be pruned") === true ? told : undefined;
    });
    expect(report.sync).toBe("OutOfSync");
    expect(site.cluster.proxy.count({ method: "DELETE" })).toBe(0);
  });

  it("classifies an immutable field and does not recreate the object", async () => {
    await site.mirror.commit({ s1: { web: [deployment("web", "web:1")] } });
    site.start();
    await site.settled("web");
    site.cluster.proxy.forget();
    const changed = JSON.parse(
      JSON.stringify(deployment("web", "web:1")).replaceAll('"app":"web"', '"app":"other"'),
    ) as KubeObject;
    await site.mirror.commit({ s1: { web: [changed] } });
    const report = await eventually("it is told", () => {
      const told = site.report("web");
      return told?.message.includes("cannot be changed") === true ? told : undefined;
    });
    expect(report.sync).toBe("OutOfSync");
    expect(site.cluster.proxy.count({ method: "DELETE" })).toBe(0);
  });

  it("goes on with the other apps while one kind cannot be read, and tells of the apps that have it", async () => {
    const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    const drift = { driftIntervalMs: 300 };
    const web = [deployment("web", "web:1"), configMap("c", { k: "1" })];
    await site.mirror.commit({ s1: { things: [definition(), widget("default")], web } }, drift);
    site.start();
    await site.settled("things");
    await site.settled("web");
    const failure = { kind: "Status", status: "Failure", reason: "InternalError", code: 500 };
    const body = JSON.stringify({ ...failure, message: "conversion webhook failed" });
    const path = /\/widgets/;
    site.cluster.proxy.fail({ kind: "status", status: 500, body }, { method: "GET", path });
    await site.cluster.put("/api/v1/namespaces/default/configmaps/c", { data: { k: "edited" } });

    const told = await eventually("the unread app is told", () => {
      const report = site.report("things");
      return report?.health === "Unknown" && report.sync === "OutOfSync" ? report : undefined;
    });
    expect(told.message).toContain("conversion webhook failed");
    await eventually("drift of the other app is repaired", async () => {
      const live = await site.cluster.get("/api/v1/namespaces/default/configmaps/c");
      return JSON.stringify(live.body["data"]) === '{"k":"1"}';
    });
    const times = site.report("web")?.healthyForMs ?? 0;
    await eventually("the other app is still looked at", () => {
      return (site.report("web")?.healthyForMs ?? 0) > times;
    });
    site.cluster.proxy.heal();
    await site.settled("things");
    await site.cluster.remove(`${definitions}/widgets.${group}`);
  });

  it("tells what a condition says, and none of the secrets in it", async () => {
    const secrets = [
      ["password=", "canary-one-secret"],
      ["postgres://admin:", "canary-two-secret", "@db.example:5432"],
      ["Authorization: Bearer ", "canary.three.secret.0123456789"],
      ["", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.canary4"],
    ];
    const text = `cannot reach the database (${secrets.map((parts) => parts.join("")).join(", ")})`;
    await site.mirror.commit({ s1: { things: [widget("default"), definition()] } });
    site.start();
    await site.settled("things");
    await site.cluster.put(`/apis/${group}/v1/namespaces/default/widgets/w`, {
      status: { conditions: [{ type: "Ready", status: "False", reason: "Broken", message: text }] },
    });
    await eventually("it is told", () =>
      site.report("things")?.message.includes("cannot reach the database"),
    );

    for (const [, canary = ""] of secrets) {
      expect(JSON.stringify(site.mirror.reports)).not.toContain(canary);
    }
    await site.mirror.commit({ s1: { things: { verb: "delete", release: "r", expected: 2 } } });
    await eventually("it has left", () => site.report("things")?.left, 30_000);
  });
});
