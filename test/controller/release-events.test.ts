/** What the planner's plans tell of releases and joiners, as control's commits record it. */
import { describe, expect, it } from "vitest";
import { releaseEvents } from "../../src/controller/release-events.ts";
import type { ReleaseEvent } from "../../src/controller/release-ledger.ts";
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
