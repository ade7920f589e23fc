/** A site that a commit leaves out of an app, and another one places again while the first is still under way. */
import { describe, expect, it } from "vitest";
import {
  controlFile,
  controlPaths,
  parseControl,
} from "../../../src/core/rollout/control-files.ts";
import { applyChanges } from "../../support/control-state.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

function fail(): never {
  throw new Error("web has no record");
}

const gold = { labels: { tier: "gold" } };
const approved = {
  ...quick,
  stages: [
    { name: "canary", count: 1, approval: true },
    { name: "rest", approval: true },
  ],
};

interface Commit {
  readonly version: string;
  readonly golden: readonly string[];
  readonly more?: Partial<WorldHead["apps"][string]>;
}

function fleet({ version, golden, more }: Commit): WorldHead {
  const sites = Object.entries(someSites(4)).map(([site, spec]) => [
    site,
    golden.includes(site) ? { ...spec, ...gold } : spec,
  ]);
  const web = { version, onRemoval: "hold" as const, ...more };
  // entries of a record of sites
  return { sites: Object.fromEntries(sites) as WorldHead["sites"], apps: { web } };
}

const places = ({ tier }: Readonly<Record<string, string>>): boolean => tier === "gold";

/** v1 is everywhere; v2, which only golden sites are to have, is under way. */
function shrinking(more: Commit["more"]): PlannerWorld {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow(fleet({ version: "v1", golden: ["s1", "s2"] }));
  world.run(30);
  world.follow(fleet({ version: "v1", golden: ["s1", "s2"], more: { ...more } }));
  world.follow(fleet({ version: "v2", golden: ["s1", "s2"], more: { ...more, places } }));
  world.run(25);
  return world;
}

describe("a site that is placed again while the version that left it out is under way", () => {
  it("keeps what is current, and gets that version no sooner than others by their stages", () => {
    const more = { strategy: approved };
    const world = shrinking(more);
    expect(world.control.apps["web"]?.current.unplaced).toEqual(["s3", "s4"]);
    world.follow(fleet({ version: "v2", golden: ["s1", "s2", "s3"], more: { ...more, places } }));
    world.run(20);
    expect(world.control.apps["web"]?.current.unplaced).toEqual(["s4"]);
    expect(world.on("web", "v2")).toEqual([]);

    const release = world.release("web").id;
    for (const stage of ["canary", "rest"]) {
      world.decide({ verb: "approve", app: "web", release, stage, why: "fine" });
    }
    world.run(60);
    expect(world.on("web", "v2")).toEqual(["s1", "s2", "s3"]);
    expect(world.control.apps["web"]?.current.unplaced).toBeUndefined();
  });

  it("is read also as a former version wrote it: nothing comes to a site that is not placed", () => {
    const world = shrinking({ strategy: approved });
    const { id, digest, renderer, source } = world.release("web");
    const { unplaced = [], ...current } = world.control.apps["web"]?.current ?? fail();
    const release = { id, digest, renderer, source };
    const former = { ...current, partial: [{ stage: "left", release, sites: unplaced }] };
    const path = controlPaths.current("web");
    world.control = applyChanges(world.control, [{ path, record: former, why: "as before" }]);
    const file = controlFile({ path, record: former, why: "" });
    expect(parseControl(new Map([[path, file.text ?? ""]])).ok).toBe(true);
    for (const stage of ["canary", "rest"]) {
      world.decide({ verb: "approve", app: "web", release: id, stage, why: "fine" });
    }
    world.run(60);
    expect(world.on("web", "v2")).toEqual(["s1", "s2"]);
    expect(world.control.apps["web"]?.current.partial).toEqual([]);
  });

  it("does not get it when it has been found bad", () => {
    const more = { strategy: { ...quick, rollback: "all" as const } };
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(fleet({ version: "v1", golden: ["s1", "s2"], more }));
    world.run(30);
    world.behaviour = ({ tree, afterMs }) =>
      tree === "web:v2" ? "Degraded" : afterMs >= 1000 ? "Healthy" : "Progressing";
    world.follow(fleet({ version: "v2", golden: ["s1", "s2"], more: { ...more, places } }));
    world.run(30);
    expect(world.control.apps["web"]?.bad).toEqual(["v2"]);
    const golden = ["s1", "s2", "s3", "s4"];
    world.follow(fleet({ version: "v2", golden, more: { ...more, places } }));
    world.run(20);
    expect(world.on("web", "v1")).toEqual(golden);
    expect(world.control.apps["web"]?.current.unplaced).toBeUndefined();
  });
});

describe("a site that no version of the head places", () => {
  it("gets nothing from what is current where a share that left it out ends", () => {
    const isCanary = { labels: { ring: "canary" } };
    const byRing = {
      ...quick,
      stages: [
        { name: "pilots", selector: "ring=canary" },
        { name: "rest", approval: true },
      ],
    };
    const byFirst = {
      ...quick,
      stages: [
        { name: "first", selector: "first=yes" },
        { name: "rest", approval: true },
      ],
    };
    const elsewhere = (_: unknown, site: string): boolean => site !== "s5";
    const four = { ...someSites(4), s1: { labels: { ring: "canary", first: "yes" } } };
    const all = { ...four, s5: { ...isCanary } };
    const web = (version: string, more: object) => ({ web: { version, ...more } });
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow({ sites: four, apps: web("v1", {}) });
    world.run(30);
    world.follow({ sites: four, apps: web("v1", { strategy: byRing }) });
    world.follow({ sites: four, apps: web("v2", { strategy: byRing, places: elsewhere }) });
    world.run(20);
    expect(world.on("web", "v2")).toEqual(["s1"]);
    world.follow({ sites: all, apps: web("v2", { strategy: byRing, places: elsewhere }) });
    world.run(20);
    expect(world.trees("web")["s5"]).toBeUndefined();
    world.follow({ sites: all, apps: web("v2", { strategy: byFirst, places: elsewhere }) });
    world.run(1);
    world.follow({ sites: all, apps: web("v3", { strategy: byFirst, places: elsewhere }) });
    world.run(40);
    expect(world.trees("web")["s5"]).toBeUndefined();
  });
});
