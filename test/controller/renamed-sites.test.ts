/** A site that gets another name keeps its cluster, and nothing else of what it was. */
import { describe, expect, it } from "vitest";
import { bookkeeping, sharedClusters } from "../../src/controller/bookkeeping.ts";
import { Observations } from "../../src/controller/observations.ts";
import { applyChanges } from "../support/control-state.ts";
import { manualClock } from "../support/manual-clock.ts";
import { PlannerWorld, someSites, type WorldHead } from "../support/planner-world.ts";

const web: WorldHead["apps"] = { web: { version: "v1" } };
const { s1 = {}, ...others } = someSites(3);

/** The fleet runs, s1 on cluster U1; then it is called n1, whose worker finds that cluster. */
class Renamed {
  readonly world = new PlannerWorld();
  readonly observations: Observations;
  #heard = 0;

  constructor({ isSilent = false, decommission = false } = {}) {
    const { world } = this;
    const clock = manualClock(world.now);
    this.observations = new Observations({ clock, heartbeatMs: 1000, silentFrom: world.now });
    world.follow({ sites: { s1: { ...s1, decommission }, ...others }, apps: web });
    world.run(20);
    this.hear("s1");
    if (decommission) world.offline.add("s1");
    if (isSilent) world.silence("eu", true);
    world.follow({ sites: { n1: s1, ...others }, apps: web });
    world.run(5);
  }

  /** The worker of a site tells that its cluster is U1. */
  hear(site: string, mirror = "eu"): void {
    this.observations.accept(mirror, {
      worker: mirror,
      sequence: (this.#heard += 1),
      full: true,
      head: "",
      epoch: 1,
      sites: [{ site, reachable: true, message: "", uid: "U1" }],
      apps: [],
      stopped: {},
      refused: "",
    });
    const { changes } = bookkeeping(this.world.control, this.observations);
    this.world.control = applyChanges(this.world.control, changes);
  }

  get warnings(): string[] {
    return sharedClusters(this.world.control, this.observations);
  }

  get records(): unknown[] {
    return ["s1", "n1"].map((site) => this.world.control.sites[site]);
  }
}

describe("a site that is renamed", () => {
  it("has the cluster that the old name has let go, without a warning, and takes it to another region", () => {
    const renamed = new Renamed();
    const { world } = renamed;
    renamed.hear("n1");
    expect(renamed.records).toMatchObject([
      { moving: { forgotten: expect.any(String) } },
      { mirror: "eu", uid: "U1" },
    ]);
    expect(renamed.warnings).toEqual([]);
    world.follow({ sites: { n1: { ...s1, region: "us" }, ...others }, apps: web });
    world.run(10);
    expect(world.control.sites["n1"]).toEqual({ mirror: "us", uid: "U1" });
  });

  it("has it only once nobody writes there as the old name any more", () => {
    const renamed = new Renamed({ isSilent: true });
    const { world } = renamed;
    renamed.hear("n1");
    expect(world.control.sites["n1"]).not.toHaveProperty("uid");
    expect(renamed.warnings).toEqual([
      expect.stringContaining("`flotilla rollout excuse --site s1 --uid U1 --why TEXT`"),
    ]);
    const word = { verb: "excuse", uid: "U1", why: "its host burnt" } as const;
    expect(() => world.decide({ ...word, site: "n1" })).toThrow(
      "the worker of eu has not said yet that it stopped there",
    );
    world.decide({ ...word, site: "s1" });
    world.run(5);
    expect(renamed.warnings).toEqual([]);
    expect(world.decide({ ...word, site: "n1" })).toContain("may write to n1");
  });

  it("has it only once the apps of the old name have left, where they are to, and that is said", () => {
    const renamed = new Renamed({ decommission: true });
    const { world } = renamed;
    renamed.hear("n1");
    expect(world.control.sites["n1"]).not.toHaveProperty("uid");
    expect(renamed.warnings).toEqual([expect.stringContaining("once the apps of s1 have left it")]);
    world.offline.delete("s1");
    world.run(20);
    renamed.hear("n1");
    expect(world.control.sites["n1"]).toMatchObject({ uid: "U1" });
    expect(renamed.warnings).toEqual([]);
  });

  it("leaves the old name no cluster, should that one come back", () => {
    const renamed = new Renamed();
    const { world } = renamed;
    renamed.hear("n1");
    world.follow({ sites: { n1: s1, ...others, s1: { ...s1, region: "us" } }, apps: web });
    world.run(10);
    expect(renamed.records).toEqual([{ mirror: "us" }, { mirror: "eu", uid: "U1" }]);
  });
});
