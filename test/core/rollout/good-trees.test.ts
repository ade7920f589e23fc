/** What is good at a site: no tree that a bad release brought there, and every other one that was well there. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PlannerInput, RolloutPlan } from "../../../src/core/rollout/planner-types.ts";
import { applyChanges } from "../../support/control-state.ts";
import { playFlavours, someFlavours } from "../../support/planner-good-histories.ts";
import { GoodOracle } from "../../support/planner-good-oracle.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import { PlannerWorld, quick, type WorldHead } from "../../support/planner-world.ts";

type Labels = Readonly<Record<string, string>>;
type Strategy = NonNullable<WorldHead["apps"][string]["strategy"]>;

/** s1 is the canary, s2 comes next by hand, s3 is the rest; each has a label that makes its tree another one. */
const byHand: Strategy = {
  ...quick,
  rollback: "all",
  stages: [
    { name: "canary", selector: "ring=canary" },
    { name: "mid", selector: "ring=mid", approval: true },
    { name: "rest" },
  ],
};

const staged = (version: string, flavour = "a", strategy = byHand): WorldHead => ({
  sites: {
    s1: { labels: { ring: "canary", flavour } },
    s2: { labels: { ring: "mid" } },
    s3: {},
  },
  apps: { web: { version, strategy, variant: (labels: Labels) => labels["flavour"] ?? "" } },
});

const healthyLater = (afterMs: number): "Healthy" | "Progressing" =>
  afterMs >= 1000 ? "Healthy" : "Progressing";

/** v1 stands, and the canary stage of v2 has passed. */
function halfWay(strategy = byHand): PlannerWorld {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow(staged("v1", "a", { ...strategy, stages: [{ name: "all" }] }));
  world.run(20);
  world.behaviour = ({ tree, site, afterMs }) =>
    tree.startsWith("web:v2") && site === "s2" ? "Degraded" : healthyLater(afterMs);
  world.follow(staged("v1", "a", strategy));
  world.follow(staged("v2", "a", strategy));
  world.run(20);
  expect(world.trees("web")).toEqual({ s1: "web:v2:a", s2: "web:v1", s3: "web:v1" });
  return world;
}

function openMid(world: PlannerWorld): void {
  const { id } = world.release("web");
  world.decide({ verb: "approve", app: "web", release: id, stage: "mid", why: "x" });
  world.run(60);
}

