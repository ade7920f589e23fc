/** An app that has still to give an object up at a site that was away, when a release of another one brings it there. */
import { describe, expect, it } from "vitest";
import { planRollout } from "../../../src/core/rollout/plan-rollout.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import {
  PlannerWorld,
  quick,
  someSites,
  type WorldApp,
  type WorldHead,
} from "../../support/planner-world.ts";

const sites = someSites(4);
const data = "_ConfigMap_x_data";
const strategy = { ...quick, stages: [{ name: "all" }], maxInFlight: 4, maxUnavailable: 4 };

/** api has the data with v1, web with v2. */
function fleet(api: "v1" | "v2", web: "v1" | "v2", more: Partial<WorldApp> = {}): WorldHead {
  const objects = (app: string, isWith: boolean): string[] =>
    isWith ? [`_Service_x_${app}`, data] : [`_Service_x_${app}`];
  return {
    sites,
    apps: {
      api: { version: api, strategy, objects: objects("api", api === "v1") },
      web: { version: web, strategy, objects: objects("web", web === "v2"), ...more },
    },
  };
}

/** s4 was away while api dropped the data, and is back; a release of web, which is held, is to take it. */
function backWithRelease(more: Partial<WorldApp> = {}): PlannerWorld {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow(fleet("v1", "v1", more));
  world.run(20);
  world.offline.add("s4");
  world.run(5);
  world.follow(fleet("v2", "v1", more));
  world.run(30);
  expect(world.open("api")).toBeUndefined();
  world.decide({ verb: "pause", scope: { app: "web" }, why: "not yet" });
  world.decide({ verb: "pause", scope: { app: "api", site: "s4" }, all: true, why: "not now" });
  world.follow(fleet("v2", "v2", more));
  world.step();
  world.offline.delete("s4");
  world.step();
  return world;
}

function movesAt(world: PlannerWorld, site: string): string[][] {
  const moves = world.story.filter(({ handOver }) => handOver.site === site);
  return moves.map(({ handOver }) => handOver.apps.map(({ app }) => app).toSorted());
}

const resume = (world: PlannerWorld, app: string, site?: string): void => {
  const scope = site === undefined ? { app } : { app, site };
  world.decide({ verb: "resume", scope, why: "now" });
};

describe("a release that takes an object which another app gives up by the open list", () => {
  it("takes that one along", () => {
    const world = backWithRelease();
    resume(world, "api", "s4");
    const before = movesAt(world, "s4").length;
    resume(world, "web");
    world.run(30);
    expect(movesAt(world, "s4").slice(before)).toEqual([["api", "web"]]);
    expect([world.on("api", "v2"), world.on("web", "v2")]).toEqual([
      ["s1", "s2", "s3", "s4"],
      ["s1", "s2", "s3", "s4"],
    ]);
  });

  it("takes that one along also where its app depends on it", () => {
    const world = backWithRelease({ dependsOn: ["api"] });
    resume(world, "api", "s4");
    const before = movesAt(world, "s4").length;
    resume(world, "web");
    world.run(30);
    expect(movesAt(world, "s4").slice(before)).toEqual([["api", "web"]]);
    expect(world.open("web")).toBeUndefined();
  });

  it("waits, and fails nothing, while that one is held there", () => {
    const world = backWithRelease();
    const before = movesAt(world, "s4").length;
    resume(world, "web");
    world.run(90);
    expect(world.on("web", "v2")).toEqual(["s1", "s2", "s3"]);
    expect(world.waitsOf("s4", "web")).toMatchObject([
      {
        code: "held",
        reason: `held by ada (app api, site s4): not now (api moves together with web: ${data} goes from one to the other)`,
        endsWhen: "an operator resumes it",
      },
    ]);
    resume(world, "api", "s4");
    world.run(30);
    expect(movesAt(world, "s4").slice(before)).toEqual([["api", "web"]]);
    expect(world.open("web")).toBeUndefined();
  });

  it("waits while nobody knows whether a third one takes what that one gives up", () => {
    const world = backWithRelease();
    resume(world, "api", "s4");
    const till = (version: string): WorldHead => {
      const head = fleet("v2", "v2");
      return {
        ...head,
        apps: { ...head.apps, till: { version, strategy, objects: ["_Service_x_till"] } },
      };
    };
    world.follow(till("v1"));
    world.run(20);
    world.follow(till("v2"));
    const before = movesAt(world, "s4").length;
    resume(world, "web");
    const input = world.input();
    const { handOvers } = planRollout({
      ...input,
      unrendered: { apps: ["till"], reason: "no helm" },
      objectsOf: (tree) => (tree === "till:v2" ? new Set() : input.objectsOf(tree)),
    });
    expect(handOvers.map(({ site }) => site).toSorted()).toEqual(["s1", "s2", "s3"]);
    world.run(30);
    expect(movesAt(world, "s4").slice(before)).toContainEqual(["api", "web"]);
  });
});
