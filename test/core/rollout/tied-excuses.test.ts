/** What is said of a site in one of the releases that move as one: none of them goes there without the other. */
import { describe, expect, it } from "vitest";
import { checkPlan } from "../../support/planner-invariants.ts";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

const sites = someSites(4);
const data = "_PersistentVolumeClaim_x_data";
const strategy = { ...quick, stages: [{ name: "all" }], maxInFlight: 4, maxUnavailable: 4 };
const why = "no disk";

/** Where api has the data; web is everywhere, and has the data where `takers` says so. */
function fleet(api: readonly string[], takers: readonly string[], version: string): WorldHead {
  const places: WorldHead["apps"][string]["places"] = (_, site) => api.includes(site);
  return {
    sites,
    apps: {
      api: { version: `v1@${api.length}`, strategy, places, objects: ["_Service_x_api", data] },
      web: {
        version,
        strategy,
        variant: ({ site = "" }) => (takers.includes(site) ? "data" : ""),
        objects: ["_Service_x_web"],
        variantObjects: { data: ["_Service_x_web", data] },
      },
    },
  };
}

function running(): PlannerWorld {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.isProtected = (object) => object === data;
  world.follow(fleet(["s1", "s2", "s3", "s4"], [], "v1"));
  world.run(20);
  return world;
}

/** api leaves s4, where people excuse it; then web takes over there what api has. */
function excusedBefore(): PlannerWorld {
  const world = running();
  world.follow(fleet(["s1", "s2", "s3"], [], "v1"));
  world.settle();
  const { id } = world.release("api", "removal");
  world.decide({ verb: "excuse", app: "api", release: id, site: "s4", why });
  world.follow(fleet(["s1", "s2", "s3"], ["s4"], "v2"));
  world.run(5);
  return world;
}

function approveDeletions(world: PlannerWorld): void {
  const { id, deletions } = world.release("api", "removal");
  world.decide({ verb: "approve", app: "api", release: id, deletions: deletions.objects, why });
}

/** The apps that came to a site together, by each hand-over. */
const movesAt = (world: PlannerWorld, site: string): string[][] =>
  world.story
    .filter(({ handOver }) => handOver.site === site)
    .map(({ handOver }) => handOver.apps.map(({ app }) => app));

const stateAt = (world: PlannerWorld, app: string, kind: "app" | "removal"): unknown =>
  world.release(app, kind).excused["s4"];

describe("a site that people excuse from one of two releases that move as one", () => {
  it("is not reached by the other, also when the word was said before: both go there later", () => {
    const world = excusedBefore();
    const { id } = world.release("api", "removal");
    expect(stateAt(world, "web", "app")).toMatchObject({ by: "ada", why, with: id });
    const before = movesAt(world, "s4").length;
    approveDeletions(world);
    world.run(1);
    expect(world.on("web", "v2")).toEqual(["s1", "s2", "s3"]);
    expect(world.waitsOf("s4", "web").map(({ reason }) => reason)).toEqual([
      `excused by ada at 2030-01-01T00:00:20.000Z (from ${id}, which moves together with ${world.release("web").id}): ${why}; it catches up later`,
    ]);
    const columns = world.progress().find(({ app }) => app === "web")?.stages[0];
    expect(columns).toMatchObject({ sites: 4, inFlight: 3, excused: 1, waiting: 0 });

    world.run(30);
    expect(movesAt(world, "s4").slice(before)).toEqual([["api", "web"], ["api"]]);
    expect(world.trees("web")["s4"]).toBe("web:v2:data");
    expect(world.trees("api")).not.toHaveProperty("s4");
    expect([world.open("web"), world.open("api", "removal")]).toEqual([undefined, undefined]);
  });

  it("is no success of the other: its stage waits for one, or for people who say it of that one too", () => {
    const world = running();
    world.follow(fleet(["s1", "s2", "s3"], [], "v1"));
    world.settle();
    const removal = world.release("api", "removal").id;
    world.decide({ verb: "excuse", app: "api", release: removal, site: "s4", why });
    const canary = {
      ...quick,
      stages: [{ name: "canary", selector: "site=s4" }, { name: "rest" }],
    };
    const next = fleet(["s1", "s2", "s3"], ["s4"], "v2");
    const web = { ...next.apps["web"], version: "v2", strategy: canary };
    world.follow({ ...next, apps: { ...next.apps, web: { ...web, version: "v1" } } });
    world.follow({ ...next, apps: { ...next.apps, web } });
    world.run(1);
    approveDeletions(world);
    world.run(60);

    expect(world.codes(null, "web")).toEqual(["no-success"]);
    expect(world.on("web", "v2")).toEqual([]);
    const { id } = world.release("web");
    world.decide({ verb: "excuse", app: "web", release: id, site: "s4", why });
    world.run(60);
    expect(world.on("web", "v2")).toEqual(["s1", "s2", "s3", "s4"]);
  });

  it("stays with the other where both have come already", () => {
    const world = running();
    world.behaviour = ({ site, tree }) =>
      site === "s4" && tree.startsWith("web:v2") ? "Degraded" : "Healthy";
    world.follow(fleet(["s1", "s2", "s3"], ["s4"], "v2"));
    world.settle();
    const { id } = world.release("api", "removal");
    expect(world.trees("web")["s4"]).toBe("web:v2:data");
    world.decide({ verb: "excuse", app: "api", release: id, site: "s4", why });
    world.run(20);

    expect(stateAt(world, "web", "app")).toBeUndefined();
    expect(world.release("web").failed["s4"]?.cause).toContain("Degraded");
  });

  it("keeps the other from it while what it gives up there is held", () => {
    const world = excusedBefore();
    approveDeletions(world);
    world.decide({ verb: "pause", scope: { app: "api", site: "s4" }, why: "not now" });
    world.run(30);
    expect(world.on("web", "v2")).toEqual(["s1", "s2", "s3"]);
    expect(world.waitsOf("s4", "web").map(({ reason }) => reason)).toEqual([
      `api still has ${data} at s4, which goes from it to web`,
    ]);
    const before = movesAt(world, "s4").length;
    world.decide({ verb: "resume", scope: { app: "api", site: "s4" }, why: "now" });
    world.run(30);
    expect(movesAt(world, "s4").slice(before)).toEqual([["api", "web"], ["api"]]);
  });
});

