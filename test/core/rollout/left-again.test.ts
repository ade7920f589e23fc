/** Apps whose leaving marker stands still where they come back, and maybe leave once more before the new version has come. */
import { describe, expect, it } from "vitest";
import { checkPlan } from "../../support/planner-invariants.ts";
import { PlannerWorld, quick, someSites, type WorldApp } from "../../support/planner-world.ts";

const sites = someSites(4);
const far = { ...sites, s1: { region: "us" } };
const strategy = { ...quick, stages: [{ name: "all" }], soak: "0s", maxUnavailable: "100%" };
const web: WorldApp = { version: "v1", strategy };

/** `db` in a version, where it is placed. */
function dbAt(version: string, ...places: readonly string[]): WorldApp {
  const digest = `${version}@${places.join("-")}`;
  return { ...web, version: digest, places: (_, site) => places.includes(site) };
}

/** `db` was at some sites, of which the first does not answer any more; it is ordered to leave all of them. */
function leaving(...places: readonly string[]): PlannerWorld {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow({ sites, apps: { web, db: dbAt("v1", ...places) } });
  world.run(20);
  for (const site of places) world.offline.add(site);
  world.follow({ sites, apps: { web } });
  world.settle();
  world.work();
  world.settle();
  expect(world.trees("db")["s1"]).toBe("leaving");
  return world;
}

describe("an app that comes back where it has not left, and leaves again before its new version is there", () => {
  it.each([
    { where: "it stays", moved: sites },
    { where: "its site moves", moved: far },
  ])("is told to leave until it has left, where $where", ({ moved }) => {
    const world = leaving("s1");
    world.follow({ sites, apps: { web, db: dbAt("v2", "s1") } });
    world.settle();
    world.follow({ sites: moved, apps: { web } });
    world.settle();
    expect(world.release("db", "removal").list).toHaveProperty("s1.from", "db:v1");
    expect(world.codes(null)).not.toContain("unknown-app");
    world.offline.clear();
    world.run(60);
    expect(world.live["s1"]?.["db"]).toMatchObject({ tree: null, left: true });
    expect(world.control.apps["db"]).toBeUndefined();
    expect(world.trees("db")).toEqual({});
  });

  it("leaves also where other sites go on to have it", () => {
    const world = leaving("s1");
    world.follow({ sites, apps: { web, db: dbAt("v2", "s1", "s2") } });
    world.run(3);
    world.follow({ sites: far, apps: { web, db: dbAt("v2", "s2") } });
    world.settle();
    world.offline.clear();
    world.run(60);
    expect(world.live["s1"]?.["db"]).toMatchObject({ tree: null, left: true });
    expect(world.trees("db")).toEqual({ s2: "db:v2" });
  });

  it("is counted once more: what is over the budget by then waits for a word where its site has moved", () => {
    const world = leaving("s1");
    const deletionBudget = { objects: 0, percent: 100 };
    world.follow({ sites, apps: { web, db: dbAt("v2", "s1") }, deletionBudget });
    world.settle();
    world.follow({ sites: far, apps: { web } });
    world.settle();
    world.offline.clear();
    world.run(60);
    expect(world.trees("db")).toEqual({ s1: "db:v1" });
    const { id } = world.release("db", "removal");
    world.decide({ verb: "approve", app: "db", release: id, deletions: 1, why: "looked at" });
    world.run(30);
    expect(world.trees("db")).toEqual({});
  });
});

describe("an app that comes back at one of the sites that it was to leave", () => {
  it("is taken along with what it is to drop, should that site move", () => {
    const entered: object[] = [];
    const world = leaving("s1", "s2");
    const plans = world.step.bind(world);
    world.step = (options) => {
      const plan = plans(options);
      for (const move of plan.siteMoves) if ("enter" in move) entered.push(move.trees);
      return plan;
    };
    world.follow({ sites: far, apps: { web, db: dbAt("v2", "s1") } });
    world.settle();
    expect(Object.keys(world.release("db", "removal").list)).toEqual(["s2"]);
    world.offline.clear();
    world.run(60);
    expect(entered[0]).toEqual({ web: "web:v1", db: "db:v1" });
    expect(world.trees("db")).toEqual({ s1: "db:v2" });
  });
});
