/** What workers tell of sites: also workers that are newer than the controller. */
import { describe, expect, it } from "vitest";
import { eventually } from "../support/controller-mirror.ts";
import { webVersion } from "../support/controller-fleet.ts";
import { settledFleet } from "../support/controller-world.ts";

describe("facts of a site", { timeout: 60_000 }, () => {
  it("are shown as its worker tells them, and what this controller does not know is passed over", async () => {
    const { controller, workers } = await settledFleet();
    workers.east.script.facts = (site) => ({
      novelty: { any: ["thing"] },
      ...(site === "a1" ? { kubernetesVersion: "v1.30.2" } : {}),
    });
    const site = await eventually("it is told", async () => {
      const { siteList } = (await controller.status()) ?? { siteList: [] };
      const found = siteList.find(({ kubernetesVersion }) => kubernetesVersion !== undefined);
      return found !== undefined && siteList.filter((each) => each.site !== "b1");
    });
    expect(site.map((each) => [each.site, each.kubernetesVersion, each.reachable])).toEqual([
      ["a1", "v1.30.2", true],
      ["a2", undefined, true],
      ["b2", undefined, true],
    ]);
    expect(JSON.stringify(await controller.status())).not.toContain("novelty");
    // It starts nothing.
    expect((await controller.status())?.releases).toEqual([]);
  });

  it("AC-14: are since when an app stands there, and since when it is healthy, as two times", async () => {
    const { controller, workers } = await settledFleet();
    const site = async () =>
      (await controller.status())?.siteList.find((each) => each.site === "a1")?.apps[0];
    const { appliedAt = "", healthySince } = (await site()) ?? {};
    expect(Date.parse(appliedAt)).toBeLessThanOrEqual(Date.now());
    expect(Date.parse(healthySince ?? "")).toBeGreaterThanOrEqual(Date.parse(appliedAt) - 100);

    workers.east.script.health = (at) => (at === "a1" ? "Degraded" : "Healthy");
    const sick = await eventually("it is not healthy", async () => {
      const app = await site();
      return app?.health === "Degraded" ? app : undefined;
    });
    expect(sick).not.toHaveProperty("healthySince");
    expect(Math.abs(Date.parse(sick.appliedAt ?? "") - Date.parse(appliedAt))).toBeLessThan(1000);
    const explained = await controller.request(`/api/v1/explain?site=a1&app=${sick.app}`);
    expect(await explained.json()).toMatchObject({
      observed: { health: "Degraded", appliedAt: expect.any(String) },
    });
  });

  it("tell with each wait for a site that does not answer what its worker has met there", async () => {
    const { bench, controller, workers } = await settledFleet();
    const met = "https://a1.example:6443 refuses connections (ECONNREFUSED)";
    workers.east.script.reachable = (site) => site !== "a1";
    workers.east.script.facts = (site) =>
      site === "a1"
        ? { message: `CLUSTER_UNREACHABLE: ${met}; look at it; it is asked again` }
        : {};
    await eventually("it is offline", async () => (await controller.status())?.sites.offline === 1);
    await bench.fleet.commit(webVersion("2"));
    const told = `a1 does not answer: excused, it catches up later; its worker says: ${met}`;
    const waits = await eventually("it waits", async () => {
      const all = (await controller.status())?.waits.filter(({ code }) => code === "offline");
      return all !== undefined && all.length > 0 && all;
    });
    expect(waits.map(({ site, reason }) => [site, reason])).toEqual([["a1", told]]);
    const explained = await controller.request("/api/v1/explain?site=a1&app=web");
    expect(await explained.json()).toMatchObject({
      answer: `web is at a1, as its virtual sites say: ${told}`,
      waits: expect.arrayContaining([expect.objectContaining({ site: "a1", reason: told })]),
    });
  });
});
