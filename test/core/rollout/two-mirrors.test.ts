import { describe, expect, it } from "vitest";
import { planRollout } from "../../../src/core/rollout/plan-rollout.ts";
import type { RolloutPlan } from "../../../src/core/rollout/planner-types.ts";
import { applyChanges } from "../../support/control-state.ts";
import { PlannerWorld, someSites, type WorldHead } from "../../support/planner-world.ts";

const sites = someSites(4);
const { s2: _, ...others } = sites;
const apps: WorldHead["apps"] = { web: { version: "v1" } };

/** Four sites of eu, of which a loss has left s2 in the mirrors given too. */
class TwoMirrors {
  readonly world = new PlannerWorld();
  standsIn: Record<string, readonly string[]>;
  readonly entered: string[] = [];

  constructor(mirrors: readonly string[]) {
    this.world.follow({ sites, apps });
    this.world.run(20);
    const here = Object.keys(sites).map((site) => [site, ["eu"]] as const);
    this.standsIn = { ...Object.fromEntries(here), s2: mirrors };
    this.assign({ mirror: "eu", uid: "u-2" });
  }

  assign(record: object): void {
    const path = "sites/s2.json";
    this.world.control = applyChanges(this.world.control, [{ path, record, why: "as it is" }]);
  }

  /** One plan, carried out in control and in the mirrors; workers say nothing by themselves. */
  step(): RolloutPlan {
    const plan = planRollout({ ...this.world.input(), standsIn: this.standsIn });
    this.#refuseHandOvers(plan);
    this.world.control = applyChanges(this.world.control, plan.changes);
    for (const move of plan.siteMoves) {
      if ("enter" in move) {
        this.entered.push(move.enter);
        continue;
      }
      const { [move.site]: before = [], ...rest } = this.standsIn;
      const left = before.filter((mirror) => mirror !== move.leave);
      this.standsIn = left.length === 0 ? rest : { ...rest, [move.site]: left };
    }
    return plan;
  }

  steps(count: number): RolloutPlan {
    for (let step = 1; step < count; step += 1) this.step();
    return this.step();
  }

  #refuseHandOvers({ handOvers }: RolloutPlan): void {
    const standing = this.standsIn["s2"]?.join();
    if (standing === "us" && this.record?.moving === undefined) return;
    if (handOvers.some(({ site }) => site === "s2"))
      throw new Error(`s2 gets something while it stands in ${standing}`);
  }

  stops(mirror: string): void {
    this.world.stopped[mirror] = { ...this.world.stopped[mirror], s2: `left ${mirror}` };
  }

  get record() {
    return this.world.control.sites["s2"];
  }
}

function follow(two: TwoMirrors, region: string): void {
  two.world.follow({ sites: { ...sites, s2: { region } }, apps: { web: { version: "v2" } } });
}

describe("a site that a loss has left in two mirrors", () => {
  it("stays in that of its region alone, once the other's worker has stopped", () => {
    const two = new TwoMirrors(["eu", "us"]);
    follow(two, "us");
    const { waits } = two.steps(4);
    expect(two.standsIn["s2"]).toEqual(["us"]);
    expect(two.record).toMatchObject({ mirror: "eu", moving: { to: "us" } });
    expect(waits.find(({ site, app }) => site === "s2" && app === "web")).toMatchObject({
      code: "moving",
      reason: "s2 leaves eu, whose worker has to say that it stopped writing there",
    });

    two.stops("eu");
    two.step();
    expect(two.record).toEqual({ mirror: "us", uid: "u-2" });
    expect(two.standsIn["s2"]).toEqual(["us"]);
    expect(two.entered).toEqual([]);
  });

  it("stays there by an operator's word that names its cluster, where the other's worker is gone", () => {
    const two = new TwoMirrors(["eu", "us"]);
    two.world.silence("eu", true);
    follow(two, "us");
    two.steps(4);
    two.world.decide({ verb: "excuse", site: "s2", uid: "u-2", why: "eu burnt" });
    two.steps(2);
    expect(two.record).toEqual({ mirror: "us", uid: "u-2" });
    expect(two.standsIn["s2"]).toEqual(["us"]);
  });

  it("gets nothing and leaves the other one, too, where control has it in its own", () => {
    const two = new TwoMirrors(["eu", "us"]);
    two.assign({ mirror: "us", uid: "u-2" });
    follow(two, "us");
    two.step();
    expect(two.record).toMatchObject({ mirror: "eu", moving: { to: "us" } });
    two.stops("eu");
    two.steps(2);
    expect(two.record).toEqual({ mirror: "us", uid: "u-2" });
    expect(two.standsIn["s2"]).toEqual(["us"]);
  });

  it("leaves one after the other, and waits for each, where its region is a third by then", () => {
    const two = new TwoMirrors(["eu", "us"]);
    follow(two, "us");
    two.step();
    follow(two, "asia");
    two.steps(3);
    expect(two.record).toMatchObject({ mirror: "eu", moving: { to: "us" } });
    two.stops("eu");
    two.steps(4);
    expect(two.record).toMatchObject({ mirror: "us", moving: { to: "asia" } });
    expect([two.standsIn["s2"], two.entered]).toEqual([undefined, []]);
    two.stops("us");
    two.step();
    expect(two.record).toMatchObject({ mirror: "us", moving: { to: "asia" } });
    expect(two.entered).toEqual(["asia"]);
  });

  it("leaves one after the other, and waits for each, where it stands in three", () => {
    const two = new TwoMirrors(["asia", "eu", "us"]);
    follow(two, "us");
    two.steps(3);
    two.stops("eu");
    two.steps(3);
    expect(two.record).toMatchObject({ mirror: "asia", moving: { to: "us", several: true } });
    two.stops("asia");
    two.steps(3);
    expect(two.record).toEqual({ mirror: "us", uid: "u-2" });
    expect(two.standsIn["s2"]).toEqual(["us"]);
  });

  it("goes to the mirror that control and its region name, where it stands in another one only", () => {
    const two = new TwoMirrors(["us"]);
    follow(two, "eu");
    two.steps(3);
    expect(two.record).toMatchObject({ mirror: "us", moving: { to: "eu" } });
    expect([two.standsIn["s2"], two.entered]).toEqual([undefined, []]);
    two.stops("us");
    two.step();
    expect(two.entered).toEqual(["eu"]);
  });

  it("leaves both where it leaves the fleet, and is remembered with what it had", () => {
    const two = new TwoMirrors(["eu", "us"]);
    two.world.follow({ sites: others, apps });
    two.steps(3);
    expect(two.standsIn["s2"]).toEqual(["us"]);
    two.stops("eu");
    two.steps(3);
    expect(two.standsIn["s2"]).toBeUndefined();
    expect(two.record).toMatchObject({ mirror: "us", moving: { trees: { web: "web:v1" } } });
    expect(two.record?.moving?.stopped).toBeUndefined();
    two.stops("us");
    two.step();
    expect(two.record?.moving?.stopped).toBeDefined();
  });

  it("stays forgotten until it has arrived, where it is back before it has left both", () => {
    const two = new TwoMirrors(["eu", "us"]);
    two.world.follow({ sites: others, apps });
    two.step();
    const forgotten = two.record?.moving?.forgotten;
    expect(forgotten).toBeDefined();
    follow(two, "asia");
    two.stops("eu");
    two.steps(3);
    expect(two.record).toMatchObject({ mirror: "us", moving: { to: "asia", forgotten } });
    two.stops("us");
    two.steps(2);
    expect(two.entered[0]).toBe("asia");
    expect(two.record).toMatchObject({ moving: { to: "asia", forgotten } });
  });
});
