/** Several words by which one release goes back, of operators and of the planner: each adds to those before. */
import { describe, expect, it } from "vitest";
import { dataCheck } from "../../../src/core/model/data-check.ts";
import { Release } from "../../../src/core/rollout/records.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import {
  PlannerWorld,
  quick,
  someSites,
  type WorldApp,
  type WorldHead,
} from "../../support/planner-world.ts";

type Strategy = NonNullable<WorldApp["strategy"]>;

const sites = someSites(8);
const stages = [{ name: "a", count: 3 }, { name: "b", count: 3 }, { name: "c" }];
const fleet = (version: string, strategy: Strategy): WorldHead => ({
  sites,
  apps: { web: { version, strategy } },
});

/** v2 is on its way, well in its first stage; from there on the sites of a stage break when it is broken. */
function underWay(more: Partial<Strategy>): {
  readonly world: PlannerWorld;
  readonly inStage: (index: number) => string[];
  readonly breakStage: (index: number) => void;
} {
  const strategy = { ...quick, stages, soak: "9s", maxInFlight: 1, ...more };
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow(fleet("v1", strategy));
  world.run(240);
  expect(world.open("web")).toBeUndefined();
  const broken = new Set<string>();
  world.behaviour = ({ tree, site, afterMs }) => {
    if (tree === "web:v2" && broken.has(site)) return "Degraded";
    return afterMs >= 1000 ? "Healthy" : "Progressing";
  };
  world.follow(fleet("v2", strategy));
  const inStage = (index: number): string[] =>
    Object.entries(world.release("web").list).flatMap(([site, { stage }]) =>
      stage === index ? [site] : [],
    );
  const breakStage = (index: number): void => {
    for (const site of inStage(index)) broken.add(site);
  };
  return { world, inStage, breakStage };
}

function runUntil(world: PlannerWorld, isSo: () => boolean): void {
  for (let second = 0; !isSo(); second += 1) {
    expect(second).toBeLessThan(120);
    world.run(1);
  }
}

const reasons = (world: PlannerWorld, site: string | null): string =>
  world
    .waitsOf(site, "web")
    .map(({ reason }) => reason)
    .join("; ");

const rollback = { verb: "rollback", app: "web", why: "alerts" } as const;

describe("a second word by which a release goes back", () => {
  it("of an operator adds a stage to one that goes back by an operator's word", () => {
    const { world, inStage } = underWay({ soak: "60s" });
    runUntil(world, () => inStage(1).every((site) => world.on("web", "v2").includes(site)));
    world.decide({ ...rollback, stage: "a", why: "slow" });
    world.settle();
    world.decide({ ...rollback, stage: "b" });
    world.settle();
    expect(reasons(world, null)).toMatch(/goes back: stage a: slow; stage b: alerts/);
    for (const stage of ["a", "b"]) {
      expect(() => world.decide({ ...rollback, stage })).toThrow(/^conflict: .*goes back already/);
    }
    for (const verb of ["promote", "urgent"] as const) {
      expect(() => world.decide({ verb, app: "web", why: "now" })).toThrow(
        /^conflict: .*goes back: stage a: slow; stage b: alerts/,
      );
    }
    expect(dataCheck(Release)(world.release("web"))).toHaveProperty("value");

    world.run(30);

    expect(world.on("web", "v2")).toEqual([]);
    for (const site of [...inStage(0), ...inStage(1)]) {
      expect(reasons(world, site)).toBe("it went back with its stage; it went back");
    }
  });

  it("of an operator adds a stage to one that went back by itself", () => {
    const { world, inStage, breakStage } = underWay({ rollback: "stage" });
    runUntil(world, () => inStage(0).every((site) => world.on("web", "v2").includes(site)));
    breakStage(1);
    runUntil(world, () => world.release("web").goingBack !== undefined);
    world.decide({ ...rollback, stage: "a" });
    world.run(60);

    expect(world.on("web", "v2")).toEqual([]);
    expect(world.release("web").goingBack).toMatchObject({ stage: "b", also: [{ stage: "a" }] });
    for (const site of inStage(0)) expect(world.codes(site)).toEqual(["failed"]);
  });

  it("of an operator sends the rest back where only what failed went back by itself", () => {
    const { world, inStage, breakStage } = underWay({ rollback: "failed" });
    runUntil(world, () => inStage(0).every((site) => world.on("web", "v2").includes(site)));
    breakStage(1);
    runUntil(world, () => world.release("web").goingBack !== undefined);
    world.decide(rollback);
    world.run(60);

    expect(world.on("web", "v2")).toEqual([]);
    expect(() => world.decide(rollback)).toThrow(/^conflict: .*goes back already: alerts/);
  });

  it.each(["failed", "stage", "all"] as const)(
    "of the planner takes back %s of a stage that fails while another goes back by an operator's word",
    (scope) => {
      const { world, inStage, breakStage } = underWay({
        rollback: scope,
        maxInFlight: 3,
        progressDeadline: "5s",
        failureBudget: 1,
      });
      runUntil(world, () => Object.hasOwn(world.release("web").passed, "a"));
      breakStage(1);
      runUntil(world, () => inStage(1).every((site) => world.on("web", "v2").includes(site)));
      world.decide({ ...rollback, stage: "a" });
      world.run(40);

      expect(world.on("web", "v2")).toEqual([]);
      const { goingBack } = world.release("web");
      expect(goingBack).toMatchObject({ stage: "a", also: [{ scope }] });
      expect(goingBack?.also).toHaveLength(1);
      expect(reasons(world, null)).toMatch(/stage a: alerts; \d sites of stage b failed/);
      expect(world.plan.wakeAt).toBeNull();
    },
  );

  it("is none of the planner's where sites count as failed only because they go back", () => {
    const { world, inStage } = underWay({ rollback: "all", soak: "60s" });
    runUntil(world, () => inStage(1).every((site) => world.on("web", "v2").includes(site)));
    world.decide({ ...rollback, stage: "b" });
    world.run(30);

    expect(world.on("web", "v2").toSorted()).toEqual(inStage(0).toSorted());
    expect(world.release("web").goingBack).not.toHaveProperty("also");
  });
});
