import { describe, expect, it } from "vitest";
import {
  PlannerWorld,
  quick,
  someSites,
  type WorldApp,
  type WorldHead,
} from "../../support/planner-world.ts";

const allAtOnce = { ...quick, stages: [{ name: "all" }], failureBudget: "100%" };

/** `web` depends on `db`. */
const apps = (
  db: Partial<WorldApp> & { version: string },
  web: Partial<WorldApp> & { version: string },
): WorldHead["apps"] => ({
  db: { strategy: allAtOnce, ...db },
  web: { strategy: allAtOnce, dependsOn: ["db"], ...web },
});

const v = (version: string): { version: string } => ({ version });

/** A fleet with both at v1; strategies are those of the commit before. */
function settledWorld(
  sites: WorldHead["sites"] = someSites(2),
  [db, web]: readonly Partial<WorldApp>[] = [],
): PlannerWorld {
  const world = new PlannerWorld();
  world.follow({ sites, apps: apps({ version: "v1", ...db }, { version: "v1", ...web }) });
  return world.run(30);
}

describe("an app that depends on another", () => {
  it("comes to a site when the other has come there and is healthy", () => {
    const world = new PlannerWorld();
    world.behaviour = ({ site, app, afterMs }) =>
      app === "db" && site === "s2" && afterMs < 5000 ? "Progressing" : "Healthy";
    world.follow({ sites: someSites(2), apps: apps(v("v1"), v("v1")) });
    world.settle();
    expect(world.trees("web")).toEqual({});
    expect(world.waitsOf("s1", "web")).toMatchObject([
      {
        code: "dependency",
        reason: expect.stringMatching(/^web depends on db, and db-\S+ is in flight there: /),
        endsWhen: "db has got it there and is healthy",
      },
    ]);
    world.run(3);
    expect(Object.keys(world.trees("web"))).toEqual(["s1"]);
    world.run(10);
    expect(Object.keys(world.trees("web"))).toEqual(["s1", "s2"]);
  });

  it("moves at once where the other does not change, is not placed, or is only unwell", () => {
    const world = settledWorld();
    world.behaviour = ({ app }) => (app === "db" ? "Degraded" : "Healthy");
    world.run(2);
    world.follow({ sites: someSites(2), apps: apps(v("v1"), v("v2")) });
    world.run(1);
    expect(world.on("web", "v2")).toEqual(["s1", "s2"]);

    const apart = settledWorld();
    const places = (_: object, site: string): boolean => site === "s2";
    apart.follow({ sites: someSites(2), apps: apps({ version: "v1", places }, v("v1")) });
    apart.run(20);
    apart.follow({ sites: someSites(2), apps: apps({ version: "v2", places }, v("v2")) });
    apart.settle();
    expect(apart.on("web", "v2")).toEqual(["s1"]);
  });

  it("waits for a later stage of the other, and takes no slot meanwhile", () => {
    const staged = { ...quick, stages: [{ name: "first", selector: "site=s4" }] };
    const one = { ...allAtOnce, maxInFlight: 1 };
    const world = settledWorld(someSites(4), [{ strategy: staged }, { strategy: one }]);
    world.follow({
      sites: someSites(4),
      apps: apps({ version: "v2", strategy: staged }, { version: "v2", strategy: one }),
    });
    world.run(3);
    expect([world.on("db", "v2"), world.on("web", "v2")]).toEqual([["s4"], ["s4"]]);
    expect(world.waitsOf("s1", "web")[0]?.reason).toMatch(/has still to reach the site$/);
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(4);
  });

  it("says that the other failed, and goes with its fix", () => {
    const strategy = { ...allAtOnce, failureBudget: 0, rollback: "failed" as const };
    const world = settledWorld(someSites(2), [{ strategy }]);
    world.behaviour = ({ tree }) => (tree === "db:v2" ? "Degraded" : "Healthy");
    world.follow({ sites: someSites(2), apps: apps({ version: "v2", strategy }, v("v2")) });
    world.run(15);
    expect(world.on("db", "v1")).toEqual(["s1", "s2"]);
    expect(world.on("web", "v2")).toEqual([]);
    expect(world.waitsOf("s1", "web")).toMatchObject([
      { code: "dependency", reason: expect.stringMatching(/failed there: Degraded/) },
    ]);
    world.follow({ sites: someSites(2), apps: apps({ version: "v3", strategy }, v("v2")) });
    world.run(10);
    expect(world.on("web", "v2")).toEqual(["s1", "s2"]);
  });

  it("waits where the other failed within its budget, as long as that release is open or it is not well", () => {
    const strategy = {
      ...quick,
      stages: [
        { name: "first", count: 3, failureBudget: 1 },
        { name: "rest", promotion: "manual" as const },
      ],
      failureBudget: 1,
    };
    const broken = (): [PlannerWorld, string] => {
      const world = settledWorld(someSites(6), [{ strategy: allAtOnce }]);
      world.follow({ sites: someSites(6), apps: apps({ version: "v1", strategy }, v("v1")) });
      world.run(1);
      let bad = "";
      world.behaviour = ({ site, tree, afterMs }) => {
        if (tree === "db:v2" && bad === "") bad = site;
        if (tree === "db:v2" && bad === site) return "Degraded";
        return afterMs >= 1000 ? "Healthy" : "Progressing";
      };
      world.follow({ sites: someSites(6), apps: apps({ version: "v2", strategy }, v("v2")) });
      world.run(40);
      expect(Object.keys(world.release("db").failed)).toEqual([bad]);
      expect(Object.keys(world.release("db").passed)).toEqual(["first"]);
      return [world, bad];
    };
    const [world, bad] = broken();
    expect(world.on("web", "v2")).toHaveLength(5);
    const [wait] = world.waitsOf(bad, "web");
    expect(wait?.reason).toMatch(/^web depends on db, and db-.* failed there: Degraded/u);
    expect(wait?.endsWhen).toMatch(/^db is healthy there on what it brings, or .* is through/u);
    world.behaviour = () => "Healthy";
    world.run(5);
    expect(world.on("web", "v2")).toHaveLength(6);

    // Well there is what its cluster refuses the half of, but that is not yet what the other brings.
    const [mixed, refusing] = broken();
    mixed.isRefused = (site, tree) => site === refusing && tree === "db:v2";
    mixed.behaviour = () => "Healthy";
    mixed.run(5);
    expect(mixed.on("web", "v2")).toHaveLength(5);
    mixed.isRefused = () => false;
    mixed.run(5);
    expect(mixed.on("web", "v2")).toHaveLength(6);

    const [through] = broken();
    through.decide({ verb: "promote", app: "db", why: "seen" });
    through.run(10);
    expect(through.open("db")).toBeUndefined();
    expect(through.on("web", "v2")).toHaveLength(6);
  });

  it("does not wait for a version that is not tried again", () => {
    const strategy = { ...allAtOnce, failureBudget: 0, rollback: "failed" as const };
    const world = settledWorld(someSites(2), [{ strategy }]);
    world.behaviour = ({ tree }) => (tree === "db:v2" ? "Degraded" : "Healthy");
    const follow = (db: string, web: string): void => {
      world.follow({ sites: someSites(2), apps: apps({ version: db, strategy }, v(web)) });
      world.run(20);
    };
    follow("v2", "v1");
    follow("v3", "v1");
    follow("v2", "v2");
    expect(world.on("db", "v3")).toEqual(["s1", "s2"]);
    expect(world.on("web", "v2")).toEqual(["s1", "s2"]);
  });

  it("goes where an operator excuses the other, and waits where it is held", () => {
    const world = settledWorld();
    world.decide({ verb: "pause", scope: { app: "db" }, why: "looking" });
    world.follow({ sites: someSites(2), apps: apps(v("v2"), v("v2")) });
    world.run(5);
    expect(world.on("web", "v2")).toEqual([]);
    const { id } = world.release("db");
    world.decide({ verb: "excuse", app: "db", release: id, site: "s1", why: "special" });
    world.run(2);
    expect(world.on("web", "v2")).toEqual(["s1"]);
  });

  it("catches up after the other at a site that was away", () => {
    const world = settledWorld();
    world.offline.add("s2");
    world.work();
    world.follow({ sites: someSites(2), apps: apps(v("v2"), v("v2")) });
    world.run(20);
    world.offline.delete("s2");
    world.work();
    world.settle();
    expect([world.on("db", "v2"), world.on("web", "v2")]).toEqual([["s1", "s2"], ["s1"]]);
    expect(world.waitsOf("s2", "web")[0]?.reason).toBe(
      "web depends on db, which comes to the site by the open list first",
    );
    world.run(5);
    expect(world.on("web", "v2")).toEqual(["s1", "s2"]);
  });

  it("comes to a new site after the other", () => {
    const world = settledWorld(someSites(3));
    world.follow({ sites: someSites(4), apps: apps(v("v1"), v("v1")) });
    world.run(20);
    const joined = world.story.flatMap(({ handOver: { site, apps: moved } }) =>
      site === "s4" ? moved.map(({ app }) => app) : [],
    );
    expect(joined).toEqual(["db", "web"]);
  });

  it("leaves before the other, when both leave", () => {
    const world = settledWorld();
    world.follow({ sites: someSites(2), apps: {} });
    world.settle();
    expect(world.trees("web")).toEqual({ s1: "leaving", s2: "leaving" });
    expect(world.trees("db")).toEqual({ s1: "db:v1", s2: "db:v1" });
    expect(world.waitsOf("s1", "db")).toMatchObject([
      {
        code: "dependency",
        reason: expect.stringMatching(/^web depends on db and leaves the site first/),
      },
    ]);
    world.run(10);
    expect([world.trees("web"), world.trees("db")]).toEqual([{}, {}]);
    expect(world.plan.waits).toEqual([]);
  });

  it("leaves before the other where both are only placed elsewhere", () => {
    const world = settledWorld();
    const places = (_: object, site: string): boolean => site === "s1";
    world.follow({
      sites: someSites(2),
      apps: apps({ version: "v1@b", places }, { version: "v1@b", places }),
    });
    world.settle();
    expect([world.trees("db")["s2"], world.trees("web")["s2"]]).toEqual(["db:v1", "leaving"]);
    world.run(10);
    expect([world.trees("db")["s2"], world.trees("web")["s2"]]).toEqual([undefined, undefined]);
  });

  it("goes together with the other where an object goes from one to the other", () => {
    const sites = someSites(2);
    const [own, shared] = [["_ConfigMap_a_own"], ["_ConfigMap_a_own", "_ConfigMap_a_shared"]];
    const other = ["_ConfigMap_b_other"];
    const world = new PlannerWorld();
    world.follow({
      sites,
      apps: apps(
        { version: "v1", objects: own },
        { version: "v1", objects: [...other, "_ConfigMap_a_shared"] },
      ),
    });
    world.run(30);
    world.follow({
      sites,
      apps: apps({ version: "v2", objects: shared }, { version: "v2", objects: other }),
    });
    world.run(20);
    expect([world.on("db", "v2"), world.on("web", "v2")]).toEqual([
      ["s1", "s2"],
      ["s1", "s2"],
    ]);
  });

  it("does not wait for what waits for an app that moves with it", () => {
    const sites = someSites(1);
    const chain = (version: string, [webs, dbs]: [string[], string[]]): WorldHead["apps"] => ({
      web: { version, strategy: allAtOnce, dependsOn: ["mid"], objects: webs },
      mid: { version, strategy: allAtOnce, dependsOn: ["db"] },
      db: { version, strategy: allAtOnce, objects: dbs },
    });
    const world = new PlannerWorld();
    world.follow({
      sites,
      apps: chain("v1", [["_ConfigMap_a_w", "_ConfigMap_a_x"], ["_ConfigMap_a_d"]]),
    });
    world.run(30);
    world.follow({
      sites,
      apps: chain("v2", [["_ConfigMap_a_w"], ["_ConfigMap_a_d", "_ConfigMap_a_x"]]),
    });
    world.run(20);
    expect(["web", "mid", "db"].map((app) => world.on(app, "v2"))).toEqual([
      ["s1"],
      ["s1"],
      ["s1"],
    ]);
  });

  it("waits for the other also where it is taken along because it takes an object over", () => {
    const isShop = ({ shop }: Readonly<Record<string, string>>): boolean => shop === "yes";
    const shared = "_ConfigMap_x_shared";
    const mine = "_ConfigMap_x_api";
    const placed = { version: "v1", strategy: allAtOnce, places: isShop };
    const api: WorldApp = {
      version: "v1",
      strategy: allAtOnce,
      variant: (labels) => (isShop(labels) ? "shop" : "plain"),
      variantObjects: { plain: [mine, shared], shop: [mine] },
    };
    const web = { ...placed, objects: [shared], dependsOn: ["db"] };
    const all = { api, web, db: { ...placed, objects: ["_ConfigMap_x_db"] } };
    const shop = { labels: { shop: "yes" } };
    const world = new PlannerWorld();
    world.behaviour = ({ app, site, afterMs }) =>
      app === "db" && site === "s1" && afterMs < 5000 ? "Progressing" : "Healthy";
    world.follow({ sites: { s1: { labels: {} }, s2: shop }, apps: all });
    world.run(30);
    const before = world.story.length;
    world.follow({ sites: { s1: shop, s2: shop }, apps: all });
    world.run(3);
    expect(world.waitsOf("s1", "api")).toMatchObject([
      {
        code: "dependency",
        reason: expect.stringMatching(/^web depends on db, .*\(api moves together with web: /),
      },
    ]);
    world.run(10);
    const order = world.story
      .slice(before)
      .map(({ handOver: { apps: steps } }) => steps.map(({ app }) => app));
    expect(order).toEqual([["db"], ["api", "web"]]);
  });
});
