/**
 * Bugs that other fleet managers had in rollouts and removals, replayed here. docs/explanation/peer-bugs.md lists all of
 * them, also those that other suites replay.
 */
import { describe, expect, it } from "vitest";
import type { WaitCode } from "../../../src/core/rollout/planner-types.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import {
  PlannerWorld,
  quick,
  someSites,
  type WorldApp,
  type WorldHead,
} from "../../support/planner-world.ts";

type Strategy = WorldApp["strategy"] & object;
const whole: Strategy = { ...quick, stages: [{ name: "all" }] };

function fleet(version: string, strategy: Strategy, sites = someSites(6)): WorldHead {
  return { sites, apps: { web: { version, strategy } } };
}

/** Every site has web v1 and is healthy. */
function settled(strategy: Strategy, sites = someSites(6)): PlannerWorld {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow(fleet("v1", { ...strategy, maxInFlight: "100%", maxUnavailable: "100%" }, sites));
  world.run(20);
  world.follow(fleet("v1", strategy, sites));
  world.run(1);
  return world;
}

/** How many sites the open release has in flight now. */
const inFlight = (world: PlannerWorld): number =>
  world
    .progress()
    .reduce((sum, { stages }) => sum + stages.reduce((all, stage) => all + stage.inFlight, 0), 0);

/** The most sites that were in flight at once while so many seconds passed. */
function mostInFlight(world: PlannerWorld, seconds: number): number {
  let most = 0;
  for (let second = 0; second < seconds; second += 1) {
    world.run(1);
    most = Math.max(most, inFlight(world));
  }
  return most;
}

const codes = (world: PlannerWorld): Set<WaitCode> =>
  new Set(world.plan.waits.map(({ code }) => code));

describe("Rancher Fleet", () => {
  it("#594, #192, #3489: clusters that are offline use up no budget, and block nobody", () => {
    const strategy = { ...whole, maxInFlight: 1, maxUnavailable: 1 };
    const world = settled(strategy);
    for (const site of ["s1", "s2", "s3"]) world.offline.add(site);
    world.run(1);
    world.follow(fleet("v2", strategy));
    world.run(20);
    expect(world.on("web", "v2")).toEqual(["s4", "s5", "s6"]);
    expect(world.open("web")).toBeUndefined();

    world.offline.clear();
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(6);
  });

  it("#2891: not all clusters pull a new version at once, though nobody has asked for stages", () => {
    const sites = someSites(40);
    const world = settled({}, sites);
    world.follow(fleet("v2", {}, sites));
    world.settle();
    expect(world.on("web", "v2")).toHaveLength(1);
    expect(mostInFlight(world, 1200)).toBe(3);
    expect(world.on("web", "v2")).toHaveLength(40);
  });

  it("#2699, #5020: the health of what stood there before passes no stage", () => {
    const world = settled(quick);
    world.follow(fleet("v2", quick));
    world.settle();
    const [canary = ""] = world.on("web", "v2");
    // The worker is alive and tells what it knows: web v1, healthy, for longer and longer.
    for (let second = 0; second < 9; second += 1) {
      world.now += 1000;
      world.settle();
      expect(world.codes(canary)).toEqual(["progressing"]);
    }
    world.now += 2000;
    world.settle();
    expect(Object.keys(world.release("web").failed)).toEqual([canary]);
    expect(world.on("web", "v2")).toEqual([canary]);
  });
});

describe("Karmada", () => {
  it("#5375, #5803, #6317, #6951, #3623: no silence, however long, moves or removes a workload", () => {
    const sites = someSites(6, ["eu", "us"]);
    const world = settled(whole, sites);
    const [trees, told] = [world.trees("web"), world.story.length];
    world.silence("us", true);
    for (const site of ["s1", "s3"]) world.offline.add(site);
    for (let day = 0; day < 7; day += 1) {
      world.now += 86_400_000;
      world.work();
      world.settle();
    }
    expect(world.trees("web")).toEqual(trees);
    expect(world.story).toHaveLength(told);
  });

  it("#3740, #1847, #1969: a cluster that is down can be removed, and holds up nobody", () => {
    const world = settled(whole);
    world.offline.add("s6");
    world.run(1);
    world.follow(fleet("v2", whole, someSites(5)));
    world.run(20);
    expect(world.trees("web")).not.toHaveProperty("s6");
    expect(world.on("web", "v2")).toEqual(["s1", "s2", "s3", "s4", "s5"]);
    expect(world.open("web")).toBeUndefined();
  });

  it("#3873: what is removed together with its override is never seen without the override", () => {
    const head = (apps: WorldHead["apps"]): WorldHead => ({ sites: someSites(2), apps });
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(head({ web: { version: "v1", strategy: whole, variant: () => "ten-replicas" } }));
    world.run(20);
    const told = world.story.length;
    world.follow(head({}));
    world.run(20);
    const steps = world.story.slice(told).flatMap(({ handOver }) => handOver.apps);
    expect(steps.filter(({ set }) => "tree" in set)).toEqual([]);
    expect(world.trees("web")).toEqual({});
  });
});

