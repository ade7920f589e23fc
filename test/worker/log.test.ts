/** What a worker's log tells of its start and its clusters. */
import { join } from "node:path";
import { expect, describe, it, onTestFinished } from "vitest";
import { configMap, eventually, startTestWorker, workerConfig } from "../support/kube-worker.ts";
import { useStandInFleet } from "../support/stand-in-fleet.ts";

describe("a worker's log", { timeout: 60_000 }, () => {
  const fleet = useStandInFleet();

  it("tells the start, and once a kubeconfig that cannot be read", async () => {
    const missing = join(fleet.stateDir, "no-kubeconfig");
    await fleet.mirror.commit({ s1: { web: [configMap("a", { k: "1" })] } });
    const worker = startTestWorker(workerConfig(fleet.mirror, fleet.stateDir, { s1: missing }));
    onTestFinished(() => worker.stop());
    const of = (message: string): string[] =>
      worker
        .log()
        .split("\n")
        .filter((line) => line.includes(`"${message}"`));
    const probes = await eventually("it is told", () => fleet.mirror.site("s1")?.message);
    expect(probes).toContain("CLUSTER_AUTH");
    await eventually("it is logged", () => of("the cluster cannot be worked with").length > 0);
    await new Promise((resolve) => setTimeout(resolve, 1500));

    expect(of("worker runs")).toHaveLength(1);
    const [line = "", ...more] = of("the cluster cannot be worked with");
    expect(more).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({
      level: "warn",
      site: "s1",
      reason: expect.stringContaining(`CLUSTER_AUTH: cannot read the kubeconfig ${missing}`),
    });
  });
});
