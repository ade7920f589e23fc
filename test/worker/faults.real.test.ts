/** Reads that fail in every way, at a real cluster: nothing is deleted, one message, and all is well afterwards. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { HttpFault } from "../support/fault-proxy.ts";
import { useTestSite } from "../support/kube-site.ts";
import { configMap, eventually } from "../support/kube-worker.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";

const emptyList = JSON.stringify({ kind: "List", apiVersion: "v1", metadata: {}, items: [] });
const notFound = JSON.stringify({
  kind: "Status",
  reason: "NotFound",
  status: "Failure",
  code: 404,
});
const kinds = /^\/apis?(\/\w+)*$/;
const faults: readonly (readonly [string, HttpFault, RegExp])[] = (
  [
    ["404 pages for what kinds there are", { kind: "status", status: 404 }, kinds],
    ["404 pages", { kind: "status", status: 404, body: "not here" }],
    ["404 of an API server", { kind: "status", status: 404, body: notFound }],
    ["403", { kind: "status", status: 403 }],
    ["401", { kind: "status", status: 401 }],
    ["429 with Retry-After", { kind: "status", status: 429, headers: { "retry-after": "1" } }],
    ["500", { kind: "status", status: 500 }],
    ["hanging", { kind: "hang" }],
    ["refused connections", { kind: "refuse" }],
    ["resets in the middle of the answer", { kind: "reset", afterBytes: 40 }],
    ["answers cut short", { kind: "cut", afterBytes: 40 }],
    ["empty answers", { kind: "empty" }],
    ["lists without items", { kind: "replace", body: () => emptyList }],
  ] as readonly (readonly [string, HttpFault, RegExp?])[]
).map(([name, fault, path = /./]) => [name, fault, path] as const);

describe("faulty reads", { timeout: 60_000 }, () => {
  const site = useTestSite();

  it.each(faults)("delete nothing: %s", async (_, fault, path) => {
    await site.mirror.commit(
      { s1: { web: [configMap("a", { k: "1" }), configMap("b", {}), configMap("c", {})] } },
      { driftIntervalMs: 300 },
    );
    site.start();
    await site.settled("web");
    site.cluster.proxy.forget();
    site.cluster.proxy.fail(fault, { method: "GET", path });
    await sleep(800);
    // Restarted in it, with objects to prune that it cannot look at.
    await site.stop();
    site.start();
    await site.mirror.commit(
      { s1: { web: [configMap("a", { k: "2" }), configMap("b", {})] } },
      { driftIntervalMs: 300 },
    );
    await sleep(800);
    expect(site.cluster.proxy.count({ method: "DELETE" })).toBe(0);

    site.cluster.proxy.heal();
    await site.settled("web");
    await eventually(
      "only what was dropped is gone",
      async () => (await site.cluster.get(`${configMaps}/c`)).status === 404,
    );
    expect((await site.cluster.get(`${configMaps}/a`)).body["data"]).toEqual({ k: "2" });
    expect((await site.cluster.get(`${configMaps}/b`)).status).toBe(200);
    const deletes = site.cluster.writes().filter((one) => one.startsWith("DELETE"));
    expect(deletes.filter((one) => one !== `DELETE ${configMaps}/c`)).toEqual([]);
  });

  it("makes a site offline that does not answer, and takes it up again without help", async () => {
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "1" })] } });
    site.start();
    await site.settled("web");
    site.cluster.proxy.fail({ kind: "hang" });
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "2" })] } });
    await eventually("it is offline", () => site.mirror.site("s1")?.reachable === false);
    expect(site.mirror.site("s1")?.message).toContain("CLUSTER_UNREACHABLE");

    site.cluster.proxy.heal();
    await site.settled("web");
    await eventually("it is back", () => site.mirror.site("s1")?.reachable);
    expect((await site.cluster.get(`${configMaps}/a`)).body["data"]).toEqual({ k: "2" });
  });

  it("applies the other apps while one of them is refused", async () => {
    await site.mirror.commit({
      s1: { bad: [configMap("NotAName", {})], good: [configMap("a", {})] },
    });
    site.start();
    await site.settled("good");
    const told = await eventually("the bad one is told", () => {
      const report = site.report("bad");
      return report?.message === "" ? undefined : report;
    });
    expect(told).toMatchObject({ tree: null, sync: "OutOfSync" });
    expect(told.message).toContain("ConfigMap default/NotAName");
  });

  it("keeps the values of a refused Secret out of its message", async () => {
    await site.mirror.commit({
      s1: {
        web: [
          {
            apiVersion: "v1",
            kind: "Secret",
            metadata: { name: "s", namespace: "default" },
            data: { key: "c3VwZXItc2VjcmV0LWNhbmFyeQ==!" },
          },
        ],
      },
    });
    site.start();
    const told = await eventually("it is told", () => {
      const report = site.report("web");
      return report?.message === "" ? undefined : report;
    });
    expect(told.message).toContain("Secret default/s");
    expect(JSON.stringify(site.mirror.reports)).not.toContain("c3VwZXI");
  });
});