describe("Open Cluster Management", () => {
  it("#327: more failures than may be stop every site, wherever it stands in the order", () => {
    const strategy = { ...whole, maxInFlight: 2, failureBudget: 1 };
    for (const bad of ["s1", "s2", "s3", "s4", "s5"]) {
      const world = settled(strategy);
      world.behaviour = ({ site, tree }) =>
        tree === "web:v2" && site >= bad ? "Degraded" : "Healthy";
      world.follow(fleet("v2", strategy));
      world.run(60);
      // Two that failed, and what was in flight with the second.
      expect([2, 3]).toContain(Object.keys(world.release("web").failed).length);
      expect(codes(world)).toContain("failure-budget");
      const told = world.story.length;
      world.run(30);
      expect(world.story).toHaveLength(told);
    }
  });

  it("more failures allowed than there are sites are not taken for none", () => {
    const strategy = { ...whole, maxInFlight: 4, maxUnavailable: 100, failureBudget: 100 };
    const world = settled(strategy);
    world.behaviour = ({ site, tree }) =>
      tree === "web:v2" && site !== "s6" ? "Degraded" : "Healthy";
    world.follow(fleet("v2", strategy));
    expect(mostInFlight(world, 60)).toBe(4);
    expect(codes(world)).not.toContain("failure-budget");
    expect(world.on("web", "v2")).toHaveLength(6);
    expect(world.open("web")).toBeUndefined();
  });
});

describe("Sveltos", () => {
  it("#1409: sites that are suspended use up no budget, and block nobody", () => {
    const strategy = { ...whole, maxInFlight: 1, maxUnavailable: 1 };
    const world = settled(strategy);
    const sites = { ...someSites(6), s1: { suspend: true }, s2: { suspend: true } };
    world.follow(fleet("v2", strategy, sites));
    world.run(20);
    expect(world.on("web", "v2")).toEqual(["s3", "s4", "s5", "s6"]);
    expect(world.open("web")).toBeUndefined();
  });

  it("#1607: an app that fails holds up no other app", () => {
    const head = (version: string): WorldHead => ({
      sites: someSites(4),
      apps: { api: { version, strategy: quick }, web: { version, strategy: quick } },
    });
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(head("v1"));
    world.run(20);
    world.behaviour = ({ tree }) => (tree === "api:v2" ? "Degraded" : "Healthy");
    world.follow(head("v2"));
    world.run(30);
    expect(world.on("api", "v2")).toHaveLength(1);
    expect(world.on("web", "v2")).toHaveLength(4);
  });
});

describe("KubeFleet", () => {
  it("#733, #845: clusters that join or leave do not end a rollout", () => {
    const world = settled({ ...quick, maxInFlight: 1 });
    const { s1: _, ...rest } = someSites(6);
    world.follow(fleet("v2", { ...quick, maxInFlight: 1 }));
    world.run(5);
    const { id } = world.release("web");
    world.follow(fleet("v2", { ...quick, maxInFlight: 1 }, { ...rest, s9: {} }));
    world.run(1);
    expect(world.release("web").id).toBe(id);
    world.run(40);
    expect(world.on("web", "v2")).toEqual(["s2", "s3", "s4", "s5", "s6", "s9"]);
    expect(world.open("web")).toBeUndefined();
  });

  it("#610: a stage without sites passes at once, and asks nobody for approval", () => {
    const stages = [
      { name: "pilots", selector: "ring=pilot", approval: true, soak: "1h" },
      { name: "rest" },
    ];
    const world = settled({ ...quick, stages });
    world.follow(fleet("v2", { ...quick, stages }));
    world.settle();
    expect(world.release("web").passed).toHaveProperty("pilots");
    expect(codes(world)).not.toContain("approval");
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(6);
  });
});

describe("OpenKruise", () => {
  it("#898: what is broken already is no free pass: no more at once than maxInFlight", () => {
    const strategy = { ...whole, maxInFlight: 2 };
    const sites = someSites(10);
    const world = settled(strategy, sites);
    world.behaviour = ({ tree, afterMs }) =>
      tree === "web:v2" && afterMs >= 1000 ? "Healthy" : "Degraded";
    world.run(1);
    world.follow(fleet("v2", strategy, sites));
    world.settle();
    expect(inFlight(world)).toBe(2);
    expect(mostInFlight(world, 30)).toBe(2);
    expect(world.on("web", "v2")).toHaveLength(10);
  });

  it("#196: a failure counts to the end, also that of the very last site", () => {
    const strategy = { ...whole, maxInFlight: 1 };
    const world = settled(strategy);
    world.follow(fleet("v2", strategy));
    for (let second = 0; second < 60 && world.on("web", "v1").length > 1; second += 1) world.run(1);
    const [last = "", ...others] = world.on("web", "v1");
    expect(others).toEqual([]);
    world.behaviour = ({ site, tree }) =>
      tree === "web:v2" && site === last ? "Degraded" : "Healthy";
    world.run(60);
    expect(world.release("web").passed).toEqual({});
    expect(world.progress()[0]?.state).toBe("failed");
  });

  it("#1478: what leaves does not wait until it has been ready for so long", () => {
    const world = settled({ ...whole, soak: "0s", minReady: "1s" });
    const slow = { ...whole, soak: "0s", minReady: "1h", progressDeadline: "2h" };
    world.follow(fleet("v1", slow));
    world.follow({ sites: someSites(6), apps: {} });
    world.run(3);
    expect(world.trees("web")).toEqual({});
    expect(world.control.apps["web"]).toBeUndefined();
  });
});
