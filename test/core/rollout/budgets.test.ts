import { describe, expect, it } from "vitest";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

type Strategy = NonNullable<WorldHead["apps"][string]["strategy"]>;
const oneStage: Strategy = { ...quick, stages: [{ name: "all" }] };

function settledWorld(
  count: number,
  strategy: Strategy,
): { world: PlannerWorld; head: (version: string) => WorldHead } {
  const head = (version: string): WorldHead => ({
    sites: someSites(count),
    apps: { web: { version, strategy } },
  });
  const world = new PlannerWorld();
  world.follow({ ...head("v1"), apps: { web: { version: "v1", strategy: quick } } });
  world.run(20);
  world.follow(head("v1"));
  return { world, head };
}

describe("maxInFlight", () => {
  it("0 means none, ever, and says so", () => {
    const { world, head } = settledWorld(4, { ...oneStage, maxInFlight: 0 });
    world.follow(head("v2"));
    world.run(60);

    expect(world.on("web", "v2")).toEqual([]);
    expect(world.waitsOf("s1")[0]).toMatchObject({
      code: "in-flight-budget",
      reason: "maxInFlight of stage all is 0: none, ever",
    });
  });

  it("names who uses it up and what ends that", () => {
    const { world, head } = settledWorld(4, { ...oneStage, maxInFlight: 1 });
    world.follow(head("v2"));
    world.settle();
    const [site = ""] = world.on("web", "v2");
    const other = site === "s1" ? "s2" : "s1";

    expect(world.waitsOf(other)).toHaveLength(1);
    expect(world.waitsOf(other)[0]).toMatchObject({
      code: "in-flight-budget",
      reason: `maxInFlight of stage all is 1, used by ${site}`,
      endsWhen: "one of them settles",
    });
  });
});

describe("maxUnavailable", () => {
  it("0 spares every healthy site, and lets broken ones be mended", () => {
    const { world, head } = settledWorld(4, { ...oneStage, maxUnavailable: 0 });
    world.behaviour = ({ site, tree }) =>
      site === "s2" && tree === "web:v1" ? "Degraded" : "Healthy";
    world.run(1);
    world.follow(head("v2"));
    world.run(60);

    expect(world.on("web", "v2")).toEqual(["s2"]);
    expect(world.codes("s1")).toEqual(["unavailable-budget"]);
  });

  it("counts what is broken already, so that healthy sites wait for it", () => {
    const { world, head } = settledWorld(4, { ...oneStage, maxUnavailable: 1, maxInFlight: 4 });
    world.behaviour = ({ site }) => (site === "s2" ? "Degraded" : "Healthy");
    world.run(1);
    world.follow(head("v2"));
    world.run(30);

    expect(world.on("web", "v2")).toEqual(["s2"]);
    expect(world.waitsOf("s1")[0]?.reason).toBe("maxUnavailable of stage all is 1, used by s2");
  });
});

describe("failureBudget", () => {
  it("lets so many fail and no more", () => {
    const { world, head } = settledWorld(6, { ...oneStage, maxInFlight: 1, failureBudget: 1 });
    world.behaviour = ({ tree }) => (tree === "web:v2" ? "Degraded" : "Healthy");
    world.follow(head("v2"));
    world.run(120);

    expect(world.on("web", "v2")).toHaveLength(2);
    expect(world.codes(null)).toEqual(["failure-budget"]);
  });

  it("is not used up by sites that were broken before, and no stage passes on those alone", () => {
    const { world, head } = settledWorld(4, { ...quick, failureBudget: 0 });
    world.behaviour = () => "Degraded";
    world.run(1);
    world.follow(head("v2"));
    world.run(60);

    expect(world.release("web").failed).toEqual({});
    expect(world.codes(null)).toEqual(["no-success"]);
    expect(world.progress()[0]?.stages[0]).toMatchObject({ sites: 1, unchanged: 1, failed: 0 });
  });
});

