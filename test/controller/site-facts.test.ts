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
});
