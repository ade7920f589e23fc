/** Who keeps a place of `maxInFlight` and of `Fleet.maxSitesInFlight`, and what frees it. */
import { describe, expect, it } from "vitest";
import { checkPlan } from "../../support/planner-invariants.ts";
import {
  PlannerWorld,
  quick,
  someSites,
  type WorldApp,
  type WorldHead,
} from "../../support/planner-world.ts";

const one: NonNullable<WorldApp["strategy"]> = {
  ...quick,
  stages: [{ name: "all" }],
  soak: "0s",
  rollback: "failed",
};
const sites = { ...someSites(2), s3: { region: "us" } };
/** Everywhere but at s3. */
const dbOf = (version: string): WorldApp => ({
  version,
  strategy: one,
  places: (_, site) => site !== "s3",
});
const apps = (web: string, db = "v1"): WorldHead["apps"] => ({
  web: { version: web, strategy: one },
  db: dbOf(db),
});
/** One site of the whole fleet at a time. */
const head = (version: string, db?: string): WorldHead => ({
  sites,
  apps: apps(version, db),
  maxSitesInFlight: 1,
});

function settledWorld(): PlannerWorld {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow({ sites, apps: apps("v1") });
  world.run(30);
  world.follow(head("v1"));
  world.settle();
  return world;
}

function excuse(world: PlannerWorld, region: string): void {
  world.decide({ verb: "excuse", region, why: "it burnt" });
}

describe("a site in a region that people have excused", () => {
  it("keeps no place with what the open list brought, until its worker is back", () => {
    const world = settledWorld();
    world.follow({ ...head("v1"), sites: { ...sites, s4: { region: "us" } } });
    world.step();
    expect(world.control.apps["db"]?.arrivals?.handed).toHaveProperty("s4");
    world.silence("us", true);
    world.follow({ ...head("v2"), sites: { ...sites, s4: { region: "us" } } });
    world.run(60);
    expect(world.on("web", "v2")).toEqual([]);
    expect(world.waitsOf("s1", "web")[0]).toMatchObject({
      reason: "maxSitesInFlight of the fleet is 1, used by db and 1 more at s4",
    });
    excuse(world, "us");
    world.run(60);
    expect(world.on("web", "v2")).toEqual(["s1", "s2"]);
    expect(world.codes("s4", "db")).toContain("worker-silent");
    world.revive("us");
    world.run(60);
    expect(world.on("db", "v1")).toEqual(["s1", "s2", "s4"]);
  });

  it("keeps none on its way back", () => {
    const world = settledWorld();
    world.behaviour = ({ tree }) => (tree === "web:v2" ? "Degraded" : "Healthy");
    world.offline.add("s1").add("s2");
    world.work();
    world.follow(head("v2"));
    world.run(1);
    expect(world.on("web", "v2")).toEqual(["s3"]);
    for (let second = 0; world.release("web").back === undefined && second < 60; second += 1) {
      world.now += 1000;
      world.work();
      world.step();
    }
    expect(world.release("web").back).toHaveProperty("s3");
    world.silence("us", true);
    world.offline.clear();
    world.follow(head("v2", "v2"));
    world.run(60);
    expect(world.on("db", "v2")).toEqual([]);
    expect(world.waitsOf("s3", "web")).toMatchObject([{ code: "worker-silent" }]);
    excuse(world, "us");
    world.run(60);
    expect(world.on("db", "v2")).toEqual(["s1", "s2"]);
  });
});

describe("a site whose hand-over its mirror never got, and that cannot take it", () => {
  it.each(["a release", "the open list"])("keeps its place to its deadline only: of %s", (what) => {
    const world = settledWorld();
    const isNew = what === "the open list";
    const next = { ...head(isNew ? "v1" : "v2"), sites: isNew ? { ...sites, s4: {} } : sites };
    if (!isNew) for (const site of ["s1", "s2"]) world.offline.add(site);
    world.work();
    world.follow(next);
    world.step({ dies: true });
    world.offline.clear();
    const site = isNew ? "s4" : "s3";
    world.hosts[site] ??= "eu";
    world.offline.add(site);
    world.work();
    world.run(5);
    world.follow({ ...next, apps: apps(isNew ? "v1" : "v2", "v2") });
    world.run(2);
    expect(world.on("db", "v2")).toEqual([]);
    world.run(60);
    expect(world.on("db", "v2")).not.toEqual([]);
    world.offline.clear();
    world.run(60);
    expect(world.trees("web")[site]).toBe(isNew ? "web:v1" : "web:v2");
    expect(world.control.apps["web"]?.open).toEqual([]);
  });
});

describe("a hand-over of the open list that its mirror never got", () => {
  it("keeps its place to its deadline only where its site is held, and is not told to have arrived", () => {
    const world = settledWorld();
    const next = { ...head("v1"), sites: { ...sites, s4: {} } };
    world.follow(next);
    world.step({ dies: true });
    world.hosts["s4"] ??= "eu";
    world.decide({ verb: "pause", scope: { site: "s4" }, all: true, why: "a look" });
    world.follow({ ...next, apps: apps("v1", "v2") });
    world.run(2);
    expect(world.on("db", "v2")).toEqual([]);
    const whys: string[] = [];
    for (let second = 0; second < 60; second += 1) {
      world.now += 1000;
      world.work();
      whys.push(...world.step().changes.map(({ why }) => why));
    }
    expect(world.on("db", "v2")).toEqual(["s1", "s2"]);
    expect(whys).toContain("web: s4 is not on its way any more");
    expect(whys.join()).not.toContain("s4 has arrived");
    world.decide({ verb: "resume", scope: { site: "s4" }, why: "seen" });
    world.run(60);
    expect(world.trees("web")["s4"]).toBe("web:v1");
  });
});

describe("a site that a removal reaches when its stage has passed", () => {
  function straggler(): PlannerWorld {
    const world = settledWorld();
    world.offline.add("s3");
    world.work();
    world.follow({ ...head("v1"), apps: { db: dbOf("v1") } });
    world.run(60);
    expect(world.trees("web")).toEqual({ s3: "web:v1" });
    world.offline.delete("s3");
    world.work();
    world.settle();
    expect(world.trees("web")).toEqual({ s3: "leaving" });
    return world;
  }
  const next = { ...head("v1"), apps: { db: dbOf("v2") } };

  it("and that does not answer any more keeps its place to its deadline", () => {
    const world = straggler();
    world.offline.add("s3");
    world.follow(next);
    world.run(2);
    expect(world.waitsOf("s1", "db")).toMatchObject([
      { reason: "maxSitesInFlight of the fleet is 1, used by web at s3" },
    ]);
    world.run(60);
    expect(world.on("db", "v2")).toEqual(["s1", "s2"]);
    expect(world.codes("s3", "web")).toEqual(["offline"]);
  });

  it("and whose worker is silent keeps it until people excuse the region", () => {
    const world = straggler();
    world.silence("us", true);
    world.follow(next);
    world.run(60);
    expect(world.on("db", "v2")).toEqual([]);
    expect(world.waitsOf("s3", "web")).toMatchObject([
      {
        endsWhen:
          "it reports again; that an operator excuses the region frees only the slot that it takes until then",
      },
    ]);
    excuse(world, "us");
    world.run(60);
    expect(world.waitsOf("s3", "web")).toMatchObject([{ endsWhen: "it reports again" }]);
    expect(world.on("db", "v2")).toEqual(["s1", "s2"]);
  });
});