describe("Fleet.maxSitesInFlight", () => {
  it("bounds all apps together", () => {
    const apps = (version: string): WorldHead["apps"] => ({
      api: { version, strategy: oneStage },
      web: { version, strategy: oneStage },
    });
    const world = new PlannerWorld();
    world.follow({ sites: someSites(6), apps: apps("v1"), maxSitesInFlight: 2 });
    world.settle();
    expect(new Set(world.story.map(({ handOver }) => handOver.site)).size).toBe(2);
    expect(world.plan.waits.some(({ code }) => code === "fleet-budget")).toBe(true);
    world.run(60);
    expect(world.on("web", "v1")).toHaveLength(6);
    expect(world.on("api", "v1")).toHaveLength(6);
  });

  it("0 means none, ever", () => {
    const world = new PlannerWorld();
    world.follow({ sites: someSites(2), apps: { web: { version: "v1" } }, maxSitesInFlight: 0 });
    world.run(20);
    expect(world.trees("web")).toEqual({});
    expect(world.plan.waits.map(({ code }) => code)).toContain("fleet-budget");
  });
});

describe("a failure domain", () => {
  const sites = {
    s1: { labels: { zone: "a" } },
    s2: { labels: { zone: "a" } },
    s3: { labels: { zone: "b" } },
  };
  const head = (version: string): WorldHead => ({
    sites,
    apps: { web: { version, strategy: oneStage } },
    failureDomains: ["zone"],
  });

  it("keeps one other healthy site while one is handed over; a lone site goes", () => {
    const world = new PlannerWorld();
    world.follow(head("v1"));
    world.run(20);
    world.follow(head("v2"));
    world.settle();

    expect(world.on("web", "v2")).toContain("s3");
    expect(world.on("web", "v2")).toHaveLength(2);
    const left = world.on("web", "v1")[0] ?? "";
    expect(world.codes(left)).toEqual(["failure-domain"]);
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(3);
  });

  it("does not let a healthy site go while its neighbour is broken", () => {
    const world = new PlannerWorld();
    world.follow(head("v1"));
    world.run(20);
    world.behaviour = ({ site }) => (site === "s2" ? "Degraded" : "Healthy");
    world.run(1);
    world.follow(head("v2"));
    world.run(30);

    expect(world.on("web", "v2")).toEqual(["s2", "s3"]);
    expect(world.waitsOf("s1")[0]?.reason).toContain("zone=a");
  });
});

describe("holds", () => {
  it("of a region stop its sites alone", () => {
    const head = (version: string): WorldHead => ({
      sites: someSites(4, ["eu", "us"]),
      apps: { web: { version, strategy: oneStage } },
    });
    const world = new PlannerWorld();
    world.follow(head("v1"));
    world.run(20);
    world.decide({ verb: "pause", scope: { region: "us" }, why: "freeze" });
    world.follow(head("v2"));
    world.run(20);

    expect(world.on("web", "v2")).toEqual(["s1", "s3"]);
    expect(world.waitsOf("s2")[0]?.reason).toBe("held by ada (region us): freeze");
  });

  it("of a stage let the stages before it pass", () => {
    const { world, head } = settledWorld(4, quick);
    world.follow(head("v2"));
    world.decide({ verb: "pause", scope: { app: "web", stage: "rest" }, why: "look first" });
    world.run(20);

    expect(world.on("web", "v2")).toHaveLength(1);
    expect(world.release("web").passed).toHaveProperty("canary");
    expect(world.progress()[0]?.state).toBe("held");
  });

  it("of a release in flight pass no stage, and record what fails", () => {
    const { world, head } = settledWorld(4, quick);
    world.follow(head("v2"));
    world.settle();
    world.decide({ verb: "pause", scope: { fleet: true }, why: "incident" });
    world.run(30);
    expect(world.release("web").passed).toEqual({});
    world.behaviour = () => "Degraded";
    world.run(2);
    expect(Object.keys(world.release("web").failed)).toHaveLength(1);
  });
});

describe("the open list", () => {
  const strategy: Strategy = { ...quick, maxInFlight: 1 };
  const head = (count: number, version = "v1"): WorldHead => ({
    sites: someSites(count),
    apps: { web: { version, strategy } },
  });

  function joining(): PlannerWorld {
    const world = new PlannerWorld();
    world.follow(head(2));
    world.run(30);
    world.follow(head(6));
    return world;
  }

  it("has no more in flight than the last stage allows, and says who", () => {
    const world = joining();
    world.settle();
    const [first = ""] = world.handed("web").slice(-1);
    expect(Object.keys(world.trees("web"))).toHaveLength(3);
    const waiting = world.plan.waits.filter(({ code }) => code === "in-flight-budget");
    expect(waiting).toHaveLength(3);
    expect(waiting[0]?.reason).toBe(
      `maxInFlight of web's open list is 1, used by ${first.split(" ")[0]}`,
    );
    world.run(20);
    expect(world.on("web", "v1")).toHaveLength(6);
  });

  it("has sites that join with the commit of a new release: they are no part of its stages", () => {
    const world = new PlannerWorld();
    world.follow(head(2));
    world.run(30);
    world.follow(head(3, "v2"));
    world.settle();
    expect(Object.keys(world.release("web").list)).toEqual(["s1", "s2"]);
    expect(world.trees("web")["s3"]).toBe("web:v1");
    world.run(30);
    expect(world.on("web", "v2")).toHaveLength(3);
  });

  it("stops when too many of it fail", () => {
    const world = joining();
    world.behaviour = ({ site }) => (Number(site.slice(1)) > 2 ? "Degraded" : "Healthy");
    world.run(60);
    expect(Object.keys(world.trees("web"))).toHaveLength(3);
    expect(world.plan.waits.map(({ code }) => code)).toContain("failure-budget");
  });
});

