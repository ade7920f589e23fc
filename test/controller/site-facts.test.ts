/** What workers tell of sites: also workers that are newer than the controller. */
import { describe, expect, it } from "vitest";
import { eventually } from "../support/controller-mirror.ts";
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
});
