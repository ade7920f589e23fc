/** A release that an operator calls urgent: it does what its strategy has declared for that, and nothing else. */
import { describe, expect, it } from "vitest";
import { windowFromSpec } from "../../../src/core/rollout/windows/window-rules.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import {
  PlannerWorld,
  quick,
  someSites,
  type WorldApp,
  type WorldHead,
} from "../../support/planner-world.ts";

type Strategy = NonNullable<WorldApp["strategy"]>;

const slow: Strategy = {
  ...quick,
  stages: [{ name: "canary", count: 1 }, { name: "early", percent: 25 }, { name: "rest" }],
  soak: "1h",
};
const declared: Strategy = {
  ...slow,
  urgent: { stages: ["canary", "rest"], soak: "3s", windows: "ignore" },
};
const freeze = {
  ...windowFromSpec("freeze", {
    closed: [{ from: "2029-12-31", until: "2030-02-01", why: "sale", all: true }],
  }),
  everyApp: true,
};
const why = "the tills are down";

function fleet(version: string, strategy: Strategy, edit: Partial<WorldHead> = {}): WorldHead {
  return { sites: someSites(12), apps: { web: { version, strategy } }, ...edit };
}

/** All on v1; then v2 begins under this strategy, which was there before it. */
function begun(strategy: Strategy, edit: Partial<WorldHead> = {}): PlannerWorld {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow(fleet("v1", { ...quick, soak: "0s" }));
  world.run(10);
  expect(world.open("web")).toBeUndefined();
  world.follow(fleet("v1", strategy, edit));
  world.run(1);
  world.follow(fleet("v2", strategy, edit));
  return world.run(5);
}

const urgent = (world: PlannerWorld): string => world.decide({ verb: "urgent", app: "web", why });

