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

  const unknown = (input: PlannerInput): PlannerInput => ({
    ...input,
    objectsOf: (tree) => (tree === "web:v2" ? new Set() : input.objectsOf(tree)),
  });
  const waitsOf = (input: PlannerInput, app: string): readonly unknown[] =>
    planRollout(input).waits.filter((wait) => wait.app === app);

  it("moves nothing of an app while nobody knows what its open release brings", () => {
    const input = unknown(begun());
    const { changes, handOvers, siteMoves } = planRollout(input);
    expect({ changes, handOvers, siteMoves }).toEqual({
      changes: [],
      handOvers: [],
      siteMoves: [],
    });
    expect(waitsOf(input, "web")).toEqual([
      expect.objectContaining({
        code: "unrendered",
        reason: "no helm; what web-v2-c2 brings is known only by that",
      }),
    ]);
    expect(waitsOf(input, "till")).toEqual([]);
  });

  /** `till` goes on to another version meanwhile, with and without these objects. */
  function both(before: readonly string[], after: readonly string[]): PlannerInput {
    const world = new PlannerWorld();
    const apps = (version: string, objects: readonly string[]) => ({
      sites: someSites(3),
      apps: {
        web: { version, strategy, objects: ["_Service_x_web"] },
        till: { version, strategy, objects: ["_Service_x_till", ...objects] },
      },
    });
    world.follow(apps("v1", before));
    world.run(20);
    world.follow(apps("v2", after));
    return unknown({ ...world.input(), unrendered: { apps: ["web"], reason: "no helm" } });
  }

  it("lets others go on whose objects stay the same there, and that bring new ones", () => {
    for (const objects of [[], ["_Secret_x_new"]]) {
      const { handOvers } = planRollout(both([], objects));
      const moved = handOvers.flatMap(({ apps }) => apps.map(({ app }) => app));
      expect(moved).toEqual(["till", "till", "till"]);
    }
  });

  it.each([
    ["give something away", ["_Secret_x_old"], []],
    ["take what its app has", [], ["_Service_x_web"]],
  ])("holds others that %s there: it may go over", (_, before, after) => {
    const input = both(before, after);
    const { changes, handOvers } = planRollout(input);
    expect({ changes, handOvers }).toEqual({ changes: [], handOvers: [] });
    expect(waitsOf(input, "till")).toEqual([
      expect.objectContaining({
        code: "unrendered",
        reason: "no helm; whether objects go over between it and web-v2-c2 is known only by that",
      }),
    ]);
  });

  it("holds what moves together with those", () => {
    const world = new PlannerWorld();
    const apps = (version: string, till: string, desk: string) => ({
      sites: someSites(3),
      apps: {
        web: { version, strategy, objects: ["_Service_x_web"] },
        till: { version, strategy, objects: ["_Service_x_till", till] },
        desk: { version, strategy, objects: ["_Service_x_desk", desk] },
      },
    });
    world.follow(apps("v1", "_Secret_x_a", "_Secret_x_b"));
    world.run(20);
    world.follow(apps("v2", "_Secret_x_b", "_Secret_x_c"));
    const input = unknown({ ...world.input(), unrendered: { apps: ["web"], reason: "no helm" } });
    expect(planRollout(input).handOvers).toEqual([]);
    expect(waitsOf(input, "desk")).toHaveLength(1);
  });
});

describe("what the open list would delete, and no release has counted", () => {
  const data = "_PersistentVolumeClaim_x_data";
  const api = (version: string, objects: readonly string[]) => ({
    version,
    objects: ["_Service_x_api", ...objects],
    strategy: { ...quick, soak: "60s" },
  });

  /** One site has the data by a release that control has lost; `web` is placed at these sites, and not rendered. */
  function lost(placed: (canary: string) => readonly string[]): readonly [string, PlannerInput] {
    const world = new PlannerWorld();
    const sites = someSites(4);
    world.follow({ sites, apps: { api: api("v1", []) } });
    world.run(140);
    world.follow({ sites, apps: { api: api("v2", [data]) } });
    world.run(5);
    const [canary = ""] = world.on("api", "v2");
    const before = world.control.apps["api"];
    if (before === undefined) throw new Error("api is there");
    world.control = { ...world.control, apps: { api: { ...before, open: [] } } };
    const input = world.input();
    const placedByHead = { ...input.placedByHead, web: placed(canary) };
    return [canary, { ...input, placedByHead, unrendered: { apps: ["web"], reason: "no helm" } }];
  }
  const questions = ({ control }: PlannerInput, changes: readonly { record: unknown }[]) =>
    [control.apps["api"]?.arrivals, ...changes.map(({ record }) => record)].filter((record) =>
      JSON.stringify(record ?? null).includes(data),
    );

  it("is no question while an app that may take it there is not rendered", () => {
    const [canary, input] = lost((site) => [site]);
    const { changes, handOvers, waits } = planRollout(input);
    expect(handOvers).toEqual([]);
    expect(questions(input, changes)).toEqual([]);
    expect(waits.filter(({ site }) => site === canary)).toEqual([
      expect.objectContaining({
        app: "api",
        code: "unrendered",
        reason: `no helm; whether web takes what api drops at ${canary} is known only by that`,
      }),
    ]);
  });

  it("is one where that app is placed elsewhere", () => {
    const [canary, input] = lost((site) => ["s1", "s2"].filter((other) => other !== site));
    const { changes, handOvers, waits } = planRollout(input);
    expect(handOvers).toEqual([]);
    expect(questions(input, changes)).toHaveLength(1);
    expect(waits.find(({ site }) => site === canary)?.code).toBe("deletions");
  });
});
