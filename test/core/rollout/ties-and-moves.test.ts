import { describe, expect, it } from "vitest";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

const sites = someSites(4);

describe("an object that goes from one app to another", () => {
  const before: WorldHead["apps"] = {
    api: { version: "v1", objects: ["_Service_x_api", "_Service_x_shared"] },
    web: { version: "v1", objects: ["_Service_x_web"] },
  };
  const after: WorldHead["apps"] = {
    api: { version: "v2", objects: ["_Service_x_api"] },
    web: { version: "v2", objects: ["_Service_x_web", "_Service_x_shared"] },
  };

  function swapped(): PlannerWorld {
    const world = new PlannerWorld();
    world.follow({ sites, apps: before });
    world.run(20);
    world.follow({ sites, apps: after });
    return world;
  }

  it("moves both in one mirror commit at every site, and is no deletion", () => {
    const world = swapped();
    const start = world.story.length;
    expect(world.release("api").deletions.objects).toBe(0);
    world.run(30);

    expect(world.on("api", "v2")).toHaveLength(4);
    expect(world.on("web", "v2")).toHaveLength(4);
    const moved = world.story
      .slice(start)
      .map(({ handOver }) => handOver.apps.map(({ app }) => app));
    expect(moved).toEqual([1, 2, 3, 4].map(() => ["api", "web"]));
    expect(world.control.apps["api"]?.open).toEqual([]);
    expect(world.control.apps["web"]?.open).toEqual([]);
  });

  it("does not keep a label change from coming to a canary that has it, by a release of its own", () => {
    const strategy = {
      ...quick,
      soak: "5s",
      stages: [{ name: "canary", count: 1 }, { name: "rest" }],
    };
    const head = (
      version: "v1" | "v2",
      labels: Record<string, WorldHead["sites"][string]> = {},
    ) => {
      const named = Object.entries(version === "v1" ? before : after);
      const variant = ({ c = "" }: Readonly<Record<string, string>>): string => c;
      const apps = Object.fromEntries(
        named.map(([app, one]) => [
          app,
          { ...one, strategy, ...(app === "web" ? { variant } : {}) },
        ]),
      );
      return { sites: { ...sites, ...labels }, apps };
    };
    const world = new PlannerWorld();
    world.follow(head("v1"));
    world.run(60);
    world.follow(head("v2"));
    world.run(3);
    const [canary = ""] = world.on("web", "v2");
    world.follow(head("v2", { [canary]: { labels: { c: "red" } } }));
    world.run(1);
    const release = world.release("web", "site").id;
    world.run(2);
    expect(world.handed("web").at(-1)).toBe(`${canary} ${release}`);
    expect(world.trees("web")[canary]).toBe("web:v2:red");
    expect(world.on("web", "v2")).toHaveLength(1);
    world.run(60);
    expect(world.control.apps["web"]?.open).toEqual([]);
    expect(world.on("api", "v2")).toHaveLength(4);
  });

  it("waits for both while one of them is on hold, and says so", () => {
    const world = swapped();
    world.decide({ verb: "pause", scope: { app: "web" }, why: "not now" });
    world.run(20);

    expect(world.on("api", "v1")).toHaveLength(4);
    expect(world.waitsOf(null, "api")[0]?.reason).toContain("web moves together with api");
    world.decide({ verb: "resume", scope: { app: "web" }, why: "now" });
    world.run(30);
    expect(world.on("api", "v2")).toHaveLength(4);
  });

  it("names, at both, the approval of the one that lacks it", () => {
    const strategy = {
      ...quick,
      stages: [
        { name: "one", count: 1 },
        { name: "two", approval: true },
      ],
    };
    const apps = (of: WorldHead["apps"]): WorldHead["apps"] =>
      Object.fromEntries(Object.entries(of).map(([app, one]) => [app, { ...one, strategy }]));
    const world = new PlannerWorld();
    world.follow({ sites, apps: apps(before) });
    for (const app of ["api", "web"]) approveSecond(world, app);
    world.run(30);
    world.follow({ sites, apps: apps(after) });
    world.run(20);
    approveSecond(world, "api");
    world.run(5);

    const needs = { app: "web", release: world.release("web").id, what: "stage", value: "two" };
    for (const app of ["api", "web"]) expect(world.waitsOf(null, app)[0]?.needs).toEqual(needs);
    approveSecond(world, "web");
    world.run(30);
    expect(world.on("api", "v2")).toHaveLength(4);
  });

  function approveSecond(world: PlannerWorld, app: string): void {
    const release = world.release(app).id;
    world.decide({ verb: "approve", app, release, stage: "two", why: "seen" });
  }

  it("takes the stages of the first and the stricter budgets of both", () => {
    const strategy = {
      ...quick,
      stages: [{ name: "one", count: 1 }, { name: "two" }],
      maxInFlight: 1,
    };
    const world = new PlannerWorld();
    const apps = (of: WorldHead["apps"]): WorldHead["apps"] => ({
      ...of,
      web: { ...of["web"], version: of["web"]?.version ?? "", strategy },
    });
    world.follow({ sites, apps: apps(before) });
    world.run(40);
    world.follow({ sites, apps: apps(after) });
    world.settle();

    expect(world.release("web").stages.map(({ name }) => name)).toEqual(["canary", "rest"]);
    expect(world.release("api").list).toMatchObject(
      Object.fromEntries(
        Object.entries(world.release("web").list).map(([site, { stage }]) => [site, { stage }]),
      ),
    );
    let most = 0;
    for (let second = 0; second < 60; second += 1) {
      world.run(1);
      const inFlight = world.progress().flatMap(({ stages }) => stages.map((one) => one.inFlight));
      most = Math.max(most, ...inFlight);
    }
    expect(most).toBe(1);
    expect(world.on("web", "v2")).toHaveLength(4);
  });

  it("joins a release that is under way already", () => {
    const world = new PlannerWorld();
    world.follow({ sites, apps: before });
    world.run(20);
    world.follow({ sites, apps: { ...before, api: after["api"] ?? { version: "" } } });
    world.run(6);
    expect(world.on("api", "v2").length).toBeGreaterThan(0);
    world.follow({ sites, apps: after });
    world.run(60);

    expect(world.on("api", "v2")).toHaveLength(4);
    expect(world.on("web", "v2")).toHaveLength(4);
    expect(world.control.apps["web"]?.open).toEqual([]);
  });

  it("that goes to an app which is not placed there is deleted", () => {
    const world = new PlannerWorld();
    world.follow({ sites, apps: before, deletionBudget: { objects: 1, percent: 100 } });
    world.run(20);
    world.follow({
      sites,
      apps: {
        api: after["api"] ?? { version: "" },
        web: { ...after["web"], version: "v2", places: () => false },
      },
    });
    expect(world.release("api").deletions.objects).toBe(4);
  });

  it("also when the giving app leaves: marker and tree come in one commit", () => {
    const world = new PlannerWorld();
    world.follow({ sites, apps: before });
    world.run(20);
    const start = world.story.length;
    world.follow({
      sites,
      apps: {
        web: { version: "v2", objects: ["_Service_x_web", "_Service_x_shared", "_Service_x_api"] },
      },
    });
    world.run(40);

    expect(world.trees("api")).toEqual({});
    expect(world.on("web", "v2")).toHaveLength(4);
    const both = world.story.slice(start).filter(({ handOver }) => handOver.apps.length === 2);
    expect(both).toHaveLength(4);
  });
});

