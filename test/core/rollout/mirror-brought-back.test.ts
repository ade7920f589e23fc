import { describe, expect, it } from "vitest";
import { planRollout } from "../../../src/core/rollout/plan-rollout.ts";
import type { MirrorEntry, RolloutPlan } from "../../../src/core/rollout/planner-types.ts";
import { applyChanges } from "../../support/control-state.ts";
import { PlannerWorld, someSites } from "../../support/planner-world.ts";

const sites = someSites(4);

/**
 * The mirror of eu came back from before s2 had anything there, and its worker, which follows a newer commit, was not
 * heard yet. Nothing is carried out: what mirrors have is set.
 */
class OlderMirror {
  readonly world = new PlannerWorld();
  readonly brought: Record<string, MirrorEntry>;
  stands: readonly string[] = ["eu"];

  constructor() {
    this.world.follow({ sites, apps: { web: { version: "v1" } } });
    this.world.run(20);
    this.brought = { ...this.world.mirrors["s2"] };
    this.mirrorHas({});
  }

  mirrorHas(entries: Record<string, MirrorEntry>): void {
    this.world.mirrors["s2"] = entries;
    this.stands = ["eu"];
  }

  mirrorHasNone(): void {
    delete this.world.mirrors["s2"];
    this.stands = [];
  }

  step(): RolloutPlan {
    const here = Object.keys(sites).map((site) => [site, ["eu"]] as const);
    const standsIn = { ...Object.fromEntries(here), s2: this.stands };
    const plan = planRollout({ ...this.world.input(), standsIn });
    this.world.control = applyChanges(this.world.control, plan.changes);
    return plan;
  }

  get moving() {
    return this.world.control.sites["s2"]?.moving;
  }
}

describe("a site that began to move while its mirror was older than its worker", () => {
  it("takes along what that worker brought, and waits for its word", () => {
    const older = new OlderMirror();
    older.world.follow({
      sites: { ...sites, s2: { region: "us" } },
      apps: { web: { version: "v2" } },
    });
    older.step();
    expect(older.moving).toMatchObject({ to: "us", trees: {}, stopped: expect.any(String) });

    older.mirrorHas(older.brought);
    older.step();
    const { web } = older.brought;
    const trees = web !== undefined && "tree" in web ? { web: web.tree } : {};
    expect(older.moving).toMatchObject({ to: "us", trees: { web: expect.any(String) } });
    expect(older.moving?.trees).toEqual(trees);
    expect(older.moving?.stopped).toBeUndefined();

    older.mirrorHasNone();
    const waiting = [older.step(), older.step()].flatMap(({ siteMoves }) => siteMoves);
    expect(waiting.filter((move) => "enter" in move)).toEqual([]);
    older.world.stopped["eu"] = { s2: "left eu" };
    const moves = [older.step(), older.step()].flatMap(({ siteMoves }) => siteMoves);
    expect(moves.find((move) => "enter" in move)).toMatchObject({ enter: "us", trees });
  });

  it("comes home with what that worker brought, where it was thought to stand nowhere", () => {
    const older = new OlderMirror();
    older.mirrorHasNone();
    const moving = { to: "eu", commit: "", at: new Date(0).toISOString(), trees: {}, good: {} };
    const record = { ...older.world.control.sites["s2"], moving };
    older.world.control = applyChanges(older.world.control, [
      { path: "sites/s2.json", record, why: "it stands in no mirror" },
    ]);
    older.mirrorHas(older.brought);
    older.step();
    expect(Object.keys(older.moving?.trees ?? {})).toEqual(["web"]);
  });
});
