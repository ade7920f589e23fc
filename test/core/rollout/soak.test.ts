import { describe, expect, it } from "vitest";
import { planRollout } from "../../../src/core/rollout/plan-rollout.ts";
import type { PlannerInput } from "../../../src/core/rollout/planner-types.ts";
import { PlannerWorld, quick, someSites } from "../../support/planner-world.ts";

const soakMs = 20_000;

/** Sites of two regions, all settled on v2 in the only stage, at a time at which it soaks. */
function soaking(): PlannerInput {
  const strategy = { ...quick, stages: [{ name: "all" }], soak: `${soakMs}ms`, maxInFlight: 4 };
  const world = new PlannerWorld();
  const head = (version: string) => ({
    sites: someSites(4, ["eu", "us"]),
    apps: { web: { version, strategy } },
  });
  world.follow(head("v1"));
  world.run(60);
  world.follow(head("v2"));
  world.run(8);
  return world.input();
}

/** The same some time later, by when each worker was last heard; healthy times have grown until then. */
function later(
  input: PlannerInput,
  { afterMs, heard }: { afterMs: number; heard: Readonly<Record<string, number>> },
): PlannerInput {
  const observed = Object.entries(input.observed).map(([site, { apps, ...rest }]) => {
    const grown = heard[input.sites.get(site)?.mirror ?? ""] ?? 0;
    const grow = (ms: number) => (ms === 0 ? 0 : ms + grown);
    const told = Object.entries(apps).map(([app, one]) => [
      app,
      { ...one, healthyForMs: grow(one.healthyForMs) },
    ]);
    return [site, { ...rest, apps: Object.fromEntries(told) }];
  });
  const workers = Object.entries(input.workers).map(([mirror, worker]) => [
    mirror,
    { ...worker, heardAt: input.now + (heard[mirror] ?? 0) },
  ]);
  return {
    ...input,
    now: input.now + afterMs,
    observed: Object.fromEntries(observed),
    workers: Object.fromEntries(workers),
  };
}

describe("the soak of a stage", () => {
  it("ends when every worker was heard at its end or later, and asks those that were not", () => {
    const input = soaking();
    const begun = planRollout(later(input, { afterMs: 10, heard: { eu: 0, us: 0 } }));
    const [end = 0, ...others] = new Set(begun.asks.values());
    expect([...begun.asks.keys()].toSorted()).toEqual(["eu", "us"]);
    expect(others).toEqual([]);
    expect(end).toBeGreaterThan(input.now);
    expect(end).toBeLessThanOrEqual(input.now + soakMs);

    // However late it is: what came after the last word nobody knows.
    const long = end - input.now;
    const still = planRollout(later(input, { afterMs: long + 60_000, heard: { eu: long, us: 1 } }));
    expect(still.changes).toEqual([]);
    expect([...still.asks]).toEqual([["us", end]]);

    const over = planRollout(later(input, { afterMs: long + 1, heard: { eu: long, us: long } }));
    expect(over.changes).not.toEqual([]);
    expect(over.asks.size).toBe(0);
  });
});
