import { describe, expect, it } from "vitest";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

const web = (version: string): WorldHead["apps"] => ({ web: { version } });

/** A fleet of which every site has web v1. */
function settledWorld(sites: WorldHead["sites"] = someSites(4)): PlannerWorld {
  const world = new PlannerWorld();
  world.follow({ sites, apps: web("v1") });
  return world.run(20);
}

describe("a first release", () => {
  it("goes to one canary, soaks, then to the rest, and is current", () => {
    const world = new PlannerWorld();
    world.follow({ sites: someSites(4), apps: web("v1") });

    world.run(1);
    expect(world.on("web", "v1")).toHaveLength(1);
    world.run(3);
    expect(world.codes(null)).toEqual(["soak"]);
    expect(world.on("web", "v1")).toHaveLength(1);
    world.run(2);
    expect(world.on("web", "v1")).toHaveLength(4);
    world.run(6);
    expect(world.open("web")).toBeUndefined();
    expect(world.control.apps["web"]?.current.release?.digest).toBe("v1");
    expect(world.plan.waits).toEqual([]);
  });

  it("makes sites that join meanwhile wait for it: nothing is current yet", () => {
    const world = new PlannerWorld();
    world.follow({ sites: someSites(3), apps: web("v1") });
    world.run(1);
    world.follow({ sites: { ...someSites(3), s9: {} }, apps: web("v1") });
    world.settle();

    expect(world.codes("s9")).toEqual(["no-current"]);
    world.run(30);
    expect(world.on("web", "v1")).toContain("s9");
    expect(world.handed("web").at(-1)).toBe("s9 -");
  });
});

describe("a newer commit while a release is in stage 2", () => {
  it("supersedes at once and starts with its own canary, the same one", () => {
    const world = settledWorld();
    world.follow({ sites: someSites(4), apps: web("v2") });
    world.run(6);
    expect(world.on("web", "v2")).toHaveLength(4);
    const canary = world.release("web").list;

    world.follow({ sites: someSites(4), apps: web("v3") });
    world.settle();

    const first = Object.keys(canary).find((site) => canary[site]?.stage === 0);
    expect(world.release("web").digest).toBe("v3");
    expect(world.on("web", "v3")).toEqual([first]);
    world.run(20);
    expect(world.on("web", "v3")).toHaveLength(4);
    expect(world.control.apps["web"]?.current.release?.digest).toBe("v3");
  });

  it("keeps the slots of sites that are in flight", () => {
    const strategy = { ...quick, stages: [], maxInFlight: 2 };
    const head = (version: string): WorldHead => ({
      sites: someSites(6),
      apps: { web: { version, strategy: { ...strategy, stages: [{ name: "all" }] } } },
    });
    const world = new PlannerWorld();
    world.follow(head("v1"));
    world.run(30);
    world.behaviour = ({ tree }) => (tree === "web:v2" ? "Progressing" : "Healthy");
    world.follow(head("v2"));
    world.run(1);
    const inFlight = world.on("web", "v2");
    expect(inFlight).toHaveLength(2);

    world.follow(head("v3"));
    world.settle();

    expect(world.on("web", "v3").toSorted()).toEqual(inFlight.toSorted());
  });

  it("goes back to what was current when the commit is reverted, through its own stages", () => {
    const world = settledWorld();
    world.behaviour = ({ tree }) => (tree === "web:v2" ? "Degraded" : "Healthy");
    world.follow({ sites: someSites(4), apps: web("v2") });
    world.run(12);
    const [canary] = world.on("web", "v2");
    expect(world.codes(null)).toContain("failure-budget");

    world.follow({ sites: someSites(4), apps: web("v1") });
    world.run(1);
    expect(world.on("web", "v1")).toContain(canary);
    world.run(20);
    expect(world.open("web")).toBeUndefined();
    expect(world.on("web", "v1")).toHaveLength(4);
  });

  it("is current at once when its revert changes no site", () => {
    const world = settledWorld();
    world.follow({ sites: someSites(4), apps: web("v2") });
    world.follow({ sites: someSites(4), apps: web("v1") });
    world.settle();

    expect(world.open("web")).toBeUndefined();
    expect(world.on("web", "v1")).toHaveLength(4);
  });
});