describe("the good tree of a site", () => {
  it("is the one that it leaves healthy; a broken or a bad one leaves what stood there", () => {
    const { world, head } = settledWorld(2, oneStage);
    world.behaviour = ({ site, tree }) =>
      site === "s2" && tree === "web:v1" ? "Degraded" : "Healthy";
    world.run(1);
    world.follow(head("v2"));
    world.run(20);
    expect(world.good["s1"]).toEqual({ web: "web:v1" });
    expect(world.good["s2"]).toBeUndefined();

    const web = world.control.apps["web"] ?? { current: { release: null, partial: [] }, open: [] };
    world.control = {
      ...world.control,
      apps: { web: { ...web, bad: ["v2"], badTrees: ["web:v2"] } },
    };
    world.follow(head("v3"));
    world.run(20);
    expect(world.on("web", "v3")).toHaveLength(2);
    expect(world.good["s1"]).toEqual({ web: "web:v1" });
  });
});

describe("budgets of a release under way", () => {
  it("are those of the newest followed head, but never of the one that started it", () => {
    const { world, head } = settledWorld(4, { ...oneStage, maxInFlight: 0 });
    const roomy = { ...oneStage, maxInFlight: 4 };
    world.follow({ ...head("v2"), apps: { web: { version: "v2", strategy: roomy } } });
    world.run(5);
    expect(world.on("web", "v2")).toEqual([]);

    world.follow({ ...head("v2"), apps: { web: { version: "v2", strategy: roomy } } });
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(4);
  });

  it("are those of the open list too, once it is through", () => {
    const { world, head } = settledWorld(2, { ...oneStage, maxInFlight: 2 });
    const strict = { ...oneStage, maxInFlight: 1 };
    world.follow(head("v2"));
    world.follow({ ...head("v2"), apps: { web: { version: "v2", strategy: strict } } });
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(2);
    expect(world.control.apps["web"]?.current.openList?.maxInFlight).toEqual({ count: 1 });
  });
});

describe("the last healthy site of a failure domain", () => {
  it("stays while a site that was offline when its stage passed comes back and is not healthy yet", () => {
    const strategy = {
      ...quick,
      stages: [{ name: "canary", selector: "ring=0" }, { name: "rest" }],
    };
    const head = (version: string): WorldHead => ({
      sites: { a: { labels: { ring: "0" } }, z: { labels: { ring: "0" }, region: "us" }, b: {} },
      failureDomains: [],
      apps: { web: { version, strategy } },
    });
    const world = new PlannerWorld();
    world.follow(head("v1"));
    world.run(20);
    world.offline.add("a");
    world.work();
    world.behaviour = ({ site, tree }) =>
      site === "a" && tree === "web:v2" ? "Progressing" : "Healthy";
    world.decide({ verb: "pause", scope: { app: "web", stage: "rest" }, why: "wait" });
    world.follow(head("v2"));
    world.run(6);
    world.offline.delete("a");
    world.run(2);
    world.decide({ verb: "resume", scope: { app: "web", stage: "rest" }, why: "go on" });
    world.step();

    expect(world.trees("web")).toEqual({ a: "web:v2", b: "web:v1", z: "web:v2" });
    expect(world.codes("b")).toEqual(["failure-domain"]);
  });

  it("does not wait for a broken one whose turn comes later: the fix would never reach either", () => {
    const strategy = {
      ...quick,
      stages: [{ name: "canary", selector: "ring=0" }, { name: "rest" }],
    };
    const head = (version: string): WorldHead => ({
      sites: { a: { labels: { ring: "0" } }, b: {} },
      failureDomains: [],
      apps: { web: { version, strategy } },
    });
    const world = new PlannerWorld();
    world.follow(head("v1"));
    world.run(20);
    world.behaviour = ({ site, tree }) =>
      site === "b" && tree === "web:v1" ? "Degraded" : "Healthy";
    world.run(2);
    world.follow(head("v2"));
    world.run(30);

    expect(world.trees("web")).toEqual({ a: "web:v2", b: "web:v2" });
  });

  it("is none of an app that is healthy at none of them: what moves together with it mends them all", () => {
    const objects = (...names: string[]): string[] => names.map((name) => `_Service_x_${name}`);
    const head = (version: string, apps: Record<string, string[]>): WorldHead => ({
      sites: { a: {}, b: {} },
      failureDomains: [],
      apps: Object.fromEntries(
        Object.entries(apps).map(([app, own]) => [
          app,
          { version, objects: own, strategy: { ...quick, stages: [{ name: "all" }] } },
        ]),
      ),
    });
    const world = new PlannerWorld();
    world.follow(head("v1", { api: objects("api", "shared"), web: objects("web") }));
    world.run(20);
    world.behaviour = ({ tree }) => (tree === "api:v1" ? "Degraded" : "Healthy");
    world.run(2);
    world.follow(head("v2", { api: objects("api"), web: objects("web", "shared") }));
    world.run(30);

    expect(world.trees("api")).toEqual({ a: "api:v2", b: "api:v2" });
    expect(world.trees("web")).toEqual({ a: "web:v2", b: "web:v2" });
  });
});