describe("a site that moves to another region", () => {
  const web: WorldHead["apps"] = { web: { version: "v1" } };
  const moved = { ...sites, s2: { region: "us" } };

  function moving(dead: boolean): PlannerWorld {
    const world = new PlannerWorld();
    world.follow({ sites, apps: web });
    world.run(20);
    if (dead) world.silence("eu", true);
    world.follow({ sites: moved, apps: web });
    return world;
  }

  it("leaves the old mirror, waits for its worker's word, and enters the new one with the same trees", () => {
    const world = moving(false);
    const before = world.story.length;
    world.settle();
    expect(world.hosts["s2"]).toBeUndefined();
    world.run(3);

    expect(world.hosts["s2"]).toBe("us");
    expect(world.trees("web")["s2"]).toBe("web:v1");
    expect(world.control.sites["s2"]).toEqual({ mirror: "us" });
    expect(world.story).toHaveLength(before);
  });

  it("waits when the old worker is dead, until an operator names site and cluster", () => {
    const world = moving(true);
    world.run(60);
    expect(world.hosts["s2"]).toBeUndefined();
    expect(world.codes("s2")).toEqual(["moving"]);
    expect(world.trees("web")).not.toHaveProperty("s2");

    world.control = {
      ...world.control,
      sites: {
        ...world.control.sites,
        s2: { ...world.control.sites["s2"], mirror: "eu", uid: "u-2" },
      },
    };
    expect(() => world.decide({ verb: "excuse", site: "s2", uid: "u-1", why: "" })).toThrow(
      "not the cluster",
    );
    world.decide({ verb: "excuse", site: "s2", uid: "u-2", why: "the old region burnt down" });
    world.run(3);
    expect(world.trees("web")["s2"]).toBe("web:v1");
    expect(world.control.sites["s2"]).toEqual({ mirror: "us", uid: "u-2" });
  });

  it("waits outside one whose worker was never heard, and goes elsewhere or comes in as things turn out", () => {
    const world = new PlannerWorld();
    world.follow({ sites, apps: web });
    world.run(20);
    world.awaited.add("us");
    world.silence("us", true);
    world.follow({ sites: moved, apps: web });
    world.run(10);
    const where = "s2 goes to us, and what the worker of us follows is not known here yet";
    expect(world.waitsOf("s2").map(({ reason }) => reason)).toEqual([where]);
    expect(world.hosts["s2"]).toBeUndefined();
    // Its old worker has said that it stopped: that holds, also when it dies now.
    world.silence("eu", true);
    world.follow({ sites: { ...sites, s2: { region: "asia" } }, apps: web });
    world.run(3);
    expect(world.hosts["s2"]).toBe("asia");
    expect(world.trees("web")["s2"]).toBe("web:v1");

    world.follow({ sites: moved, apps: web });
    world.run(10);
    expect(world.hosts["s2"]).toBeUndefined();
    world.awaited.delete("us");
    world.revive("us");
    world.run(3);
    expect(world.hosts["s2"]).toBe("us");
  });

  it("does not take an old acknowledgement for a new one", () => {
    const world = moving(false);
    world.run(5);
    world.follow({ sites, apps: web });
    world.run(5);
    expect(world.hosts["s2"]).toBe("eu");
    world.silence("eu", true);
    world.follow({ sites: moved, apps: web });
    world.settle();
    world.silent.delete("eu"); // heard again, but it has not seen the newest mirror yet
    world.run(3);

    expect(world.hosts["s2"]).toBeUndefined();
    world.dead.delete("eu");
    world.run(3);
    expect(world.hosts["s2"]).toBe("us");
  });

  it("while a release has it in flight keeps its slot and settles in the new region", () => {
    const world = new PlannerWorld();
    world.follow({ sites, apps: web });
    world.run(20);
    world.follow({ sites, apps: { web: { version: "v2" } } });
    world.settle();
    const [canary = ""] = world.on("web", "v2");
    world.follow({
      sites: { ...sites, [canary]: { region: "us" } },
      apps: { web: { version: "v2" } },
    });
    world.run(40);

    expect(world.hosts[canary]).toBe("us");
    expect(world.on("web", "v2")).toHaveLength(4);
    expect(world.open("web")).toBeUndefined();
  });

  it("while an app leaves it does not lose the removal", () => {
    const world = new PlannerWorld();
    world.follow({ sites, apps: { ...web, db: { version: "v1" } } });
    world.run(20);
    world.offline.add("s1").add("s2").add("s3").add("s4");
    world.follow({ sites, apps: web });
    world.settle();
    const [site = ""] =
      Object.entries(world.trees("db")).find(([, tree]) => tree === "leaving") ?? [];
    world.follow({ sites: { ...sites, [site]: { region: "us" } }, apps: web });
    world.settle();
    world.offline.clear();
    world.run(60);

    expect(world.hosts[site]).toBe("us");
    expect(world.trees("db")).toEqual({});
    expect(world.live[site]?.["db"]).toMatchObject({ tree: null, left: true });
  });

  it("while an app leaves that comes back takes along what it is to drop", () => {
    const entered: object[] = [];
    const world = new PlannerWorld({
      onPlan: (_, { siteMoves }) => {
        for (const move of siteMoves) if ("enter" in move) entered.push(move.trees);
      },
    });
    world.follow({ sites, apps: { ...web, db: { version: "v1" } } });
    world.run(20);
    world.offline.add("s1").add("s2").add("s3").add("s4");
    world.follow({ sites, apps: web });
    world.settle();
    const [site = ""] =
      Object.entries(world.trees("db")).find(([, tree]) => tree === "leaving") ?? [];
    const moved = { ...sites, [site]: { region: "us" } };
    world.follow({ sites: moved, apps: { ...web, db: { version: "v2" } } });
    world.settle();
    world.offline.clear();
    world.run(60);

    expect(world.hosts[site]).toBe("us");
    expect(entered[0]).toEqual({ web: "web:v1", db: "db:v1" });
    expect(world.trees("db")[site]).toBe("db:v2");
  });

  it("goes on when the process dies between control and mirror, at every step", () => {
    for (let dies = 0; dies < 6; dies += 1) {
      const world = moving(false);
      for (let step = 0; step < 8; step += 1) {
        world.step({ dies: step === dies });
        world.now += 1000;
        world.work();
      }
      expect(world.hosts["s2"]).toBe("us");
      expect(world.trees("web")["s2"]).toBe("web:v1");
      expect(world.control.sites["s2"]).toEqual({ mirror: "us" });
    }
  });
});