describe("an urgent release", () => {
  it("takes the stages and soaks that its strategy has declared", () => {
    const world = begun(declared);
    expect(world.on("web", "v2")).toHaveLength(1);
    expect(world.codes(null)).toEqual(["soak"]);

    expect(urgent(world)).toMatch(
      /^web-.* is urgent: stages canary, rest, soaks of at most 3s, no windows$/u,
    );
    expect(world.release("web").stages.map(({ name, by }) => `${name}: ${by}`)).toEqual([
      "canary: count 1",
      "rest: rest; urgent: with early",
    ]);
    expect(world.progress()[0]?.urgent).toMatchObject({ by: "ada", why });
    world.run(15);
    expect(world.on("web", "v2")).toHaveLength(12);
    expect(world.open("web")).toBeUndefined();
  });

  it("has budgets of the sites that a stage has then, as the same strategy says after another commit", () => {
    const early = { ...slow, urgent: { stages: ["canary", "rest"], soak: "0s" } };
    const shares = { maxInFlight: "50%", maxUnavailable: "40%", failureBudget: "20%" };
    const domains = {
      ...early,
      stages: [
        { name: "canary", count: 1 },
        { name: "by", each: "region" },
      ],
    };
    for (const [strategy, rest] of [
      [
        { ...early, ...shares },
        { maxInFlight: 5, maxUnavailable: 4, failureBudget: 2 },
      ],
      // Nothing is left for the last stage, until the others go in it.
      [
        { ...domains, ...shares },
        { maxInFlight: 5, maxUnavailable: 4, failureBudget: 2 },
      ],
      [
        { ...domains, ...shares, maxInFlight: 3 },
        { maxInFlight: 3, maxUnavailable: 4 },
      ],
      [
        { ...domains, ...shares, maxUnavailable: "0%" },
        { maxInFlight: 5, maxUnavailable: 0 },
      ],
    ] as const) {
      const world = begun(strategy);
      urgent(world);
      const { stages } = world.release("web");
      expect(stages.map(({ name }) => name)).toEqual(["canary", "rest"]);
      expect(stages[1]).toMatchObject(rest);
      expect(stages[0]).toMatchObject({ failureBudget: 1 });
      world.follow({ ...fleet("v2", strategy), maxSitesInFlight: 100 });
      expect(world.release("web").stages).toEqual(stages);
    }
  });

  it("goes out in a freeze that its strategy lets it ignore, and in no other", () => {
    const world = begun(declared, { windows: [freeze] });
    expect(world.on("web", "v2")).toEqual([]);
    urgent(world);
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(12);

    const kept = begun({ ...slow, urgent: { soak: "1s" } }, { windows: [freeze] });
    urgent(kept);
    kept.run(20);
    expect(kept.on("web", "v2")).toEqual([]);
    expect(new Set(kept.plan.waits.map(({ code }) => code))).toContain("window");
  });

  it("is none where the strategy does not say so beforehand: its own commit grants it nothing", () => {
    const world = begun(slow);
    expect(() => urgent(world)).toThrow(/does not say what urgent means/u);
    world.follow(fleet("v3", declared));
    world.run(2);
    expect(() => urgent(world)).toThrow(/does not say what urgent means/u);
    world.follow(fleet("v3", declared, { maxSitesInFlight: 100 }));
    world.run(2);
    expect(urgent(world)).toMatch(/is urgent/u);
  });

  it("keeps to its budgets, and a bad one stops where it is", () => {
    const world = begun({ ...declared, maxInFlight: 2, maxUnavailable: 2 });
    urgent(world);
    world.behaviour = ({ tree, afterMs }) =>
      tree === "web:v2" || afterMs < 1000 ? "Progressing" : "Healthy";
    world.run(1);
    const most = Math.max(
      ...Array.from({ length: 60 }, () => {
        world.run(1);
        return world.progress()[0]?.stages.reduce((sum, { inFlight }) => sum + inFlight, 0) ?? 0;
      }),
    );
    expect(most).toBeLessThanOrEqual(2);
    expect(world.on("web", "v2").length).toBeLessThanOrEqual(3);
    expect(world.codes(null)).toContain("failure-budget");
    expect(() => urgent(world)).toThrow(/is urgent already/u);
  });

  it("waits for approvals, holds and silent workers like any other", () => {
    const stages = [
      { name: "canary", count: 1 },
      { name: "early", count: 2 },
      { name: "rest", approval: true },
    ];
    const world = begun({ ...declared, stages });
    urgent(world);
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(1);
    expect(world.codes(null)).toEqual(["approval"]);
    const { id } = world.release("web");
    world.decide({ verb: "pause", scope: { app: "web" }, why });
    world.decide({ verb: "approve", app: "web", release: id, stage: "rest", why });
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(1);
    world.silence("eu");
    world.decide({ verb: "resume", scope: { app: "web" }, why });
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(1);
    world.revive("eu");
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(12);
  });

  it("does not step over a hold of a stage that it goes without, said before or after", () => {
    const scope = { app: "web", stage: "early" };
    for (const order of ["before", "after"]) {
      const world = begun(declared);
      if (order === "before") world.decide({ verb: "pause", scope, why });
      urgent(world);
      if (order === "after") world.decide({ verb: "pause", scope, why });
      world.run(20);
      expect(world.on("web", "v2")).toHaveLength(1);
      expect(world.waitsOf(null).map(({ reason }) => reason)).toEqual([
        `held by ada (app web, stage early): ${why}`,
      ]);
      world.follow(fleet("v2", declared, { maxSitesInFlight: 100 }));
      world.run(5);
      expect(world.on("web", "v2")).toHaveLength(1);
      world.decide({ verb: "resume", scope, why });
      world.run(20);
      expect(world.on("web", "v2")).toHaveLength(12);
    }
  });

  it("keeps the stages that a person opens or promotes, whatever its strategy has declared", () => {
    const stages = [
      { name: "canary", count: 1 },
      { name: "early", count: 2 },
      { name: "middle", count: 2, promotion: "manual" as const },
      { name: "most", count: 3, approval: true },
      { name: "rest" },
    ];
    const world = begun({ ...declared, stages });
    urgent(world);
    expect(world.release("web").stages.map(({ name }) => name)).toEqual([
      "canary",
      "middle",
      "most",
      "rest",
    ]);
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(5);
    expect(world.codes(null)).toEqual(["promotion"]);
    world.decide({ verb: "promote", app: "web", why });
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(5);
    expect(world.codes(null)).toEqual(["approval"]);
    const { id } = world.release("web");
    world.decide({ verb: "approve", app: "web", release: id, stage: "most", why });
    world.run(30);
    expect(world.on("web", "v2")).toHaveLength(12);
  });

  it("takes the approval of other stages with it: they were another division of its sites", () => {
    const stages = [
      { name: "canary", count: 1 },
      { name: "early", count: 2 },
      { name: "rest", approval: true },
    ];
    const world = begun({ ...declared, stages });
    const { id } = world.release("web");
    world.decide({ verb: "approve", app: "web", release: id, stage: "rest", why });
    urgent(world);
    world.run(20);
    expect(world.codes(null)).toEqual(["approval"]);
  });

  it("keeps the stage that is open, and stays urgent under the numbers of a later commit", () => {
    const world = begun({ ...declared, urgent: { stages: ["rest"], soak: "20s" } });
    urgent(world);
    expect(world.release("web").stages.map(({ name }) => name)).toEqual(["canary", "rest"]);
    world.follow(fleet("v2", { ...declared, soak: "2h", urgent: { soak: "1s" } }));
    expect(world.release("web").stages.map(({ soakMs }) => soakMs)).toEqual([1000, 1000]);
    world.run(10);
    expect(world.on("web", "v2")).toHaveLength(12);
  });

  it("makes no later one urgent", () => {
    const world = begun(declared);
    urgent(world);
    world.run(1);
    world.follow(fleet("v3", declared));
    world.run(20);
    expect(world.on("web", "v3")).toHaveLength(1);
    expect(world.progress()[0]?.urgent).toBeUndefined();
    expect(world.codes(null)).toEqual(["soak"]);
  });

  it("moves with another one only when both are urgent", () => {
    const shared = (
      version: string,
      objects: readonly [string[], string[]],
      strategy: Strategy = declared,
    ): WorldHead => ({
      sites: someSites(3),
      apps: {
        a: { version, strategy, objects: objects[0] },
        b: { version, strategy, objects: objects[1] },
      },
    });
    const before: [string[], string[]] = [
      ["_ConfigMap_x_a", "_ConfigMap_x_moves"],
      ["_ConfigMap_x_b"],
    ];
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(shared("v1", before, { ...quick, soak: "0s" }));
    world.run(10);
    expect([world.open("a"), world.open("b")]).toEqual([undefined, undefined]);
    world.follow(shared("v1", before));
    world.follow(shared("v2", [["_ConfigMap_x_a"], ["_ConfigMap_x_b", "_ConfigMap_x_moves"]]));
    world.run(5);
    world.decide({ verb: "urgent", app: "a", why });
    world.run(20);
    expect(world.on("a", "v2")).toHaveLength(1);
    world.decide({ verb: "urgent", app: "b", why });
    world.run(20);
    expect([world.on("a", "v2").length, world.on("b", "v2").length]).toEqual([3, 3]);
  });
});
