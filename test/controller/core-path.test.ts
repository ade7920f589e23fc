import { describe, expect, it } from "vitest";
import { eventually } from "../support/controller-mirror.ts";
import { commitFleet, type Files, webVersion } from "../support/controller-fleet.ts";
import { controllerBench } from "../support/controller-process.ts";
import {
  bothWorkers,
  everywhere,
  heads,
  pause,
  quiet,
  startController,
  versions,
} from "../support/controller-world.ts";
import { appYaml, configMapYaml, fleetYaml, siteYaml, virtualSiteYaml } from "../support/fleet.ts";

describe("a commit", { timeout: 120_000 }, () => {
  it("goes to the canary first, and further only when it is healthy there", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const controller = await startController(bench);
    const workers = await bothWorkers(controller);
    await everywhere(bench, "1");
    await quiet(bench);
    workers.east.script.health = (_site, _app) => "Progressing";
    const commit = await bench.fleet.commit(webVersion("2"));
    await eventually("the canary has version 2", async () => (await versions(bench))["a1"] === "2");
    await pause(600);
    expect(await versions(bench)).toEqual({ a1: "2", a2: "1", b1: "1", b2: "1" });
    workers.east.script.health = () => "Healthy";
    await everywhere(bench, "2");
    await quiet(bench);
    const status = await eventually("all synced", async () => {
      const now = await controller.status();
      return now?.sites.synced === 4 && now.releases.length === 0 && now;
    });
    expect(status.revision).toBe(`main@sha1:${commit}`);
    expect(status.sites).toMatchObject({ total: 4, healthy: 4, offline: 0 });
    workers.west.script.reachable = (site) => site !== "b2";
    const last = await eventually("one is offline", async () => {
      const now = await controller.status();
      return now?.sites.offline === 1 && now;
    });
    // It was healthy when it last answered.
    expect(last.sites).toMatchObject({ total: 4, healthy: 3 });
    expect(last.apps).toMatchObject([{ app: "web", sites: 4, healthy: 3 }]);
  });

  it("that is healthy as far as anybody can tell is shown with what nobody could", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const controller = await startController(bench);
    const workers = await bothWorkers(controller);
    workers.east.script.unverified = (site) => (site === "a1" ? 3 : 0);
    await everywhere(bench, "1");
    const told = await eventually("all are healthy", async () => {
      const now = await controller.status();
      const apps = now?.siteList.map(({ site, apps: [web] }) => [site, web] as const) ?? [];
      return apps.length === 4 && apps.every(([, web]) => web?.health === "Healthy") && apps;
    });
    expect(Object.fromEntries(told)).toMatchObject({
      a1: { sync: "Synced", health: "Healthy", message: "not verified: 3 objects" },
      a2: { sync: "Synced", health: "Healthy", message: "" },
    });
  });

  it("that changes nothing writes nothing to the mirrors, and many polls write nothing at all", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    await bothWorkers(await startController(bench));
    await everywhere(bench, "1");
    await quiet(bench);
    await pause(700);
    const before = await heads(bench);
    await pause(1500);
    expect(await heads(bench)).toEqual(before);
    const commit = await bench.fleet.commit({ "README.md": "words\n" });
    await eventually("followed", async () => {
      const head = await bench.control("show", "main:head.json").catch(() => "");
      return head.includes(commit);
    });
    await pause(500);
    const after = await heads(bench);
    expect(after.slice(1)).toEqual(before.slice(1));
  });

  it("that moves the app to another namespace tells its workers which one to make", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet, {
      "apps/web.yaml": appYaml("web", {
        spec: { overlays: [{ virtualSites: ["all"], namespace: "shop-${site.name}" }] },
      }),
    });
    await bothWorkers(await startController(bench));
    const path = "sites/b2/web/_ConfigMap_shop-b2_settings.yaml";
    await eventually("b2 has the app", async () => bench.mirror("west").file(path));
    const text = await bench.mirror("west").file("meta/b2.json");
    expect(JSON.parse(text ?? "")).toMatchObject({ apps: { web: { namespace: "shop-b2" } } });
  });

  it("that moves to where the app says it is already still tells which namespace to make, there alone", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet, {
      "virtual/one.yaml": virtualSiteYaml("one", "ring=canary"),
      "apps/web.yaml": appYaml("web", {
        spec: { overlays: [{ virtualSites: ["one"], namespace: "shop" }] },
      }),
      "manifests/web/settings.yaml": configMapYaml("settings", { version: "1" }).replace(
        "{name: settings}",
        "{name: settings, namespace: shop}",
      ),
    });
    await bothWorkers(await startController(bench));
    const told = async (mirror: "east" | "west", site: string): Promise<unknown> => {
      const path = `sites/${site}/web/_ConfigMap_shop_settings.yaml`;
      await eventually(`${site} has the app`, async () => bench.mirror(mirror).file(path));
      const text = await bench.mirror(mirror).file(`meta/${site}.json`);
      const { apps } = JSON.parse(text ?? "") as { apps: Record<string, { namespace: string }> };
      return apps["web"]?.namespace;
    };
    expect(await told("east", "a1")).toBe("shop");
    expect(await told("west", "b2")).toBe("web");
  });

  it("that adds a site brings it what the others have", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    await bothWorkers(await startController(bench));
    await everywhere(bench, "1");
    await quiet(bench);
    await bench.fleet.commit({
      "sites/b3.yaml": siteYaml("b3", { region: "west", labels: { ring: "main" } }),
    });
    const path = "sites/b3/web/_ConfigMap_web_settings.yaml";
    await eventually("b3 has the app", async () => bench.mirror("west").file(path));
    const text = await bench.mirror("west").file("meta/b3.json");
    expect(JSON.parse(text ?? "")).toMatchObject({
      site: "b3",
      apps: { web: { namespace: "web" } },
    });
  });

  it("that adds sites gives itself no room for them, the next one does", async () => {
    const bench = await controllerBench();
    const fleet = (spec: object): Files => ({
      "fleet.yaml": fleetYaml({ rollout: { strategy: "fast" }, ...spec }),
    });
    await commitFleet(bench.fleet, fleet({ maxSitesInFlight: 1 }));
    const { west } = await bothWorkers(await startController(bench));
    await everywhere(bench, "1");
    await quiet(bench);
    west.script.health = (site) => (/b[345]/u.test(site) ? "Progressing" : "Healthy");
    const added = Object.fromEntries(
      ["b3", "b4", "b5"].map((site) => [`sites/${site}.yaml`, siteYaml(site, { region: "west" })]),
    );
    await bench.fleet.commit({ ...added, ...fleet({}) });
    const joined = async (): Promise<string[]> => {
      const files = await bench.mirror("west").files();
      return files.filter((path) => /^sites\/b[345]\/web\//u.test(path));
    };
    await eventually("one joins", async () => (await joined()).length > 0);
    await pause(600);
    expect(await joined()).toHaveLength(1);
    await bench.fleet.commit({ "README.md": "words\n" });
    await eventually("all join", async () => (await joined()).length === 3);
  });

  it("of an app that two sites get writes only their paths", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    await bothWorkers(await startController(bench));
    await everywhere(bench, "1");
    await quiet(bench);
    const before = await bench.mirror("west").head();
    await bench.fleet.commit({
      "virtual/one.yaml": virtualSiteYaml("one", "ring=canary"),
      "apps/shop.yaml": appYaml("shop", { virtualSites: ["one"] }),
      "manifests/shop/settings.yaml": configMapYaml("settings", { a: "b" }),
    });
    const east = bench.mirror("east");
    await eventually("a1 has shop", async () =>
      east.file("sites/a1/shop/_ConfigMap_shop_settings.yaml"),
    );
    expect(await bench.mirror("west").head()).toBe(before);
    const changed = await east.git("diff", "--name-only", "main~1", "main");
    expect(changed.split("\n")).toEqual([
      "meta/a1.json",
      "sites/a1/shop/_ConfigMap_shop_settings.yaml",
    ]);
  });

  it("that removes an app takes it away by a removal release, marker first", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet);
    const controller = await startController(bench);
    const workers = await bothWorkers(controller);
    await everywhere(bench, "1");
    await quiet(bench);
    workers.west.script.health = () => undefined;
    await bench.fleet.commit({ "apps/web.yaml": null });
    const marker = await eventually("b1 is told to leave", async () =>
      bench.mirror("west").file("sites/b1/web.leaving"),
    );
    expect(JSON.parse(marker)).toMatchObject({ verb: "delete", expected: 1 });
    workers.west.script.health = () => "Healthy";
    await quiet(bench);
    await eventually("no marker is left", async () => {
      const files = await bench.mirror("west").files();
      return files.every((path) => !path.startsWith("sites/"));
    });
    expect(await bench.mirror("west").files()).toEqual(["meta/b1.json", "meta/b2.json"]);
  });
});
