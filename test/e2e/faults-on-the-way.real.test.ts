/**
 * Sites, workers and the controller fail at the wrong moment, on real API servers: nothing is lost, nothing is
 * deleted, no gate is passed. One story: each test starts from a settled fleet and leaves one behind.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  appText,
  configMapText,
  fourSites,
  siteText,
  strategyText,
  virtualSiteText,
} from "./fleet-texts.ts";
import { configMapData, editConfigMap } from "./live.ts";
import { type World, createWorld, eventually } from "./world.ts";

const sites = ["a1", "a2", "b1", "b2"] as const;
const minutes = 60_000;

describe("faults on the way", { timeout: 4 * minutes }, () => {
  let world: World;

  beforeAll(async () => {
    world = await createWorld({ regions: { east: ["a1", "a2"], west: ["b1", "b2", "b3"] } });
    await world.repo.commit(fourSites(), "Start the fleet");
    world.startController();
    world.startWorker("east");
    world.startWorker("west");
    await allSettled();
  }, 4 * minutes);
  afterAll(() => world[Symbol.asyncDispose]());
  beforeEach(() => {
    for (const name of [...sites, "b3"]) world.site(name).wire.forget();
  });

  const colourAt = async (name: string): Promise<string | undefined> =>
    (await configMapData(world.site(name), "web", "settings"))?.["colour"];
  const colours = (): Promise<(string | undefined)[]> => Promise.all(sites.map(colourAt));
  const paint = (colour: string): Promise<string> =>
    world.repo.commit({ "manifests/web/settings.yaml": configMapText("settings", { colour }) });
  const becomes = (site: string, colour: string): Promise<unknown> =>
    eventually(`${site} is ${colour}`, async () => (await colourAt(site)) === colour);
  const allSettled = (): Promise<unknown> =>
    eventually("every site in sync and healthy, nothing open", async () => {
      const status = await world.status();
      if (status === null || status.releases.length > 0) return false;
      const { total, synced, healthy } = status.sites;
      return total > 0 && synced === total && healthy === total;
    });
  const followed = (): Promise<unknown> =>
    eventually("the head is followed", async () =>
      (await world.status())?.revision?.endsWith(await world.repo.git("rev-parse", "HEAD")),
    );
  const deletesSeen = (): number =>
    [...sites, "b3"].reduce(
      (sum, name) => sum + world.site(name).wire.count({ method: "DELETE" }),
      0,
    );
  const stagesOf = (stages: readonly string[], more: Parameters<typeof strategyText>[0] = {}) =>
    world.repo.commit({ "strategies/fast.yaml": strategyText({ stages, ...more }) });

  it("excuses a site that is down before the change, and lets it catch up with no step by hand", async () => {
    await world.site("b2").cluster.stop();
    await eventually("b2 is seen offline", async () => (await world.status())?.sites.offline === 1);

    await paint("green");
    await becomes("b1", "green");
    await eventually(
      "the release is through without b2",
      async () => (await world.status())?.releases.length === 0,
    );
    await world.site("b2").cluster.start();
    await allSettled();

    expect(await colours()).toEqual(["green", "green", "green", "green"]);
    expect(deletesSeen()).toBe(0);
  });

  it("lets a site that falls silent after the hand-over hold its slot and fail the stage", async () => {
    await stagesOf(["{ name: canary, selector: ring=canary }", "{ name: rest }"], {
      progressDeadline: "8s",
    });
    await followed();
    world.site("a1").wire.fail({ kind: "hang" }, { method: "PATCH" });
    world.site("a1").wire.fail({ kind: "hang" }, { method: "GET" });

    await paint("yellow");
    const failed = await eventually("the canary stage has failed", async () => {
      const status = await world.status();
      return status?.releases.find((release) => release.stages.some((stage) => stage.failed > 0));
    });
    await sleep(1500);
    const reached = await Promise.all(["a2", "b1", "b2"].map(colourAt));
    const waits = (await world.status())?.waits ?? [];
    world.site("a1").wire.heal();
    await becomes("a1", "yellow");
    const retry = await world.cli(
      "rollout",
      "retry",
      "web",
      failed.release.id,
      "--why",
      "the link is back",
    );
    await allSettled();

    expect(reached).toEqual(["green", "green", "green"]);
    expect(waits.some((wait) => wait.code === "failure-budget")).toBe(true);
    expect(retry.stderr).toBe("");
    expect(await colours()).toEqual(["yellow", "yellow", "yellow", "yellow"]);
    expect(deletesSeen()).toBe(0);
  });

  it("keeps repairing in the regions while the controller is gone", async () => {
    await world.controller().kill();

    await editConfigMap(
      world.site("a2"),
      { namespace: "web", name: "settings" },
      { colour: "pink" },
    );
    await becomes("a2", "yellow");
    await world.worker("west").kill();
    world.startWorker("west");
    await editConfigMap(
      world.site("b2"),
      { namespace: "web", name: "settings" },
      { colour: "pink" },
    );
    await becomes("b2", "yellow");
    world.startController();
    await allSettled();

    expect(deletesSeen()).toBe(0);
  });

  it("loses and orphans nothing when a worker is killed in the middle of an apply", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [
        `manifests/bulk/cm-${index}.yaml`,
        configMapText(`cm-${index}`, { index: String(index) }),
      ]),
    );
    const count = async (site: string): Promise<number> => {
      const { body } = await world.site(site).api.request("/api/v1/namespaces/bulk/configmaps");
      const items = (body["items"] ?? []) as readonly { metadata: { name: string } }[];
      return items.filter((item) => item.metadata.name.startsWith("cm-")).length;
    };
    world.site("a1").wire.fail({ kind: "slow", delayMs: 150 }, { method: "PATCH" });
    await world.repo.commit({ ...many, "apps/bulk.yaml": appText({ name: "bulk" }) });
    await eventually("a1 has some but not all", async () => {
      const present = await count("a1");
      return present > 2 && present < 20;
    });
    await world.worker("east").kill();
    const dropped = Object.fromEntries(
      Array.from({ length: 10 }, (_, index) => [`manifests/bulk/cm-${index}.yaml`, null]),
    );
    await world.repo.commit(dropped);
    world.site("a1").wire.heal();
    world.startWorker("east");
    await allSettled();

    expect(await Promise.all(sites.map(count))).toEqual([10, 10, 10, 10]);
    await world.repo.commit({ "apps/bulk.yaml": null, ...nulls(many, 10) });
    await eventually("bulk is gone", async () => (await count("a1")) + (await count("b2")) === 0);
    await allSettled();
  });

  it("starts a newer commit at its own canary, and a site that joins meanwhile ends on it too", async () => {
    await stagesOf(
      [
        "{ name: canary, selector: ring=canary }",
        "{ name: a2, selector: ring=second }",
        "{ name: rest }",
      ],
      { soak: "4s" },
    );
    await world.repo.commit({
      "sites/a2.yaml": siteText({ name: "a2", region: "east", labels: { ring: "second" } }),
    });
    await followed();
    await paint("first");
    await becomes("a2", "first");
    await paint("second");
    await becomes("a1", "second");
    const whenCanaryHadSecond = await colours();
    await world.repo.commit({
      "sites/b3.yaml": siteText({ name: "b3", region: "west", labels: { ring: "main" } }),
    });
    await eventually("b3 has joined", async () => (await colourAt("b3")) !== undefined);
    const atJoining = await colourAt("b3");
    await becomes("b3", "second");
    await allSettled();

    expect(whenCanaryHadSecond).toEqual(["second", "first", "yellow", "yellow"]);
    expect(atJoining).toBe("yellow");
    expect([...(await colours()), await colourAt("b3")]).toEqual(Array(5).fill("second"));
    expect(deletesSeen()).toBe(0);
  });

  it("passes no stage by being restarted while a worker is down", async () => {
    await stagesOf(
      [
        "{ name: canary, selector: ring=canary }",
        "{ name: a2, selector: ring=second }",
        "{ name: rest }",
      ],
      { soak: "500ms", progressDeadline: "60s" },
    );
    await followed();
    await world.worker("east").kill();
    await eventually(
      "east is silent",
      async () =>
        (await world.status())?.regions.find((region) => region.name === "east")?.worker ===
        "silent",
    );
    await paint("third");
    for (let restart = 0; restart < 3; restart += 1) {
      await sleep(1500);
      await world.controller().kill();
      world.startController();
      await eventually("the controller answers", () => world.status());
    }
    await sleep(2500);
    const withoutEast = [...(await colours()), await colourAt("b3")];
    world.startWorker("east");
    await becomes("a1", "third");
    await world.controller().kill();
    world.startController();
    await becomes("a2", "third");
    await world.controller().kill();
    world.startController();
    await allSettled();

    expect(withoutEast).toEqual(Array(5).fill("second"));
    expect([...(await colours()), await colourAt("b3")]).toEqual(Array(5).fill("third"));
    expect(deletesSeen()).toBe(0);
  });

  it("moves a site to another region without deleting or restarting anything there", async () => {
    // The new region's worker gets access to the cluster, as a platform team would give it.
    await world.grantSite("west", "a2");
    await world.repo.commit({
      "virtual/all.yaml": virtualSiteText("all", ""),
      "sites/a2.yaml": siteText({ name: "a2", region: "west", labels: { ring: "second" } }),
    });
    await eventually("a2 belongs to west", async () => {
      const status = await world.status();
      const site = status?.siteList.find((entry) => entry.site === "a2");
      return site?.region === "west" && site.apps.every((app) => app.sync === "Synced");
    });
    await paint("fourth");
    await becomes("a2", "fourth");
    await allSettled();

    expect(deletesSeen()).toBe(0);
  });
});

function nulls(edits: Readonly<Record<string, string>>, from: number): Record<string, null> {
  return Object.fromEntries(
    Object.keys(edits)
      .slice(from)
      .map((path) => [path, null]),
  );
}
