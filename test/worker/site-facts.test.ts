/** What a worker tells of its clusters beside their apps. */
import { describe, expect, it } from "vitest";
import { configMap, eventually } from "../support/kube-worker.ts";
import { useStandInFleet } from "../support/stand-in-fleet.ts";

describe("which Kubernetes a site is", { timeout: 60_000 }, () => {
  const fleet = useStandInFleet();
  const told = (site: string): string | undefined => fleet.mirror.site(site)?.kubernetesVersion;
  const begin = async (): Promise<void> => {
    const web = { web: [configMap("a", { k: "1" })] };
    await fleet.mirror.commit({ s1: web, s2: web });
    await fleet.start(["s1", "s2"], { offlineAfter: "1s" });
  };
  const asked = (): number =>
    fleet.clusters.requests.filter((line) => line === "s1 GET /version").length;

  it("is told, asked once, and asked anew when it was away", async () => {
    fleet.clusters.version = (site) => (site === "s1" ? "v1.30.2+k3s1" : "v1.36.4");
    await begin();
    await eventually(
      "both are told",
      () => told("s1") === "v1.30.2+k3s1" && told("s2") === "v1.36.4",
    );
    expect(asked()).toBe(1);
    fleet.clusters.version = () => "v1.37.0";
    fleet.clusters.delayMs = (site) => (site === "s1" ? Number.POSITIVE_INFINITY : 0);
    await eventually("it is away", () => fleet.mirror.site("s1")?.reachable === false);
    expect(told("s1")).toBe("v1.30.2+k3s1");
    fleet.clusters.delayMs = () => 0;
    await eventually("it is told anew", () => told("s1") === "v1.37.0");
    expect(told("s2")).toBe("v1.36.4");
  });

  it("is not told where the cluster says no version, and nothing else suffers", async () => {
    fleet.clusters.version = (site) => (site === "s1" ? "a\nb" : "v1.36.4");
    await begin();
    await eventually("the other is told", () => told("s2") === "v1.36.4");
    await eventually("its app is told", () => fleet.mirror.app("s1", "web")?.sync === "Synced");
    expect(told("s1")).toBeUndefined();
    expect(fleet.mirror.site("s1")).toMatchObject({ reachable: true, message: "" });
  });

  it("is kept from a controller that refuses what it does not know, and told to the next one", async () => {
    fleet.mirror.isOld = true;
    await begin();
    await eventually("reports are taken", () => fleet.mirror.app("s1", "web")?.sync === "Synced");
    await eventually("it is asked", () => asked() === 1);
    await fleet.mirror.commit({ s1: { web: [configMap("a", { k: "2" })] } });
    await eventually("it goes on", () => fleet.mirror.last()?.head !== "");
    expect(told("s1")).toBeUndefined();
    fleet.mirror.isOld = false;
    fleet.mirror.forget();
    await eventually("it is told", () => told("s1") === "v1.36.4");
  });
});