describe("a site that a bad release brought something else first", () => {
  it("goes back to what stood there before the release, though its stage had passed", () => {
    const world = halfWay();
    world.follow(staged("v2", "b"));
    world.run(20);
    expect(world.trees("web")["s1"]).toBe("web:v2:b");
    openMid(world);
    expect(world.release("web").goingBack?.scope).toBe("all");
    expect(world.trees("web")).toEqual({ s1: "web:v1:a", s2: "web:v1", s3: "web:v1" });
  });

  it("does so after two changes of its data, in a share that people promote", () => {
    const share = { name: "share", selector: "ring=canary", promotion: "manual" } as const;
    const world = halfWay({ ...byHand, stages: [share, { name: "rest" }] });
    for (const flavour of ["b", "c"]) {
      world.follow(staged("v2", flavour, { ...byHand, stages: [share, { name: "rest" }] }));
      world.run(20);
    }
    expect(world.trees("web")["s1"]).toBe("web:v2:c");
    world.decide({ verb: "rollback", app: "web", why: "slow" });
    world.run(20);
    expect(world.trees("web")["s1"]).toBe("web:v1:a");
    expect(world.control.apps["web"]?.badTrees).toEqual({
      "web:v2:a": ["s1"],
      "web:v2:b": ["s1"],
      "web:v2:c": ["s1"],
    });
  });

  it("does so when the process died before its data's change was in the mirror", () => {
    const world = halfWay();
    world.follow(staged("v2", "b"));
    world.step({ dies: true });
    expect(world.trees("web")["s1"]).toBe("web:v2:a");
    world.decide({ verb: "rollback", app: "web", why: "slow" });
    world.run(40);
    expect(world.trees("web")["s1"]).toBe("web:v1:a");
  });

  it("does so when it has left the fleet and come back meanwhile", () => {
    const world = halfWay();
    const { s1, ...others } = staged("v2").sites;
    world.follow({ ...staged("v2"), sites: others });
    world.run(5);
    world.follow({ ...staged("v2"), sites: { ...others, ...(s1 === undefined ? {} : { s1 }) } });
    openMid(world);
    expect(world.control.apps["web"]?.badTrees).toMatchObject({ "web:v2:a": ["s1"] });
    expect(world.trees("web")["s1"]).toBe("web:v1:a");
    expect(world.good["s1"]).not.toEqual({ web: "web:v2:a" });
  });

  it("does so where it was away when its stage passed, and caught up since", () => {
    const pilots = { name: "pilots", selector: "ring in (canary, mid)" };
    const strategy = { ...byHand, stages: [pilots, { name: "rest", approval: true }] };
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(staged("v1", "a", { ...strategy, stages: [{ name: "all" }] }));
    world.run(20);
    world.follow(staged("v1", "a", strategy));
    world.offline.add("s2");
    world.work();
    world.follow(staged("v2", "a", strategy));
    world.run(20);
    expect(world.on("web", "v2")).toEqual(["s1"]);
    world.offline.delete("s2");
    world.run(20);
    expect(world.on("web", "v2")).toEqual(["s1", "s2"]);
    world.decide({ verb: "rollback", app: "web", why: "slow" });
    world.run(30);
    expect(world.on("web", "v1")).toHaveLength(3);
  });

  it("goes again, with all that it was brought, when the release is retried", () => {
    const world = halfWay();
    world.follow(staged("v2", "b"));
    world.run(20);
    openMid(world);
    world.behaviour = ({ afterMs }) => healthyLater(afterMs);
    const { id } = world.release("web");
    world.decide({ verb: "retry", app: "web", release: id, why: "the database is back" });
    expect(world.control.apps["web"]).toMatchObject({ bad: [] });
    expect(world.control.apps["web"]?.badTrees).toBeUndefined();
    world.run(20);
    openMid(world);
    expect(world.trees("web")).toEqual({ s1: "web:v2:b", s2: "web:v2", s3: "web:v2" });
  });
});

/** s1 and s2 are of group a, s3 and s4 of group b; what a group gets is the same tree at any site. */
const groups = (
  version: string,
  treeOf: (group: string) => string,
  strategy: Strategy,
): WorldHead => ({
  sites: Object.fromEntries(
    ["a", "a", "b", "b"].map((group, index) => [`s${index + 1}`, { labels: { group } }]),
  ),
  apps: { web: { version, strategy, variant: ({ group = "" }) => treeOf(group) } },
});

const swapped: Strategy = { ...quick, rollback: "all", stages: [{ name: "all" }] };
const big = (group: string) => (each: string) => (each === group ? "big" : "small");

describe("a tree that a bad release brought to other sites", () => {
  it("is good where it stood before: two groups that swapped their trees swap them back", () => {
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(groups("x@1", big("a"), swapped));
    world.run(30);
    const before = world.trees("web");
    world.behaviour = ({ site, tree, afterMs }) =>
      tree.endsWith("big") && ["s3", "s4"].includes(site) ? "Degraded" : healthyLater(afterMs);
    world.follow(groups("x@2", big("b"), swapped));
    world.run(60);
    expect(world.release("web").goingBack).toBeDefined();
    expect(world.trees("web")).toEqual(before);
  });

  it("is good where it is current: a later version that fails there goes back to it", () => {
    const strategy: Strategy = { ...quick, rollback: "failed" };
    const flagAt =
      (...on: string[]) =>
      (group: string): string =>
        on.includes(group) ? "flag" : "plain";
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(groups("x@1", flagAt("a"), strategy));
    world.run(30);
    world.behaviour = ({ site, tree, afterMs }) => {
      const isBad = tree === "web:x:flag" && ["s3", "s4"].includes(site);
      return isBad || tree.startsWith("web:y") ? "Degraded" : healthyLater(afterMs);
    };
    world.follow(groups("x@2", flagAt("a", "b"), strategy));
    world.run(60);
    const before = world.trees("web");
    expect(Object.values(before)).toEqual([
      "web:x:flag",
      "web:x:flag",
      "web:x:plain",
      "web:x:plain",
    ]);
    world.follow(groups("y", flagAt("a"), strategy));
    world.run(60);
    expect(Object.keys(world.release("web").back ?? {})).toHaveLength(1);
    expect(world.trees("web")).toEqual(before);
  });
});

