/**
 * The whole path on real API servers: two regions with two clusters each, controller and workers as processes of
 * their own, a real Git repository. The tests are one story: each starts from where the one before it ended.
 */
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GitHubStandIn, startGitHubStandIn } from "../support/github-stand-in.ts";
import {
  appText,
  configMapText,
  deploymentText,
  fourSites,
  regionText,
  siteText,
  strategyText,
  virtualSiteText,
} from "./fleet-texts.ts";
import { clusterUid, configMapData, deploymentImage, editConfigMap, readLive } from "./live.ts";
import { type World, createWorld, eventually } from "./world.ts";

const run = promisify(execFile);
const sites = ["a1", "a2", "b1", "b2"] as const;
const minutes = 60_000;

describe("a commit reaches real clusters", { timeout: 3 * minutes }, () => {
  let world: World;
  let github: GitHubStandIn;

  beforeAll(async () => {
    github = await startGitHubStandIn({ repository: "acme/fleet", token: "gh-test-token" });
    world = await createWorld({
      regions: { east: ["a1", "a2"], west: ["b1", "b2"] },
      github: { repository: "acme/fleet", apiUrl: github.url, token: "gh-test-token" },
    });
  }, 3 * minutes);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await github[Symbol.asyncDispose]();
  });

  const colours = (): Promise<(string | undefined)[]> =>
    Promise.all(
      sites.map(
        async (name) => (await configMapData(world.site(name), "web", "settings"))?.["colour"],
      ),
    );
  const allSettled = (): Promise<unknown> =>
    eventually("every site in sync and healthy", async () => {
      const status = await world.status();
      if (status === null || status.releases.length > 0) return false;
      const { total, synced, healthy } = status.sites;
      return total > 0 && synced === total && healthy === total;
    });
  const deletesSeen = (): number =>
    sites.reduce((sum, name) => sum + world.site(name).wire.count({ method: "DELETE" }), 0);
  const patchesSeen = (): number =>
    sites.reduce((sum, name) => sum + world.site(name).wire.count({ method: "PATCH" }), 0);
  const excused = (...words: readonly string[]): Promise<unknown> =>
    eventually(`the word on ${words.slice(0, 2).join(" ")} is taken`, async () => {
      const { code, stderr } = await world.cli("rollout", "excuse", ...words);
      if (code !== 0) throw new Error(stderr);
      return true;
    });
  const forgetRequests = (): void => {
    for (const name of sites) world.site(name).wire.forget();
  };

  it("brings the first commit to every site and says so on the commit", async () => {
    const commit = await world.repo.commit(fourSites(), "Start the fleet");
    world.startController();
    world.startWorker("east");
    world.startWorker("west");

    await allSettled();

    expect(await colours()).toEqual(["blue", "blue", "blue", "blue"]);
    expect(await deploymentImage(world.site("b2"), "web", "web")).toBe("example.com/web:1");
    await eventually(
      "a green commit status",
      () => github.statuses(commit).at(0)?.state === "success",
    );
    expect(github.statuses(commit).at(-1)?.state).toBe("pending");
  });

  it("changes a site of the next stage only after the stage before it is through", async () => {
    await world.repo.commit({
      "strategies/fast.yaml": strategyText({
        stages: ["{ name: canary, selector: ring=canary }", "{ name: rest }"],
        soak: "3s",
      }),
    });
    await eventually("the strategy is followed", async () =>
      (await world.status())?.revision?.endsWith(await world.repo.git("rev-parse", "HEAD")),
    );

    await world.repo.commit({
      "manifests/web/settings.yaml": configMapText("settings", { colour: "green" }),
    });
    await eventually("the canary has it", async () => (await colours())[0] === "green");
    const whenCanaryHadIt = await colours();
    await sleep(1500);
    const whileItSoaks = await colours();
    await allSettled();

    expect(whenCanaryHadIt).toEqual(["green", "blue", "blue", "blue"]);
    expect(whileItSoaks).toEqual(["green", "blue", "blue", "blue"]);
    expect(await colours()).toEqual(["green", "green", "green", "green"]);
  });

  it("sends one PATCH per changed object and cluster, and nothing when nothing changed", async () => {
    await sleep(2000);
    forgetRequests();
    await world.repo.commit({
      "manifests/web/settings.yaml": configMapText("settings", { colour: "red" }),
    });
    await allSettledAt("red");
    const patches = patchesSeen();
    await world.repo.commit({ "README.md": "# A fleet\n" });
    await sleep(3000);

    expect(patches).toBe(4);
    expect(patchesSeen()).toBe(4);
    expect(deletesSeen()).toBe(0);
  });

  const allSettledAt = async (colour: string): Promise<void> => {
    await eventually(`everything is ${colour}`, async () =>
      (await colours()).every((c) => c === colour),
    );
    await allSettled();
  };

  it("tells by the site's own worker that nothing differs and nothing is to be taken over", async () => {
    const diff = await world.cli("diff", "b2");
    const adopt = await world.cli("adopt", "b2", "--app", "web", "-o", "json");
    const nowhere = await world.cli("diff", "nowhere");

    expect([diff.code, diff.stdout]).toEqual([0, "web at b2: 2 objects, no difference\n"]);
    expect([adopt.code, JSON.parse(adopt.stdout)]).toMatchObject([0, { site: "b2" }]);
    expect([nowhere.code, nowhere.stdout]).toEqual([2, ""]);
  });

  it("repairs what somebody edited by hand", async () => {
    await editConfigMap(
      world.site("b1"),
      { namespace: "web", name: "settings" },
      { colour: "pink" },
    );

    await allSettledAt("red");

    expect(await colours()).toEqual(["red", "red", "red", "red"]);
  });

  it("deletes an object that a commit dropped, and only that", async () => {
    await world.repo.commit({ "manifests/web/extra.yaml": configMapText("extra", { a: "1" }) });
    await eventually("extra is everywhere", async () => {
      const all = await Promise.all(sites.map((s) => configMapData(world.site(s), "web", "extra")));
      return all.every((data) => data !== null);
    });
    await allSettled();
    forgetRequests();

    await world.repo.commit({ "manifests/web/extra.yaml": null });
    await eventually("extra is gone everywhere", async () => {
      const all = await Promise.all(sites.map((s) => configMapData(world.site(s), "web", "extra")));
      return all.every((data) => data === null);
    });
    await allSettled();

    expect(deletesSeen()).toBe(4);
    expect(await colours()).toEqual(["red", "red", "red", "red"]);
  });

  it("changes nothing on a commit that does not parse, and turns it red with file and line", async () => {
    const before = await world.status();
    forgetRequests();

    const commit = await world.repo.commit({
      "apps/web.yaml": `${appText({ name: "web" })}  bogus: 1\n`,
    });
    await eventually(
      "a red commit status",
      () => github.statuses(commit).at(0)?.state === "failure",
    );
    await sleep(1500);

    expect(github.statuses(commit).at(0)?.description).toMatch(/apps\/web\.yaml:\d+:\d+/);
    expect((await world.status())?.revision).toBe(before?.revision);
    expect(patchesSeen() + deletesSeen()).toBe(0);
    await world.repo.commit({ "apps/web.yaml": appText({ name: "web" }) });
    await allSettled();
  });

  it("deletes nothing when a Site file moves", async () => {
    forgetRequests();
    const a2 = siteText({ name: "a2", region: "east", labels: { ring: "main", tier: "shop" } });

    await world.repo.commit({ "sites/a2.yaml": null, "moved/shops/a2.yaml": a2 });
    await sleep(3000);
    await allSettled();

    expect(deletesSeen()).toBe(0);
    expect(await colours()).toEqual(["red", "red", "red", "red"]);
    await world.repo.commit({ "sites/a2.yaml": a2, "moved/shops/a2.yaml": null });
  });

  it("lets a label change of a site arrive although its app is held", async () => {
    const overlay = `    - virtualSites: [gold]
      patches:
        - merge: { apiVersion: v1, kind: ConfigMap, metadata: { name: settings }, data: { grade: gold } }
`;
    await world.repo.commit({
      "virtual/gold.yaml": virtualSiteText("gold", "grade=gold"),
      "apps/web.yaml": appText({ name: "web", overlays: overlay }),
      "sites/a1.yaml": siteText({
        name: "a1",
        region: "east",
        labels: { ring: "canary", grade: "gold" },
      }),
    });
    await eventually(
      "a1 is gold",
      async () => (await configMapData(world.site("a1"), "web", "settings"))?.["grade"] === "gold",
    );
    await allSettled();
    const paused = await world.cli("rollout", "pause", "--app", "web", "--why", "looking at it");
    await world.repo.commit({
      "manifests/web/settings.yaml": configMapText("settings", { colour: "held" }),
    });
    await eventually(
      "the held release is open",
      async () => ((await world.status())?.releases.length ?? 0) > 0,
    );

    await world.repo.commit({
      "sites/b1.yaml": siteText({
        name: "b1",
        region: "west",
        labels: { ring: "main", grade: "gold" },
      }),
    });
    await sleep(3000);
    const whileHeld = await Promise.all(
      sites.map((name) => configMapData(world.site(name), "web", "settings")),
    );
    const resumed = await world.cli("rollout", "resume", "--app", "web", "--why", "fine");
    await allSettledAt("held");

    expect([paused.code, resumed.code]).toEqual([0, 0]);
    expect(whileHeld.map((data) => data?.["colour"])).toEqual(["red", "red", "red", "red"]);
    expect((await configMapData(world.site("b1"), "web", "settings"))?.["grade"]).toBe("gold");
  });

  it("takes an app away by a removal release", async () => {
    await world.repo.commit({
      "apps/tools.yaml": appText({ name: "tools" }),
      "manifests/tools/tools.yaml": configMapText("tools", { a: "1" }),
    });
    await eventually("tools is everywhere", async () => {
      const all = await Promise.all(
        sites.map((s) => configMapData(world.site(s), "tools", "tools")),
      );
      return all.every((data) => data !== null);
    });
    await allSettled();
    forgetRequests();

    await world.repo.commit({ "apps/tools.yaml": null });
    await eventually("tools is gone everywhere", async () => {
      const all = await Promise.all(
        sites.map((s) => configMapData(world.site(s), "tools", "tools")),
      );
      return all.every((data) => data === null);
    });
    await allSettled();

    // The ConfigMap itself and the inventory object; the bare namespace stays.
    expect(deletesSeen()).toBe(8);
    expect(await readLive(world.site("a1"), "/api/v1/namespaces/tools")).not.toBeNull();
  });

  it("deletes nothing when a Region is renamed, and goes back on an operator's word", async () => {
    forgetRequests();
    const west = (name: string, region: string): string =>
      siteText({ name, region, labels: { ring: "main" } });

    await world.repo.commit({
      "regions/west.yaml": null,
      "regions/occident.yaml": regionText("occident"),
      "sites/b1.yaml": west("b1", "occident"),
      "sites/b2.yaml": west("b2", "occident"),
    });
    // Its mirror is not written before its worker was heard, and there is none: somebody has to say so.
    await excused("--region", "occident", "--why", "its worker is still to come");
    await eventually("occident has both sites", async () => {
      const listed = ["ls-tree", "--name-only", "main:sites"];
      const { stdout } = await run("git", ["-C", world.mirrorRepo("occident"), ...listed]);
      return stdout.trim() === "b1\nb2";
    });
    await sleep(2000);

    expect(deletesSeen()).toBe(0);
    expect((await configMapData(world.site("b2"), "web", "settings"))?.["colour"]).toBe("held");
    await world.repo.commit({
      "regions/west.yaml": regionText("west"),
      "regions/occident.yaml": null,
      "sites/b1.yaml": west("b1", "west"),
      "sites/b2.yaml": west("b2", "west"),
    });
    // The new region never had a worker that could say that it has stopped: somebody has to say so.
    for (const name of ["b1", "b2"]) {
      const uid = await clusterUid(world.site(name));
      await excused("--site", name, "--uid", uid, "--why", "nobody serves occident");
    }
    await allSettled();
    expect(deletesSeen()).toBe(0);
  });

  it("does not know the image of a workload any better than the cluster: the release is done when pods are ready", async () => {
    world.site("a1").kubelet.setScript([{ match: { namespace: "web" }, outcome: "stalled" }]);
    await world.repo.commit({
      "manifests/web/deployment.yaml": deploymentText("web", "example.com/web:2"),
    });
    await eventually(
      "a1 has the image",
      async () => (await deploymentImage(world.site("a1"), "web", "web")) === "example.com/web:2",
    );
    await sleep(4000);
    const others = await deploymentImage(world.site("b1"), "web", "web");
    world.site("a1").kubelet.setScript([]);
    await allSettled();

    expect(others).toBe("example.com/web:1");
    expect(await deploymentImage(world.site("b1"), "web", "web")).toBe("example.com/web:2");
  });
});
