import { describe, expect, it } from "vitest";
import { planRollout } from "../../../src/core/rollout/plan-rollout.ts";
import type { PlannerInput } from "../../../src/core/rollout/planner-types.ts";
import { PlannerWorld, quick, someSites } from "../../support/planner-world.ts";

const strategy = { ...quick, stages: [{ name: "all" }] };
const fleet = (version: string) => ({
  sites: someSites(3),
  apps: { web: { version, strategy }, till: { version: "v1", strategy } },
});

/** A release of `web` has begun, and nothing of it is handed over; the head has it unrendered. */
function begun(): PlannerInput {
  const world = new PlannerWorld();
  world.follow(fleet("v1"));
  world.run(20);
  world.follow(fleet("v2"));
  return { ...world.input(), unrendered: { apps: ["web"], reason: "no helm" } };
}

describe("a head of which an app is not rendered", () => {
  it("goes on with an open release whose trees are known", () => {
    const { handOvers, waits } = planRollout(begun());
    expect(handOvers.map(({ site }) => site).toSorted()).toEqual(["s1", "s2", "s3"]);
    const own = waits.filter(({ code }) => code === "unrendered");
    expect(own).toEqual([expect.objectContaining({ app: "web", site: null })]);
  });

  it("moves nothing while nobody knows what an open release brings: it may take over or lose something", () => {
    const input = begun();
    const objectsOf: PlannerInput["objectsOf"] = (tree) =>
      tree === "web:v2" ? new Set() : input.objectsOf(tree);
    const { changes, handOvers, siteMoves, waits } = planRollout({ ...input, objectsOf });
    expect({ changes, handOvers, siteMoves }).toEqual({
      changes: [],
      handOvers: [],
      siteMoves: [],
    });
    const reason = expect.stringMatching(/^no helm; what web-v2-c2 brings is known only by that$/);
    const block = { code: "unrendered", reason };
    expect(waits).toEqual([
      expect.objectContaining({ app: "till", ...block }),
      expect.objectContaining({ app: "web", ...block }),
    ]);
  });
});
