import { describe, expect, it } from "vitest";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

const sites = someSites(4);
const { s2: _, ...others } = sites;
const web: WorldHead["apps"] = { web: { version: "v1" } };
const inUs = { ...sites, s2: { region: "us" } };

function running(): PlannerWorld {
  const world = new PlannerWorld();
  world.follow({ sites, apps: web });
  world.run(20);
  return world;
}

/** What the worker of eu may still write at s2 is what nobody has taken out of its hands. */
function forgottenWithDeadWorker(): PlannerWorld {
  const world = running();
  world.silence("eu", true);
  world.follow({ sites: others, apps: web });
  world.run(5);
  return world;
}

describe("a site that was removed from Git and is added again", () => {
  it("in another region waits for its dead old worker", () => {
    const world = forgottenWithDeadWorker();
    world.follow({ sites: inUs, apps: web });
    world.run(60);

    expect(world.hosts["s2"]).toBeUndefined();
    expect(world.codes("s2")).toContain("moving");
    world.revive("eu");
    world.run(5);
    expect(world.hosts["s2"]).toBe("us");
    expect(world.trees("web")["s2"]).toBe("web:v1");
  });

  it("in another region comes there by an operator's word that names its cluster", () => {
    const world = running();
    const known = world.control.sites["s2"] ?? { mirror: "eu" };
    world.control = {
      ...world.control,
      sites: { ...world.control.sites, s2: { ...known, uid: "u-2" } },
    };
    world.silence("eu", true);
    world.follow({ sites: others, apps: web });
    world.run(5);
    world.follow({ sites: inUs, apps: web });
    world.run(5);

    expect(() => world.decide({ verb: "excuse", site: "s2", uid: "u-1", why: "" })).toThrow(
      "not the cluster",
    );
    world.decide({ verb: "excuse", site: "s2", uid: "u-2", why: "its rack has no power" });
    world.run(5);
    expect(world.hosts["s2"]).toBe("us");
    expect(world.control.sites["s2"]).toEqual({ mirror: "us", formerUid: "u-2" });
  });

  it("in another region comes there at once when its old worker had stopped before it died", () => {
    const world = running();
    world.follow({ sites: others, apps: web });
    world.run(5);
    world.silence("eu", true);
    world.follow({ sites: inUs, apps: web });
    world.run(5);

    expect(world.hosts["s2"]).toBe("us");
  });

  it("and moves before its worker saw it come back is not waited for longer than for that worker", () => {
    const world = running();
    world.follow({ sites: others, apps: web });
    world.run(5);
    world.silence("eu", true);
    world.follow({ sites, apps: web });
    world.run(5);
    world.follow({ sites: inUs, apps: web });
    world.run(5);
    expect(world.hosts["s2"]).not.toBe("us");
    world.revive("eu");
    world.run(5);

    expect(world.hosts["s2"]).toBe("us");
  });

  it("in its own region goes on with what it had, and gets by stages what came meanwhile", () => {
    const world = running();
    world.follow({ sites: others, apps: web });
    world.run(5);
    expect(world.hosts["s2"]).toBeUndefined();
    world.follow({ sites, apps: { web: { version: "v2", strategy: { ...quick, soak: "60s" } } } });
    world.run(4);

    expect(world.release("web").list["s2"]).toMatchObject({ from: "web:v1", to: "web:v2" });
    expect(world.hosts["s2"]).toBe("eu");
    world.run(120);
    expect(world.on("web", "v2")).toHaveLength(4);
  });

  it("after an app was removed keeps that app's objects, unassigned", () => {
    const world = new PlannerWorld();
    world.follow({ sites, apps: { ...web, db: { version: "v1" } } });
    world.run(20);
    world.follow({ sites: others, apps: { ...web, db: { version: "v1" } } });
    world.run(5);
    world.follow({ sites: others, apps: web });
    world.run(40);
    expect(world.control.apps).not.toHaveProperty("db");
    world.follow({ sites, apps: web });
    world.run(10);

    expect(world.mirrors["s2"]).toEqual({ web: { tree: "web:v1" } });
    expect(world.live["s2"]?.["db"]?.tree).toBe("db:v1");
  });

  it("with an app that is removed in the same commit loses it by a removal", () => {
    const world = new PlannerWorld();
    world.follow({ sites, apps: { ...web, db: { version: "v1" } } });
    world.run(20);
    world.follow({ sites: others, apps: { ...web, db: { version: "v1" } } });
    world.run(5);
    world.follow({ sites, apps: web });
    expect(Object.keys(world.release("db", "removal").list)).toContain("s2");
    world.run(60);

    expect(world.trees("db")).toEqual({});
    expect(world.live["s2"]?.["db"]).toMatchObject({ tree: null, left: true });
  });
});

