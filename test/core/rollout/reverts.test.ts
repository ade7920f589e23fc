/** A commit that reverts to what is current, while the version that it reverts is under way. */
import { describe, expect, it } from "vitest";
import { windowFromSpec } from "../../../src/core/rollout/windows/window-rules.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

const strategy = { ...quick, rollback: "all" as const };
const fleet = (version: string): WorldHead => ({
  sites: someSites(6),
  apps: { web: { version, strategy } },
});

describe("a revert that fails where it goes back", () => {
  it("makes nothing bad, so that the next bad version has something good to go back to", () => {
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(fleet("v1"));
    world.run(30);
    world.follow(fleet("v2"));
    world.run(4);
    const [canary = ""] = world.on("web", "v2");
    let isBroken = true;
    world.behaviour = ({ tree, site, afterMs }) => {
      const isBad = site === canary ? isBroken && tree === "web:v1" : tree === "web:v3";
      return isBad ? "Degraded" : afterMs >= 1000 ? "Healthy" : "Progressing";
    };
    world.follow(fleet("v1"));
    world.run(30);
    expect(world.release("web").goingBack?.scope).toBe("all");
    expect(world.control.apps["web"]).toMatchObject({
      bad: [],
      current: { release: { digest: "v1" } },
    });

    isBroken = false;
    world.follow(fleet("v3"));
    world.run(60);
    expect(world.control.apps["web"]?.bad).toEqual(["v3"]);
    expect(world.on("web", "v3")).toEqual([]);
    expect(world.on("web", "v1")).toHaveLength(5);
  });
});

describe("a revert while what it reverts goes back", () => {
  const stages = [{ name: "a", count: 3 }, { name: "b" }];
  const slow = { ...quick, stages, soak: "9s", maxInFlight: 1, rollback: "all" as const };
  const head = (version: string, more: Partial<typeof quick> = {}): WorldHead => ({
    ...fleet(version),
    apps: { web: { version, strategy: { ...slow, ...more } } },
  });

  /** v2 has passed its first stage; the second has begun. */
  function inSecondStage(more: Partial<typeof quick> = {}): PlannerWorld {
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(head("v1", more));
    world.run(90);
    expect(world.open("web")).toBeUndefined();
    world.follow(head("v2", more));
    for (let second = 0; world.on("web", "v2").length < 4; second += 1) {
      expect(second).toBeLessThan(60);
      world.run(1);
    }
    expect(world.release("web").passed).toHaveProperty("a");
    return world;
  }

  it("has all sites that are not back yet in its list, also of stages that had passed", () => {
    const world = inSecondStage();
    world.behaviour = ({ tree }) => (tree === "web:v2" ? "Degraded" : "Healthy");
    for (let second = 0; world.release("web").goingBack === undefined; second += 1) {
      expect(second).toBeLessThan(60);
      world.run(1);
    }
    const left = world.on("web", "v2");
    const before = world.release("web").list;
    expect(left.filter((site) => before[site]?.stage === 0)).not.toEqual([]);
    world.follow(head("v1"));

    const { list } = world.release("web");
    expect(Object.keys(list)).toEqual(expect.arrayContaining(left));
    for (const site of left) expect(list[site]).toMatchObject({ from: "web:v2", to: "web:v1" });
    world.run(1);
    for (const site of world.on("web", "v2")) {
      expect(world.waitsOf(site).map(({ release }) => release)).toEqual([world.release("web").id]);
    }
    world.run(90);
    expect(world.on("web", "v1")).toHaveLength(6);
  });

  it("goes on at all of them when an operator calls it urgent in a freeze", () => {
    const urgent = { windows: "ignore" } as const;
    const world = inSecondStage({ urgent });
    world.behaviour = ({ tree }) => (tree === "web:v2" ? "Degraded" : "Healthy");
    const closed = [{ from: "2030-01-01", until: "2030-02-01", all: true as const }];
    const freeze = { ...windowFromSpec("freeze", { closed }), everyApp: true };
    for (let second = 0; world.release("web").goingBack === undefined; second += 1) {
      expect(second).toBeLessThan(60);
      world.run(1);
    }
    world.follow({ ...head("v1", { urgent }), windows: [freeze] });
    world.run(30);
    expect(world.on("web", "v2")).not.toEqual([]);
    world.decide({ verb: "urgent", app: "web", why: "the tills are down" });
    world.run(90);
    expect(world.on("web", "v1")).toHaveLength(6);
  });

  it("has a site in its list that an operator had set back, and that is not back yet", () => {
    const world = inSecondStage();
    const { list, id } = world.release("web");
    const [site = ""] = world.on("web", "v2").filter((name) => list[name]?.stage === 0);
    world.offline.add(site);
    world.work();
    world.decide({ verb: "rollback", app: "web", release: id, site, why: "it is slow there" });
    world.settle();
    expect(world.trees("web")[site]).toBe("web:v2");
    world.follow(head("v1"));

    expect(world.release("web").list[site]).toMatchObject({ from: "web:v2", to: "web:v1" });
    world.offline.delete(site);
    world.run(90);
    expect(world.on("web", "v1")).toHaveLength(6);
  });
});
