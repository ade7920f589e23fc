import { describe, expect, it } from "vitest";
import { metaMaker } from "../../src/controller/mirror-metas.ts";
import type { ReadState } from "../../src/controller/planner-input.ts";
import { Rendering } from "../../src/controller/rendering.ts";
import type { SourceFile } from "../../src/core/model/fleet-model.ts";
import { siteFacts } from "../../src/core/rollout/fleet-facts.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import type { SiteMeta } from "../../src/core/protocol/mirror-layout.ts";
import { eventually } from "../support/controller-mirror.ts";
import { openReleases, quiet, settledFleet } from "../support/controller-world.ts";
import { aFleet, aModel, appYaml } from "../support/fleet.ts";

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

  it("AC-24: is the one of its release where the fleet has the app no more and its mirror is lost", async () => {
    const spec = { serviceAccountName: "tenant" };
    const files: Record<string, SourceFile[]> = {
      c1: aFleet({ "apps/web.yaml": appYaml("web", { spec }) }),
      c2: aFleet({ "apps/web.yaml": null }),
    };
    const rendering = new Rendering(async (commit) => files[commit] ?? [], {
      tools: { render: async () => new Map() },
      clock: systemClock(),
      onReady: () => undefined,
      signal: new AbortController().signal,
    });
    await rendering.model("c1");
    const current = { release: { id: "web-1", digest: "d", renderer: 1, source: "c1" } };
    const state = { sites: {}, apps: { web: { current: { ...current, partial: [] }, open: [] } } };
    const model = aModel({ "apps/web.yaml": null });
    const head = { commit: "c2", model };
    const read = { rendering, head, control: { state } } as unknown as ReadState; // what is read of it here
    const nothing = { before: new Map(), movedMetas: new Map(), handOvers: [] };
    const metaOf = metaMaker(read, { facts: siteFacts(model), ...nothing });
    expect(metaOf("e1", ["till", "web"])).toMatchObject({
      apps: { web: { namespace: "web", release: null, serviceAccountName: "tenant" } },
      mustKnow: ["apps.serviceAccountName"],
    });
  });
});
