import { describe, expect, it } from "vitest";
import { PlannerWorld, quick, type WorldHead } from "../../support/planner-world.ts";

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