describe("a bad release", () => {
  it("stops at the first stage when it cuts the network of every site that it touches", () => {
    const world = settledWorld(someSites(10));
    world.behaviour = ({ tree, site }) => {
      if (tree === "web:v2") world.offline.add(site);
      return "Healthy";
    };
    world.follow({ sites: someSites(10), apps: web("v2") });
    world.run(120);

    expect(world.on("web", "v2")).toHaveLength(1);
    expect(Object.keys(world.release("web").failed)).toEqual(world.on("web", "v2"));
    expect(world.codes(null)).toContain("failure-budget");
  });

  it("holds without a rollback, and a fix reaches the broken site first", () => {
    const world = settledWorld();
    world.behaviour = ({ tree }) => (tree === "web:v2" ? "Degraded" : "Healthy");
    world.follow({ sites: someSites(4), apps: web("v2") });
    world.run(60);
    const [broken = ""] = world.on("web", "v2");
    expect(world.codes(broken)).toEqual(["failed"]);

    world.follow({ sites: someSites(4), apps: web("v3") });
    world.settle();

    expect(world.on("web", "v3")).toEqual([broken]);
    world.run(30);
    expect(world.on("web", "v3")).toHaveLength(4);
  });

  it("keeps a site that failed failed when it heals, until somebody retries it", () => {
    const world = settledWorld();
    let isBroken = true;
    world.behaviour = ({ tree }) => (tree === "web:v2" && isBroken ? "Degraded" : "Healthy");
    world.follow({ sites: someSites(4), apps: web("v2") });
    world.run(15);
    isBroken = false;
    world.run(30);
    const [site = ""] = world.on("web", "v2");
    expect(world.on("web", "v2")).toHaveLength(1);
    expect(world.codes(site)).toEqual(["failed"]);

    world.decide({
      verb: "retry",
      app: "web",
      release: world.release("web").id,
      why: "fixed the disk",
    });
    world.run(30);
    expect(world.on("web", "v2")).toHaveLength(4);
    expect(world.open("web")).toBeUndefined();
  });

  it("that breaks hundreds of sites after their soak is mended by a fix that budgets cannot stop", () => {
    const strategy = { ...quick, maxUnavailable: 1, maxInFlight: 50 };
    const head = (version: string): WorldHead => ({
      sites: someSites(400),
      apps: { web: { version, strategy } },
    });
    const world = new PlannerWorld();
    world.follow(head("v1"));
    world.run(60);
    world.behaviour = ({ tree }) => (tree === "web:v1" ? "Degraded" : "Healthy");
    world.run(2);

    world.follow(head("v2"));
    world.run(40);

    expect(world.on("web", "v2")).toHaveLength(400);
    expect(world.open("web")).toBeUndefined();
  });

  it("fails a site that breaks during the soak, and not one that breaks after it", () => {
    const world = settledWorld();
    world.behaviour = ({ tree, afterMs }) =>
      tree === "web:v2" && afterMs >= 2000 ? "Degraded" : "Healthy";
    world.follow({ sites: someSites(4), apps: web("v2") });
    world.run(6);
    expect(Object.values(world.release("web").failed)).toHaveLength(1);
    expect(world.on("web", "v2")).toHaveLength(1);
  });
});

