import { describe, expect, it } from "vitest";
import { planRollout } from "../../../src/core/rollout/plan-rollout.ts";
import { progressOf } from "../../../src/core/rollout/progress.ts";
import { startReleases } from "../../../src/core/rollout/start-releases.ts";
import { PlannerWorld, someSites, type WorldHead } from "../../support/planner-world.ts";
import { cpuTime } from "../../support/cpu-time.ts";

const regions = Array.from({ length: 20 }, (_, index) => `r${index}`);

function head(sites: number, apps: number, version: string): WorldHead {
  const list = Array.from({ length: apps }, (_, index) => [`app${index}`, { version }] as const);
  return { sites: someSites(sites, regions), apps: Object.fromEntries(list) };
}

/** CPU time of starting and planning a release of every app at every site, in ms. */
function timeOf(sites: number, apps: number): number {
  const world = new PlannerWorld();
  world.follow(head(sites, apps, "v1"));
  world.work();
  const input = world.startInput(null, {});
  const planned = world.input();
  return cpuTime(() => {
    startReleases(input);
    const plan = planRollout(planned);
    progressOf(planned);
    expect(plan.handOvers.length).toBeGreaterThan(0);
  });
}

describe("the planner's cost", { timeout: 240_000 }, () => {
  it("grows with the number of sites, not with its square", () => {
    timeOf(200, 4);
    const small = Math.min(timeOf(500, 4), timeOf(500, 4), timeOf(500, 4));
    const large = Math.min(timeOf(4000, 4), timeOf(4000, 4));
    expect(large / small).toBeLessThan(30);
  });

  it("grows with the number of sites that join, too", () => {
    const timeOfJoining = (sites: number): number => {
      const world = new PlannerWorld();
      const { sites: all, apps } = head(sites, 2, "v1");
      world.follow({ apps, sites: Object.fromEntries(Object.entries(all).slice(0, 40)) });
      world.run(10);
      world.follow({ apps, sites: all });
      const input = world.input();
      return cpuTime(() => {
        expect(planRollout(input).handOvers.length).toBeGreaterThan(sites - 100);
      });
    };
    timeOfJoining(500);
    const small = Math.min(timeOfJoining(500), timeOfJoining(500), timeOfJoining(500));
    const large = Math.min(timeOfJoining(4000), timeOfJoining(4000));
    expect(large / small).toBeLessThan(30);
  });

  it("is small for a small fleet: a simulation runs hundreds of plans", () => {
    const world = new PlannerWorld();
    world.follow(head(6, 2, "v1"));
    world.run(3);
    const input = world.input();
    const rounds = (): void => {
      for (let round = 0; round < 200; round += 1) planRollout(input);
    };
    rounds();
    expect(cpuTime(rounds) / 200).toBeLessThan(2);
  });
});
