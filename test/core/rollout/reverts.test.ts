/** A commit that reverts to what is current, while the version that it reverts is under way. */
import { describe, expect, it } from "vitest";
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
