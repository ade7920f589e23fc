import { describe, expect, it } from "vitest";
import { commitFleet, fourSites } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import { type ControllerBench, controllerBench } from "../support/controller-process.ts";
import { bothWorkers, everywhere, quiet, startController } from "../support/controller-world.ts";
import { appYaml, siteYaml } from "../support/fleet.ts";

const naming = appYaml("web", {
  spec: {
    overlays: [
      {
        virtualSites: ["all"],
        patches: [
          {
            target: { kind: "ConfigMap" },
            merge: { data: { peers: "${sites('ring=main').map(s, s.name + s.region).join(' ')}" } },
          },
        ],
      },
    ],
  },
});

/** What each site is told of its peers. */
async function peers(bench: ControllerBench): Promise<Record<string, string | undefined>> {
  const found: Record<string, string | undefined> = {};
  for (const site of fourSites) {
    const mirror = bench.mirror(site.startsWith("a") ? "east" : "west");
    const text = await mirror.file(`sites/${site}/web/_ConfigMap_web_settings.yaml`);
    found[site] = /peers: "?([^"\n]*)"?/.exec(text ?? "")?.[1];
  }
  return found;
}

const allOf = (text: string) => Object.fromEntries(fourSites.map((site) => [site, text]));

describe("a site that its peers name", { timeout: 120_000 }, () => {
  it("reaches them by a site release when it changes", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet, { "apps/web.yaml": naming });
    const controller = await startController(bench);
    await bothWorkers(controller);
    await everywhere(bench, "1");
    await quiet(bench);
    expect(await peers(bench)).toEqual(allOf("a2east b1west b2west"));

    await bench.fleet.commit({
      "sites/b2.yaml": siteYaml("b2", { region: "west", labels: { ring: "canary" } }),
    });
    await eventually("all sites know", async () => {
      const told = await peers(bench);
      return fourSites.every((site) => told[site] === "a2east b1west");
    });
    await quiet(bench);
    const history = await bench.control("log", "-p", "--format=", "main", "--", "apps/web/open");
    expect(history).toMatch(/"kind": ?"site"/);
  });
});
