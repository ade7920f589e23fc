/** Releases that move as one: none loses a canary, an approval, a soak or a stage through another. */
import { describe, expect, it } from "vitest";
import { startRollback } from "../../../src/core/rollout/start/start-rollback.ts";
import { applyChanges } from "../../support/control-state.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import {
  PlannerWorld,
  quick,
  someSites,
  type WorldApp,
  type WorldHead,
} from "../../support/planner-world.ts";

type Strategy = NonNullable<WorldApp["strategy"]>;

const lax: Strategy = { ...quick, stages: [{ name: "all" }], soak: "0s" };
const why = "seen";

/** Two apps by these strategies; an object belongs to one of them, or is gone. */
function fleet(
  versions: readonly [string, string],
  strategies: readonly [Strategy, Strategy],
  owner: "alpha" | "zeta" | null,
): WorldHead {
  const moves = (app: string): string[] => (app === owner ? ["_ConfigMap_x_moves"] : []);
  const [alpha, zeta] = versions;
  return {
    sites: someSites(6),
    apps: {
      alpha: {
        version: alpha,
        strategy: strategies[0],
        objects: ["_ConfigMap_x_a", ...moves("alpha")],
      },
      zeta: {
        version: zeta,
        strategy: strategies[1],
        objects: ["_ConfigMap_x_z", ...moves("zeta")],
      },
    },
  };
}

/** Both are on v1; then an object goes from zeta to alpha, under these strategies. */
function tied(strategies: readonly [Strategy, Strategy]): PlannerWorld {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow(fleet(["v1", "v1"], [lax, lax], "zeta"));
  world.run(10);
  expect([world.open("alpha"), world.open("zeta")]).toEqual([undefined, undefined]);
  world.follow(fleet(["v1", "v1"], strategies, "zeta"));
  world.run(1);
  world.follow(fleet(["v2", "v2"], strategies, "alpha"));
  return world;
}

const bothOn = (world: PlannerWorld, version: string): number[] =>
  ["alpha", "zeta"].map((app) => world.on(app, version).length);

function approveRest(world: PlannerWorld): void {
  for (const app of ["alpha", "zeta"]) {
    world.decide({ verb: "approve", app, release: world.release(app).id, stage: "rest", why });
  }
}