describe("a site that is forgotten", () => {
  it("while it moves never enters, and its old worker is still waited for", () => {
    const world = running();
    world.silence("eu", true);
    world.follow({ sites: inUs, apps: web });
    world.run(3);
    world.follow({ sites: others, apps: web });
    world.run(3);
    world.follow({ sites: inUs, apps: web });
    world.run(30);

    expect(world.hosts["s2"]).toBeUndefined();
  });

  it("while it enters leaves the mirror that it has come to", () => {
    const world = running();
    world.follow({ sites: inUs, apps: web });
    world.step();
    world.now += 1000;
    world.work();
    world.step(); // it enters, and nobody has recorded yet that it is there
    expect(world.hosts["s2"]).toBe("us");
    world.work();
    world.follow({ sites: others, apps: web });
    world.settle();

    expect(world.hosts["s2"]).toBeUndefined();
    world.silence("us", true);
    world.follow({ sites, apps: web });
    world.run(30);
    expect(world.hosts["s2"]).toBeUndefined();
    world.revive("us");
    world.run(5);
    expect(world.hosts["s2"]).toBe("eu");
  });

  it("before it has entered is not waited for anywhere: its old worker has stopped", () => {
    const world = running();
    world.follow({ sites: inUs, apps: web });
    world.step();
    world.now += 1000;
    world.work();
    world.step({ dies: true });
    world.follow({ sites: others, apps: web });
    world.settle();
    world.silence("eu", true);
    world.follow({ sites: inUs, apps: web });
    world.run(3);

    expect(world.hosts["s2"]).toBe("us");
  });

  it.each(["delete", "orphan"] as const)(
    "while an app leaves it (%s) has that done when it is back",
    (onRemoval) => {
      const both = { ...web, db: { version: "v1", onRemoval } };
      const elsewhere = {
        ...both,
        db: { ...both.db, version: "v1@2", places: (_: object, at: string) => at !== "s2" },
      };
      const world = new PlannerWorld();
      world.follow({ sites, apps: both });
      world.run(20);
      world.follow({ sites, apps: elsewhere });
      world.settle();
      expect(world.trees("db")["s2"]).toBe("leaving");
      world.offline.add("s2");
      world.follow({ sites: others, apps: elsewhere });
      world.run(5);
      expect(world.hosts["s2"]).toBeUndefined();
      world.offline.delete("s2");
      world.follow({ sites, apps: elsewhere });
      world.run(30);

      expect(world.hosts["s2"]).toBe("eu");
      expect(world.trees("db")["s2"]).toBeUndefined();
      expect(world.live["s2"]?.["db"]?.tree).toBe(onRemoval === "orphan" ? "db:v1" : null);
    },
  );

  it("without any app leaves nothing on record", () => {
    const world = new PlannerWorld();
    world.follow({ sites, apps: {} });
    world.run(3);
    world.follow({ sites: others, apps: {} });
    world.run(3);

    expect(world.control.sites).not.toHaveProperty("s2");
  });
});

describe("a joiner that the open list has handed over", () => {
  it("and that moves to another region starts its clock again", () => {
    const world = running();
    world.behaviour = ({ site }) => (site === "s5" ? "Progressing" : "Healthy");
    world.follow({ sites: { ...sites, s5: {} }, apps: web });
    world.run(8);
    const before = world.control.apps["web"]?.arrivals?.handed["s5"]?.at ?? "";
    world.follow({ sites: { ...sites, s5: { region: "us" } }, apps: web });
    world.run(6);

    expect(world.hosts["s5"]).toBe("us");
    const arrivals = world.control.apps["web"]?.arrivals;
    expect(arrivals?.failed).toEqual({});
    expect(Date.parse(arrivals?.handed["s5"]?.at ?? "")).toBeGreaterThan(Date.parse(before));
  });
});
