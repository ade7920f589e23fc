/** Health by the rules of users, against real API servers. */
import { describe, expect, it } from "vitest";
import type { AppPolicy } from "../../src/core/protocol/mirror-layout.ts";
import { useTestSite } from "../support/kube-site.ts";
import { configMap, eventually } from "../support/kube-worker.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";

describe("an app whose health is told by rules", { timeout: 60_000 }, () => {
  const site = useTestSite();
  const policy = (healthy: string): AppPolicy => ({
    drift: "ignore",
    ignored: [],
    health: [
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        healthy,
        degraded: "has(object.data.k) && object.data.k == 'bad'",
        message: "'it says ' + object.data.k",
      },
    ],
  });

  it("is as well as they say, also of kinds that say nothing otherwise, and never by no answer", async () => {
    const content = { s1: { cfg: [configMap("a", { k: "good" })] } };
    const policies = { cfg: policy("object.data.k == 'good'") };
    await site.mirror.commit(content, { policies });
    site.start();
    await site.settled("cfg");
    site.cluster.proxy.forget();
    await site.cluster.put(`${configMaps}/a`, { data: { k: "bad" } });
    const bad = await eventually("it is told as bad", () => {
      const report = site.report("cfg");
      return report?.health === "Degraded" ? report : undefined;
    });
    expect(bad.message).toContain("ConfigMap default/a: it says bad");

    await site.cluster.put(`${configMaps}/a`, { data: { k: null } });
    const untold = await eventually("it is told as unknown", () => {
      const report = site.report("cfg");
      return report?.health === "Unknown" ? report : undefined;
    });
    expect(untold.message).toContain("the rule for ConfigMap gives no answer");
    expect(untold.healthyForMs).toBe(0);

    // Another rule is in force at once, and writes nothing.
    await site.mirror.commit(content, { policies: { cfg: { drift: "ignore", ignored: [] } } });
    await eventually("it is well again", () => site.report("cfg")?.health === "Healthy");
    expect(site.cluster.writes()).toEqual([]);
  });
});