describe("a broken site of a failure domain, at whose side the last healthy one waits", () => {
  const why = "its disk is gone";

  /** s1 and s3 are of one region, and s1 breaks for good. */
  function broken(head: WorldHead, site = "s1"): PlannerWorld {
    const world = new PlannerWorld();
    world.follow(head);
    world.run(30);
    world.behaviour = ({ site: at, afterMs }) => {
      if (at === site) return "Degraded";
      return afterMs >= 1000 ? "Healthy" : "Progressing";
    };
    return world.run(5);
  }

  const labelled = (label: string, version = "v1"): WorldHead => ({
    sites: { s1: {}, s3: { labels: { l: label } } },
    failureDomains: [],
    apps: { web: { version, variant: ({ l = "" }) => l, strategy: oneStage } },
  });

  it("is not waited for when people excuse it, also where nothing is to come to it", () => {
    const world = broken(labelled("1"));
    world.follow(labelled("2"));
    world.run(60);
    expect(world.trees("web")["s3"]).toBe("web:v1:1");
    expect(world.waitsOf("s3")).toMatchObject([
      {
        code: "failure-domain",
        endsWhen: "another one of them is, or those that are not are excused or suspended",
      },
    ]);
    expect(world.decide({ verb: "excuse", site: "s1", why })).toBe(
      "no other site of web waits until it is healthy at s1",
    );
    for (const site of ["s1", "s99"])
      expect(() => world.decide({ verb: "excuse", site, why })).toThrow(/^not-found:/);
    expect(() => world.decide({ verb: "excuse", region: "euu", why })).toThrow(
      'not-found: no site is served by region euu; did you mean "eu"?',
    );
    world.run(20);
    expect(world.trees("web")["s3"]).toBe("web:v1:2");
    expect(world.control.apps["web"]?.arrivals).toBeUndefined();
    // What was said of one release says nothing of the next.
    world.follow(labelled("3"));
    world.run(20);
    expect(world.trees("web")["s3"]).toBe("web:v1:2");
    expect(world.codes("s3")).toEqual(["failure-domain"]);
  });

  it("is not waited for when people excuse it after its stage has passed without it", () => {
    const strategy = {
      ...quick,
      failureBudget: 1,
      stages: [{ name: "first", selector: "group=a" }, { name: "rest" }],
    };
    const head = (version: string): WorldHead => ({
      sites: {
        s1: { labels: { group: "a" } },
        s2: { labels: { group: "a" }, region: "us" },
        s3: { labels: { group: "b" } },
      },
      failureDomains: [],
      apps: { web: { version, strategy } },
    });
    const world = new PlannerWorld();
    world.follow(head("v1"));
    world.run(30);
    world.behaviour = ({ site, tree, afterMs }) => {
      if (site === "s1" && tree === "web:v2") return "Degraded";
      return afterMs >= 1000 ? "Healthy" : "Progressing";
    };
    world.follow(head("v2"));
    world.run(120);
    expect(Object.keys(world.release("web").passed)).toEqual(["first"]);
    expect(world.codes("s3")).toEqual(["failure-domain"]);
    const { id } = world.release("web");
    world.decide({ verb: "excuse", app: "web", release: id, site: "s1", why });
    expect(world.release("web").excused).toEqual({});
    world.run(30);
    expect(world.on("web", "v2")).toEqual(["s1", "s2", "s3"]);
    expect(world.open("web")).toBeUndefined();
  });

  it("is not waited for by what comes back, when people excuse it from the open list", () => {
    const head = (version: string): WorldHead => ({
      sites: { s1: {}, s2: { region: "us" }, s3: {} },
      failureDomains: [],
      apps: { web: { version, strategy: { ...oneStage, failureBudget: 1 } } },
    });
    const world = broken(head("v1"));
    world.offline.add("s3");
    world.follow(head("v2"));
    world.run(60);
    expect(world.open("web")).toBeUndefined();
    world.offline.delete("s3");
    world.run(30);
    expect(world.codes("s3")).toEqual(["failure-domain"]);
    const word = { verb: "excuse", app: "web", release: "open-list", site: "s1", why } as const;
    world.decide(word);
    world.run(20);
    expect(world.trees("web")["s3"]).toBe("web:v2");
    expect(world.control.apps["web"]?.arrivals).toBeUndefined();
  });

  it("is waited for again as soon as it has healed: then it counts like any other", () => {
    const world = broken(labelled("1"));
    world.decide({ verb: "pause", scope: { region: "eu" }, why: "not yet" });
    world.follow(labelled("2"));
    world.run(5);
    world.decide({ verb: "excuse", app: "web", site: "s1", why });
    world.run(5);
    expect(Object.keys(world.control.apps["web"]?.arrivals?.excused ?? {})).toEqual(["s1"]);
    world.behaviour = () => "Healthy";
    world.run(5);
    expect(world.control.apps["web"]?.arrivals).toBeUndefined();
    // Of a healthy one there is nothing to say.
    expect(() => world.decide({ verb: "excuse", app: "web", site: "s1", why })).toThrow(
      /^not-found:/,
    );
    world.behaviour = ({ site }) => (site === "s1" ? "Degraded" : "Healthy");
    world.run(5);
    world.decide({ verb: "resume", scope: { region: "eu" }, why: "now" });
    world.run(20);
    expect(world.codes("s3")).toEqual(["failure-domain"]);
  });

  it("is not waited for while it is suspended; a healthy one still stands in, suspended or not", () => {
    const suspended = (label: string, more: WorldHead["sites"] = {}): WorldHead => {
      const head = labelled(label);
      return { ...head, sites: { ...head.sites, s1: { suspend: true }, ...more } };
    };
    const world = broken(labelled("1"));
    world.follow(suspended("2"));
    world.run(20);
    expect(world.trees("web")["s3"]).toBe("web:v1:2");

    // With another broken one it is that which is waited for, unless the suspended one is healthy.
    const three = broken({ ...labelled("1"), sites: { ...labelled("1").sites, s2: {} } }, "s2");
    three.follow(suspended("2", { s2: {} }));
    three.run(20);
    expect(three.trees("web")["s3"]).toBe("web:v1:2");
    three.behaviour = ({ site }) => (site === "s3" ? "Healthy" : "Degraded");
    three.run(5);
    three.follow(suspended("3", { s2: {} }));
    three.run(20);
    expect(three.trees("web")["s3"]).toBe("web:v1:2");
    expect(three.waitsOf("s3")[0]?.reason).toMatch(/this is the last: not s2$/);
  });

  it("is no reason to take two healthy ones away at once: one of those still stays", () => {
    const head = (version: string): WorldHead => ({
      sites: someSites(3),
      failureDomains: [],
      apps: { web: { version, strategy: { ...oneStage, maxInFlight: 3, failureBudget: 1 } } },
    });
    const world = broken(head("v1"));
    world.decide({ verb: "pause", scope: { site: "s1" }, why: "it is being mended" });
    world.follow(head("v2"));
    world.decide({ verb: "excuse", app: "web", site: "s1", why });
    world.settle();
    expect(world.on("web", "v2")).toHaveLength(1);
    expect(world.codes(world.on("web", "v1").find((site) => site !== "s1") ?? "")).toEqual([
      "failure-domain",
    ]);
  });
});
