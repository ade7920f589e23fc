import { describe, expect, it } from "vitest";
import { checkPlan } from "../../support/planner-invariants.ts";
import { PlannerWorld, quick, type WorldHead } from "../../support/planner-world.ts";

describe("a site that takes the place of a canary", () => {
  const why = "ready";
  const canary = { labels: { ring: "0" } };
  const others: WorldHead["sites"] = { s2: {}, s3: {}, s4: {} };
  const strategy = {
    ...quick,
    stages: [
      { name: "canary", selector: "ring=0" },
      { name: "prod", approval: true },
    ],
  };
  const head = (version: string, sites: WorldHead["sites"]): WorldHead => ({
    sites,
    apps: { web: { version, strategy } },
  });

  /** v1 everywhere, v2 begins, and its only canary cannot be reached. */
  function withoutCanary(): PlannerWorld {
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(head("v1", { s1: canary, ...others }));
    world.run(10);
    approve(world, "prod");
    world.run(20);
    expect(world.open("web")).toBeUndefined();
    world.offline.add("s1");
    world.run(2);
    world.follow(head("v2", { s1: canary, ...others }));
    world.run(3);
    expect(world.on("web", "v2")).toEqual([]);
    return world;
  }

  function approve(world: PlannerWorld, stage: string): void {
    const release = world.release("web").id;
    world.decide({ verb: "approve", app: "web", release, stage, why });
  }

  it("waits for the approval of the stage that it leaves, also where that stood already", () => {
    const world = withoutCanary();
    approve(world, "prod");
    world.follow(head("v2", others));
    world.run(10);
    expect(world.on("web", "v2")).toEqual([]);
    expect(world.codes(null)).toEqual(["approval"]);
    // A later commit gives new numbers, and takes no gate away.
    world.follow({ ...head("v2", others), maxSitesInFlight: 10 });
    world.run(10);
    expect(world.on("web", "v2")).toEqual([]);

    approve(world, "canary");
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(1);
    expect(world.codes(null)).toEqual(["approval"]);
    approve(world, "prod");
    world.run(10);
    expect(world.on("web", "v2")).toEqual(["s2", "s3", "s4"]);
  });

  it("stays under the hold of the stage that it leaves", () => {
    const world = withoutCanary();
    const scope = { app: "web", stage: "prod" };
    world.decide({ verb: "pause", scope, why });
    world.follow(head("v2", others));
    world.run(2);
    approve(world, "canary");
    world.run(10);
    expect(world.on("web", "v2")).toEqual([]);
    expect(world.codes(null)).toEqual(["held"]);
    world.decide({ verb: "resume", scope, why });
    world.run(10);
    expect(world.on("web", "v2")).toHaveLength(1);
  });

  it("is one that can be reached, where there is one", () => {
    for (const offline of ["s2", "s3", "s4"]) {
      const world = withoutCanary();
      world.offline.add(offline);
      world.run(1);
      world.follow(head("v2", others));
      const { list } = world.release("web");
      const first = Object.keys(list).filter((site) => list[site]?.stage === 0);
      expect(first).toHaveLength(1);
      expect(first).not.toEqual([offline]);
    }
  });
});

describe("a canary that fails and then goes away", () => {
  const all: WorldHead["sites"] = { s1: { labels: { ring: "0" } }, s2: {}, s3: {}, s4: {} };
  const head = (version: string, sites = all): WorldHead => ({
    sites,
    apps: {
      web: {
        version,
        places: ({ off }) => off !== "1",
        strategy: { ...quick, stages: [{ name: "canary", selector: "ring=0" }, { name: "rest" }] },
      },
    },
  });

  function failedCanary(): PlannerWorld {
    const world = new PlannerWorld();
    world.follow(head("v1"));
    world.run(20);
    world.behaviour = ({ tree }) => (tree === "web:v2" ? "Degraded" : "Healthy");
    world.follow(head("v2"));
    world.run(12);
    expect(Object.keys(world.release("web").failed)).toEqual(["s1"]);
    return world;
  }

  it("with its site makes one other site the canary: the rest waits", () => {
    const world = failedCanary();
    const { s1: _, ...others } = all;
    world.follow(head("v2", others));
    world.run(30);

    expect(world.on("web", "v2")).toHaveLength(1);
    expect(Object.keys(world.release("web").failed)).toEqual(world.on("web", "v2"));
    expect(world.codes(null)).toContain("failure-budget");
  });

  it("because its labels changed makes one other site the canary: the rest waits", () => {
    const world = failedCanary();
    world.follow(head("v2", { ...all, s1: { labels: { ring: "0", off: "1" } } }));
    world.run(30);

    expect(world.on("web", "v2")).toHaveLength(1);
    expect(world.on("web", "v1")).toHaveLength(2);
  });

  it("goes on once the new canary succeeds", () => {
    const world = failedCanary();
    world.behaviour = () => "Healthy";
    const { s1: _, ...others } = all;
    world.follow(head("v2", others));
    world.settle();
    expect(world.on("web", "v2")).toHaveLength(1);
    world.run(20);

    expect(world.on("web", "v2")).toEqual(["s2", "s3", "s4"]);
    expect(world.open("web")).toBeUndefined();
  });
});
