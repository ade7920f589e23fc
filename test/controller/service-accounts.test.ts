import { describe, expect, it } from "vitest";
import type { SiteMeta } from "../../src/core/protocol/mirror-layout.ts";
import { eventually } from "../support/controller-mirror.ts";
import { openReleases, quiet, settledFleet } from "../support/controller-world.ts";
import { appYaml } from "../support/fleet.ts";

describe("the service account of an app", { timeout: 120_000 }, () => {
  it("AC-24: goes to all sites at once and by no release, and stays where the app is leaving", async () => {
    const { bench, workers } = await settledFleet();
    const west = bench.mirror("west");
    const told = async (): Promise<SiteMeta> =>
      JSON.parse((await west.file("meta/b2.json")) ?? "") as SiteMeta; // written by the controller
    const { apps: before } = await told();
    const spec = { serviceAccountName: "tenant" };
    await bench.fleet.commit({ "apps/web.yaml": appYaml("web", { spec }) });
    const { apps, mustKnow } = await eventually("it is told", async () => {
      const now = await told();
      return now.apps["web"]?.serviceAccountName !== undefined && now;
    });
    expect(apps).toEqual({ web: { ...before["web"], serviceAccountName: "tenant" } });
    expect(mustKnow).toEqual(["apps.serviceAccountName"]);
    expect(await openReleases(bench)).toEqual([]);

    workers.west.script.health = () => undefined;
    await bench.fleet.commit({ "apps/web.yaml": null });
    await eventually("it is to leave", async () => west.file("sites/b2/web.leaving"));
    expect(await told()).toMatchObject({ apps, mustKnow });
    workers.west.script.health = () => "Healthy";
    await quiet(bench);
    await eventually("it has left", async () => (await told()).apps["web"] === undefined);
    expect(await told()).not.toHaveProperty("mustKnow");
  });
});
