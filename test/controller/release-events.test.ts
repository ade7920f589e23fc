/** What the planner's plans tell of releases and joiners, as control's commits record it. */
import { describe, expect, it } from "vitest";
import { releaseEvents } from "../../src/controller/release-events.ts";
import type { ReleaseEvent } from "../../src/controller/release-ledger.ts";
import { startRollback } from "../../src/core/rollout/start/start-rollback.ts";
import type { ControlChange, ControlState } from "../../src/core/rollout/planner-types.ts";
import { PlannerWorld, quick, type WorldApp, type WorldHead } from "../support/planner-world.ts";

/** A world whose passes are told as commits of control tell them. */
class ToldWorld extends PlannerWorld {
  readonly told: ReleaseEvent[] = [];

  constructor() {
    super({ onPlan: ({ control }, { changes }) => this.tell(control, changes) });
  }

  tell(before: ControlState, changes: readonly ControlChange[]): void {
    this.told.push(...releaseEvents(before, changes));
  }
}

const ended = ({ told }: ToldWorld) => told.filter(({ event }) => event === "ended");

describe("the end of a release", () => {
  const web = (version: string): WorldApp => ({
    version,
    variant: ({ size = "small" }) => size,
    strategy: { ...quick, stages: [{ name: "all", approval: true }] },
  });
  const head = (version: string, size: string): WorldHead => ({
    sites: { s1: { labels: { size } }, s2: { labels: { size } } },
    apps: { web: web(version) },
  });
  const approve = (world: PlannerWorld): string => {
    const { id } = world.release("web");
    world.decide({ verb: "approve", app: "web", release: id, stage: "all", why: "go" });
    return id;
  };

  it("is told as superseded where a candidate has overtaken it at all of its sites", () => {
    const world = new ToldWorld();
    world.follow(head("v1", "small"));
    approve(world);
    world.run(30);
    expect(ended(world)).toMatchObject([{ source: "c1", outcome: "done" }]);
    world.follow(head("v1", "large"));
    world.run(5);
    const old = world.release("web", "site").id;
    world.follow(head("v2", "large"));
    const next = approve(world);
    world.run(30);
    expect(ended(world).slice(1)).toEqual([
      { event: "ended", app: "web", release: old, source: "c2", outcome: "superseded", by: "c3" },
      { event: "ended", app: "web", release: next, source: "c3", outcome: "done" },
    ]);
  });
});

describe("a site that gets an app by the open list", () => {
  const two = { s1: {}, s2: {} };
  const three = { ...two, s3: {} };
  const head = (sites: WorldHead["sites"]): WorldHead => ({
    sites,
    apps: { web: { version: "v1", strategy: quick } },
  });
  const joined = ({ told }: ToldWorld) => told.filter(({ event }) => event === "joined");
  const arrived = { event: "joined", app: "web", outcome: "arrived", sites: ["s3"] };

  function settledWorld(): ToldWorld {
    const world = new ToldWorld();
    world.follow(head(two));
    world.run(30);
    return world;
  }

  it("is told as arrived once it is, and as failed where it is not healthy in time", () => {
    const world = settledWorld();
    world.follow(head(three));
    world.run(30);
    expect(joined(world)).toEqual([arrived]);
    world.behaviour = () => "Degraded";
    world.follow(head({ ...three, s4: {} }));
    world.run(30);
    expect(joined(world)).toEqual([arrived, { ...arrived, outcome: "failed", sites: ["s4"] }]);
  });

  it("is told as arrived where it failed and is well again by itself", () => {
    const world = settledWorld();
    let isIll = true;
    world.behaviour = ({ site }) => (isIll && site === "s3" ? "Degraded" : "Healthy");
    world.follow(head(three));
    world.run(30);
    const failed = { ...arrived, outcome: "failed" };
    expect(joined(world)).toEqual([failed]);
    isIll = false;
    world.run(30);
    expect(joined(world)).toEqual([failed, arrived]);
    expect(world.control.apps["web"]?.arrivals).toBeUndefined();
  });

  it("is told as nothing while its mirror has never got the app", () => {
    const world = settledWorld();
    world.follow(head(three));
    world.step({ dies: true });
    world.hosts["s3"] ??= "eu";
    world.decide({ verb: "pause", scope: { site: "s3" }, all: true, why: "a look" });
    world.run(60);
    expect(world.control.apps["web"]?.arrivals).toBeUndefined();
    expect(joined(world)).toEqual([]);
    world.decide({ verb: "resume", scope: { site: "s3" }, why: "seen" });
    world.run(30);
    expect(world.on("web", "v1")).toEqual(["s1", "s2", "s3"]);
    expect(joined(world)).toEqual([arrived]);
  });

  it("is told as gone where an operator takes it back to what it had once", () => {
    const world = new ToldWorld();
    world.follow({ sites: two, apps: { web: { version: "v0", strategy: quick } } });
    world.run(30);
    world.follow(head(two));
    world.run(30);
    world.follow(head(three));
    world.step();
    const result = startRollback(world.startInput(null, {}), {
      app: "web",
      to: { id: "web-v0", digest: "v0", renderer: 1, source: "c0" },
      by: "ada",
      why: "it was better",
      trees: { s3: "web:v0" },
      touched: {},
    });
    world.tell(world.control, result.ok ? result.changes : []);
    expect(joined(world)).toEqual([{ ...arrived, outcome: "gone" }]);
  });
});