/** web starts with s4, and takes there what api drops; or neither happens. */
function canary(versions: { api: string; web: string }, goesOver = true): WorldHead {
  const stages = [{ name: "canary", selector: "site=s4" }, { name: "rest" }];
  const isTaken = ({ site = "" }: { site?: string }): boolean => goesOver && site === "s4";
  return {
    sites,
    apps: {
      api: {
        version: versions.api,
        strategy,
        variant: (place) => (isTaken(place) ? "" : "data"),
        objects: ["_Service_x_api"],
        variantObjects: { data: ["_Service_x_api", data] },
      },
      web: {
        version: versions.web,
        strategy: { ...strategy, stages },
        variant: (place) => (isTaken(place) ? "data" : ""),
        objects: ["_Service_x_web"],
        variantObjects: { data: ["_Service_x_web", data] },
      },
    },
  };
}

/** Both are at v2, tied and held, and people have excused s4 from api's. */
function tiedByCanary(): PlannerWorld {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow(canary({ api: "v1", web: "v1" }, false));
  world.run(20);
  world.decide({ verb: "pause", scope: { app: "web" }, why: "not yet" });
  world.follow(canary({ api: "v2", web: "v2" }));
  world.step();
  const { id } = world.release("api");
  world.decide({ verb: "excuse", app: "api", release: id, site: "s4", why });
  world.step();
  expect(stateAt(world, "web", "app")).toMatchObject({ with: id });
  return world;
}

describe("a site that is excused from a release as it is from another", () => {
  it("is not excused from what replaces them, one after the other", () => {
    const world = tiedByCanary();
    world.follow(canary({ api: "v3", web: "v2" }));
    world.step();
    expect([stateAt(world, "api", "app"), stateAt(world, "web", "app")]).toEqual([
      undefined,
      undefined,
    ]);
    world.follow(canary({ api: "v3", web: "v3" }));
    world.step();
    world.decide({ verb: "resume", scope: { app: "web" }, why: "now" });
    world.run(60);
    expect(world.on("web", "v3")).toEqual(["s1", "s2", "s3", "s4"]);
    expect(world.trees("api")["s4"]).toBe("api:v3");
    expect([world.open("api"), world.open("web")]).toEqual([undefined, undefined]);
  });

  it("is reached when nothing goes over there any more", () => {
    const world = tiedByCanary();
    world.follow(canary({ api: "v1", web: "v2" }, false));
    world.step();
    expect(stateAt(world, "web", "app")).toBeUndefined();
    world.decide({ verb: "resume", scope: { app: "web" }, why: "now" });
    world.run(60);
    expect(world.on("web", "v2")).toEqual(["s1", "s2", "s3", "s4"]);
    expect(world.open("web")).toBeUndefined();
  });

  it("is reached by those of its unit between which nothing goes over there", () => {
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(chain("v1"));
    world.run(20);
    world.decide({ verb: "pause", scope: { app: "x" }, why: "not yet" });
    world.follow(chain("v2"));
    world.step();
    for (const site of ["s1", "s4"]) {
      world.decide({ verb: "excuse", app: "x", release: world.release("x").id, site, why });
    }
    world.step();
    const excused = ["x", "y", "z"].map((app) => Object.keys(world.release(app).excused));
    expect(excused).toEqual([["s1", "s4"], ["s1"], []]);
    world.decide({ verb: "resume", scope: { app: "x" }, why: "now" });
    world.run(60);
    expect(world.on("z", "v2")).toEqual(["s1", "s2", "s3", "s4"]);
    expect(["x", "y", "z"].filter((app) => world.open(app) !== undefined)).toEqual([]);
  });
});

/** With v2, x gives an object to y at s1, and y one to z at s2. */
function chain(version: string): WorldHead {
  const [first, second] = ["_ConfigMap_x_first", "_ConfigMap_x_second"];
  const app = (name: string, before: string, after: string): WorldHead["apps"][string] => ({
    version,
    strategy,
    variant: ({ site = "" }) => {
      const known = version === "v1" ? before : after;
      return known.split(" ").find((each) => each.endsWith(`-${site}`)) ?? "";
    },
    objects: [`_Service_x_${name}`],
    variantObjects: {
      "first-s1": [`_Service_x_${name}`, first],
      "second-s2": [`_Service_x_${name}`, second],
    },
  });
  return {
    sites,
    apps: {
      x: app("x", "first-s1", ""),
      y: app("y", "second-s2", "first-s1"),
      z: app("z", "", "second-s2"),
    },
  };
}