/** One site, one stage. */
const lone = (version: string, flavour = ""): WorldHead => ({
  sites: { s1: { labels: { flavour } } },
  apps: {
    web: {
      version,
      strategy: { ...quick, rollback: "failed", stages: [{ name: "all" }] },
      variant: (labels: Labels) => labels["flavour"] ?? "",
    },
  },
});

describe("a site that stays on what a bad release brought, for want of anything good", () => {
  /** x@1 is the first version there is, and never gets healthy. */
  function stuck(): PlannerWorld {
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.behaviour = () => "Degraded";
    world.follow(lone("x@1"));
    world.run(30);
    expect(world.control.apps["web"]?.badTrees).toEqual({ "web:x": ["s1"] });
    world.behaviour = ({ tree, afterMs }) =>
      tree.startsWith("web:y") ? "Degraded" : healthyLater(afterMs);
    world.run(5);
    return world;
  }

  it("does not come back to it, though it has healed", () => {
    const world = stuck();
    world.follow(lone("y"));
    world.run(30);
    expect(world.trees("web")).toEqual({ s1: "web:y" });
    expect(world.release("web").goingBack).toBeDefined();
    expect(world.waitsOf("s1")).toMatchObject([
      { reason: "nothing good of web is recorded for s1: it stays as it is" },
    ]);
  });

  it("comes back to it when a good version has the same tree", () => {
    const world = stuck();
    world.follow(lone("x@2"));
    world.run(30);
    expect(world.open("web")).toBeUndefined();
    world.follow(lone("y"));
    world.run(30);
    expect(world.trees("web")).toEqual({ s1: "web:x" });
    expect(world.control.apps["web"]?.badTrees).toEqual({ "web:y": ["s1"] });
  });
});

describe("records of earlier controllers, which name no sites of bad trees", () => {
  const earlier = (world: PlannerWorld, trees: readonly string[]): void => {
    const record = { digests: ["x@0"], trees };
    world.control = applyChanges(world.control, [{ path: "apps/web/bad.json", record, why: "x" }]);
  };

  it("say that they are good nowhere, and go on to when more is bad", () => {
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(lone("x@1"));
    world.run(10);
    earlier(world, ["web:x"]);
    world.behaviour = () => "Degraded";
    world.follow(lone("y"));
    world.run(30);
    expect(world.trees("web")).toEqual({ s1: "web:y" });
    expect(world.control.apps["web"]?.badTrees).toEqual({ "web:x": true, "web:y": ["s1"] });
  });
});

describe("over random histories in which sites get other trees by their labels, and share them", () => {
  it("no site goes back to what a bad release brought it, and each goes back that had something good", () => {
    fc.assert(
      fc.property(someFlavours, (history) => {
        const oracle = new GoodOracle();
        const onPlan = (input: PlannerInput, plan: RolloutPlan): void => {
          checkPlan(input, plan);
          oracle.onPlan(input, plan);
        };
        const world = new PlannerWorld({ onPlan });
        playFlavours(world, history);
        oracle.checkRest(world.input());
        expect(world.story.length).toBeGreaterThan(0);
      }),
      { numRuns: 100 },
    );
  }, 90_000);
});
