/** What a worker's log tells of its start and its clusters. */
import { join } from "node:path";
import { expect, describe, it, onTestFinished } from "vitest";
import { configMap, eventually, startTestWorker, workerConfig } from "../support/kube-worker.ts";
import { useStandInFleet } from "../support/stand-in-fleet.ts";

function linesOf(log: string, message: string): string[] {
  return log.split("\n").filter((line) => line.includes(`"${message}`));
}

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
    await eventually("it is told", () => fleet.mirror.site("s1")?.message.includes("CLUSTER_AUTH"));
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

  it("tells once that a cluster answers again, and for how long it did not", async () => {
    await fleet.mirror.commit({ s1: { web: [configMap("a", { k: "1" })] } });
    const worker = await fleet.start(["s1"], { offlineAfter: "1s" });
    const of = (message: string): string[] => linesOf(worker.log(), message);
    await eventually("it stands", () => fleet.mirror.app("s1", "web")?.sync === "Synced");
    expect(of("the cluster can be worked with again")).toEqual([]);
    fleet.clusters.delayMs = () => Number.POSITIVE_INFINITY;
    await eventually("it is away", () => fleet.mirror.site("s1")?.reachable === false);
    expect(of("the cluster can be worked with again")).toEqual([]);
    fleet.clusters.delayMs = () => 0;
    await eventually("it is back", () => fleet.mirror.site("s1")?.reachable === true);
    await new Promise((resolve) => setTimeout(resolve, 1500));

    const [line = "", ...more] = of("the cluster can be worked with again");
    expect(more).toEqual([]);
    const told: unknown = JSON.parse(line);
    expect(told).toMatchObject({ level: "info", site: "s1", awayMs: expect.any(Number) });
    expect((told as { awayMs: number }).awayMs).toBeGreaterThanOrEqual(1000);
  });
});