describe("sites that join", () => {
  it("get what is current while a candidate is in stage 1, then the candidate", () => {
    const world = settledWorld();
    world.follow({ sites: someSites(4), apps: web("v2") });
    world.settle();
    world.follow({ sites: { ...someSites(4), s9: {} }, apps: web("v2") });
    world.settle();
    expect(world.on("web", "v1")).toContain("s9");

    world.run(30);
    expect(world.on("web", "v2")).toContain("s9");
    expect(world.handed("web").filter((line) => line.startsWith("s9"))).toEqual(["s9 -", "s9 -"]);
  });

  it("get the candidate when they match the selector of a stage that it has passed", () => {
    const strategy = {
      ...quick,
      stages: [
        { name: "pilots", selector: "ring=pilot" },
        { name: "rest", approval: true },
      ],
    };
    const sites = { s1: { labels: { ring: "pilot" } }, s2: {}, s3: {} };
    const world = new PlannerWorld();
    world.follow({ sites, apps: { web: { version: "v1", strategy: { ...quick } } } });
    world.run(20);
    world.follow({ sites, apps: { web: { version: "v1", strategy } } });
    world.follow({ sites, apps: { web: { version: "v2", strategy } } });
    world.run(10);
    expect(world.release("web").passed).toHaveProperty("pilots");

    const more = { ...sites, s8: { labels: { ring: "pilot" } }, s9: {} };
    world.follow({ sites: more, apps: { web: { version: "v2", strategy } } });
    world.run(5);

    expect(world.trees("web")).toMatchObject({ s8: "web:v2", s9: "web:v1" });
  });

  it("join a held app: they get what is current", () => {
    const world = settledWorld();
    world.follow({ sites: someSites(4), apps: web("v2") });
    world.decide({ verb: "pause", scope: { app: "web" }, why: "looks odd" });
    world.follow({ sites: { ...someSites(4), s9: {} }, apps: web("v2") });
    world.run(10);

    expect(world.on("web", "v1")).toContain("s9");
    expect(world.on("web", "v2")).toEqual([]);
  });

  it("wait when the app is held with `all`", () => {
    const world = settledWorld();
    world.decide({ verb: "pause", scope: { app: "web" }, all: true, why: "stop everything" });
    world.follow({ sites: { ...someSites(4), s9: {} }, apps: web("v1") });
    world.run(10);

    expect(world.trees("web")).not.toHaveProperty("s9");
    expect(world.codes("s9")).toEqual(["held"]);
  });

  it("that never become healthy give their slot back at the deadline", () => {
    const strategy = { ...quick, maxInFlight: 1, failureBudget: 5 };
    const head = (count: number): WorldHead => ({
      sites: someSites(count),
      apps: { web: { version: "v1", strategy } },
    });
    const world = new PlannerWorld();
    world.follow(head(2));
    world.run(20);
    world.behaviour = ({ site }) => (site === "s3" ? "Degraded" : "Healthy");
    world.follow(head(4));
    world.run(40);

    expect(world.on("web", "v1")).toContain("s4");
    expect(world.control.apps["web"]?.arrivals?.failed).toHaveProperty("s3");
  });
});

describe("a label that changes", () => {
  const variant = (labels: Readonly<Record<string, string>>): string => labels["size"] ?? "";

  it("at a site of a held app arrives without the held release", () => {
    const apps = (version: string): WorldHead["apps"] => ({ web: { version, variant } });
    const world = new PlannerWorld();
    world.follow({ sites: someSites(4), apps: apps("v1") });
    world.run(20);
    world.follow({ sites: someSites(4), apps: apps("v2") });
    world.decide({ verb: "pause", scope: { app: "web" }, why: "not today" });
    const sites = { ...someSites(4), s2: { region: "eu", labels: { size: "large" } } };

    world.follow({ sites, apps: apps("v2") });
    world.run(20);

    expect(world.trees("web")["s2"]).toBe("web:v1:large");
    expect(world.on("web", "v2")).toEqual([]);
    world.decide({ verb: "resume", scope: { app: "web" }, why: "today" });
    world.run(30);
    expect(world.trees("web")["s2"]).toBe("web:v2:large");
    expect(world.on("web", "v2")).toHaveLength(4);
  });

  it("at a site that the candidate has in flight follows once it has settled", () => {
    const apps = (version: string): WorldHead["apps"] => ({ web: { version, variant } });
    const world = new PlannerWorld();
    world.follow({ sites: someSites(4), apps: apps("v1") });
    world.run(20);
    world.follow({ sites: someSites(4), apps: apps("v2") });
    world.run(1);
    const [canary = ""] = world.on("web", "v2");
    const sites = { ...someSites(4), [canary]: { region: "eu", labels: { size: "large" } } };
    world.follow({ sites, apps: apps("v2") });
    world.run(40);

    expect(world.trees("web")[canary]).toBe("web:v2:large");
    expect(world.on("web", "v2")).toHaveLength(4);
    expect(world.control.apps["web"]?.open).toEqual([]);
  });

  it("and flaps back leaves the site as it was", () => {
    const apps: WorldHead["apps"] = {
      web: { version: "v1", places: (labels) => labels["web"] !== "no" },
    };
    const world = new PlannerWorld();
    const off = { ...someSites(4), s2: { labels: { web: "no" } }, s3: { labels: { web: "no" } } };
    world.follow({ sites: someSites(4), apps });
    world.run(20);
    world.decide({ verb: "pause", scope: { app: "web" }, why: "flapping" });
    for (let flap = 0; flap < 3; flap += 1) {
      world.follow({ sites: off, apps });
      world.settle();
      expect(Object.keys(world.release("web", "removal").list)).toEqual(["s2", "s3"]);
      world.follow({ sites: someSites(4), apps });
      world.settle();
    }

    expect(world.open("web", "removal")).toBeUndefined();
    expect(world.on("web", "v1")).toHaveLength(4);
  });
});