describe("releases that move as one", () => {
  it("take the stages of the one with the most: no canary, soak or approval of it is lost", () => {
    const strict: Strategy = {
      ...quick,
      stages: [
        { name: "canary", count: 1 },
        { name: "early", count: 2, promotion: "manual" },
        { name: "rest", approval: true },
      ],
      soak: "30s",
    };
    const world = tied([lax, strict]);
    world.run(20);
    expect(bothOn(world, "v2")).toEqual([1, 1]);
    expect(new Set(world.codes(null))).toEqual(new Set(["soak"]));
    world.run(80);
    expect(bothOn(world, "v2")).toEqual([3, 3]);
    expect(new Set(world.codes(null))).toEqual(new Set(["promotion"]));
    for (const app of ["alpha", "zeta"]) world.decide({ verb: "promote", app, why });
    world.run(40);
    expect(bothOn(world, "v2")).toEqual([3, 3]);
    expect(new Set(world.codes(null))).toEqual(new Set(["approval"]));
    approveRest(world);
    world.run(60);
    expect(bothOn(world, "v2")).toEqual([6, 6]);
    expect([world.open("alpha"), world.open("zeta")]).toEqual([undefined, undefined]);
  });

  it("go in fewer stages only when each of them is urgent", () => {
    const slow: Strategy = {
      ...quick,
      stages: [{ name: "canary", count: 1 }, { name: "early", count: 2 }, { name: "rest" }],
      soak: "20s",
    };
    const declared: Strategy = { ...slow, urgent: { stages: ["rest"], soak: "0s" } };
    const stagesOf = (world: PlannerWorld): string[][] =>
      ["alpha", "zeta"].map((app) => world.release(app).stages.map(({ name }) => name));

    const half = tied([declared, slow]);
    half.decide({ verb: "urgent", app: "alpha", why });
    half.run(15);
    expect(bothOn(half, "v2")).toEqual([1, 1]);
    expect(stagesOf(half)).toEqual([
      ["canary", "early", "rest"],
      ["canary", "early", "rest"],
    ]);

    const whole = tied([declared, declared]);
    whole.decide({ verb: "urgent", app: "alpha", why });
    whole.decide({ verb: "urgent", app: "zeta", why });
    whole.settle();
    expect(stagesOf(whole)).toEqual([["rest"], ["rest"]]);
    whole.run(10);
    expect(bothOn(whole, "v2")).toEqual([6, 6]);
  });

  it("keep to holds and later numbers of each one's own stages, by their names", () => {
    const two: Strategy = {
      ...quick,
      stages: [{ name: "first", count: 1 }, { name: "others" }],
    };
    const three: Strategy = {
      ...quick,
      stages: [{ name: "canary", count: 1 }, { name: "early", count: 1 }, { name: "others" }],
    };
    const held = tied([two, three]);
    const scope = { app: "alpha", stage: "others" };
    held.decide({ verb: "pause", scope, why });
    held.run(20);
    expect(bothOn(held, "v2")).toEqual([1, 1]);
    expect(new Set(held.codes(null))).toEqual(new Set(["held"]));
    held.decide({ verb: "resume", scope, why });
    // The same word of the other one holds its own stage alone.
    held.decide({ verb: "pause", scope: { app: "zeta", stage: "others" }, why });
    held.run(20);
    expect(bothOn(held, "v2")).toEqual([2, 2]);

    const none: Strategy = { ...two, maxInFlight: 0 };
    const stages = [{ name: "first" }, { name: "others", approval: true }];
    for (const stricter of [none, { ...two, stages }]) {
      const slowed = tied([two, three]);
      slowed.run(1);
      slowed.follow(fleet(["v2", "v2"], [stricter, three], "alpha"));
      slowed.run(30);
      expect(bothOn(slowed, "v2")).toEqual([1, 1]);
      slowed.follow(fleet(["v2", "v2"], [two, three], "alpha"));
      slowed.run(30);
      expect(bothOn(slowed, "v2")).toEqual([6, 6]);
    }
  });

  it("are not led by one that goes back: the other keeps its canary and its approval", () => {
    const strict: Strategy = {
      ...quick,
      stages: [
        { name: "canary", count: 1 },
        { name: "rest", approval: true },
      ],
    };
    const world = new PlannerWorld();
    world.follow(fleet(["v1", "v1"], [lax, lax], "alpha"));
    world.run(20);
    const to = world.control.apps["alpha"]?.current.release;
    const trees = world.trees("alpha");
    world.follow(fleet(["v2", "v2"], [lax, lax], "zeta"));
    world.run(20);
    world.follow(fleet(["v2", "v2"], [lax, strict], "zeta"));
    world.run(1);
    world.follow(fleet(["v2", "v3"], [lax, strict], null));
    world.run(2);
    expect(world.on("zeta", "v3")).toHaveLength(1);
    if (to === undefined || to === null) throw new Error("alpha has no current release");
    const result = startRollback(world.startInput(world.previous, {}), {
      app: "alpha",
      to,
      by: "ada",
      why,
      trees,
      touched: {},
    });
    if (!result.ok) throw new Error(result.message);
    world.control = applyChanges(world.control, result.changes);
    world.run(30);
    expect(world.on("zeta", "v3")).toHaveLength(1);
    expect(world.release("zeta").stages.map(({ name }) => name)).toEqual(["canary", "rest"]);
    expect(new Set(world.codes(null))).toContain("approval");
    approveRest(world);
    world.run(30);
    expect(world.on("zeta", "v3")).toHaveLength(6);
    expect(world.on("alpha", "v1")).toHaveLength(6);
  });
});
