import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { useTestSite } from "../support/kube-site.ts";
import { deployment, eventually } from "../support/kube-worker.ts";
import { modelBed } from "../support/test-bed.ts";

describe("the Secrets of an app in trouble", { timeout: 60_000 }, () => {
  const site = useTestSite(1, modelBed);

  it("are read for what is told anew, and not at every look", async () => {
    const db: KubeObject = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "db", namespace: "default" },
      stringData: { password: "tr0ub4dor and three" },
    };
    site.kubelet.setScript([{ outcome: "crashing", match: { image: "web:bad" } }]);
    await site.mirror.commit({ s1: { web: [deployment("web", "web:bad"), db] } });
    site.start();
    await eventually("it is told", () => site.report("web")?.message.includes("CrashLoopBackOff"));

    const { proxy } = site.cluster;
    const reads = (): number =>
      proxy.count({ method: "GET", path: "/api/v1/namespaces/default/secrets/db" });
    const looks = (): number =>
      proxy.count({ method: "GET", path: "/api/v1/namespaces/default/pods" });
    expect(reads()).toBeGreaterThan(0);
    proxy.forget();
    await eventually("more looks", () => looks() >= 6, 30_000);
    expect(reads()).toBeLessThanOrEqual(1);
  });
});