describe("a renderer upgrade", () => {
  it("that renders equal objects moves no site", () => {
    const world = settledWorld();
    const before = world.story.length;
    world.follow({ sites: someSites(4), apps: { web: { version: "v1", renderer: 2 } } });
    world.run(5);

    expect(world.story).toHaveLength(before);
    expect(world.control.apps["web"]?.current.release?.renderer).toBe(2);
  });

  it("that renders other objects goes through the stages like any version, and is good or bad by itself", () => {
    const world = settledWorld();
    const anew = { version: "v1", renderer: 2, variant: () => "anew" };
    world.follow({ sites: someSites(4), apps: { web: anew } });
    world.run(1);
    const moved = (): number =>
      Object.values(world.trees("web")).filter((tree) => tree === "web:v1:anew").length;
    expect(moved()).toBe(1);
    expect(world.release("web")).toMatchObject({ digest: "v1", renderer: 2 });
    expect(world.control.apps["web"]?.current.release?.renderer).toBe(1);
    world.run(40);

    expect(moved()).toBe(4);
    expect(world.control.apps["web"]?.current.release).toMatchObject({ digest: "v1", renderer: 2 });
  });
});

describe("two apps that swap an object", () => {
  const data = "_PersistentVolumeClaim_x_data";
  const before: WorldHead["apps"] = {
    api: { version: "v1", objects: ["_Service_x_a", data] },
    web: { version: "v1", objects: ["_Service_x_w", "_ConfigMap_x_other"] },
  };
  const after: WorldHead["apps"] = {
    api: { version: "v2", objects: ["_Service_x_a", "_ConfigMap_x_other"] },
    web: { version: "v2", objects: ["_Service_x_w", data] },
  };

  it.each(["api", "web"])(
    "wait for each other while %s is on hold, and move in one commit then",
    (held) => {
      const world = new PlannerWorld();
      world.isProtected = (object) => object.includes("PersistentVolumeClaim");
      world.follow({ sites: someSites(4), apps: before });
      world.run(20);
      world.decide({ verb: "pause", scope: { app: held }, why: "not now" });
      const count = world.story.length;
      world.follow({ sites: someSites(4), apps: after });
      world.run(60);
      expect(world.story).toHaveLength(count);
      expect([world.on("api", "v1"), world.on("web", "v1")].map(({ length }) => length)).toEqual([
        4, 4,
      ]);
      world.decide({ verb: "resume", scope: { app: held }, why: "now" });
      world.run(60);

      const moves = world.story.slice(count).map(({ handOver }) => handOver);
      expect(moves.map(({ apps }) => apps.length)).toEqual([2, 2, 2, 2]);
      expect(world.on("web", "v2")).toHaveLength(4);
      expect(world.open("api")).toBeUndefined();
    },
  );
});

describe("a version that is known to be bad", () => {
  it("is not tried again until the app changes", () => {
    const world = settledWorld();
    world.control = {
      ...world.control,
      apps: {
        web: {
          current: { release: null, partial: [] },
          open: [],
          ...world.control.apps["web"],
          bad: ["v2"],
        },
      },
    };
    const plan = world.follow({ sites: someSites(4), apps: web("v2") });
    world.run(10);

    expect(plan.notes.join()).toContain("known to be bad");
    expect(world.on("web", "v1")).toHaveLength(4);
    world.follow({ sites: someSites(4), apps: web("v3") });
    world.run(20);
    expect(world.on("web", "v3")).toHaveLength(4);
  });
});
