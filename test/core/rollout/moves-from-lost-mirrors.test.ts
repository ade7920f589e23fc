/** Sites that move out of a region whose mirror is lost, or came back empty: their worker may still write to them. */
import { describe, expect, it } from "vitest";
import { checkPlan } from "../../support/planner-invariants.ts";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";
import { UnreadWorld } from "../../support/unread-world.ts";

const sites = someSites(4);
const strategy = { ...quick, stages: [{ name: "all" }], soak: "0s" };
const apps = (version: string) => ({ web: { version, strategy } });

const webIsPlaced = (labels: Readonly<Record<string, string>>): boolean => labels["web"] !== "no";

interface Lost {
  readonly world: PlannerWorld;
  /** The worker brings what it has. */
  readonly back: () => void;
}

/** Web is at all sites of eu, whose mirror is empty then; its worker, which has all of it, was not heard yet. */
function lostMirror(): Lost {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow({ sites, apps: apps("v1") });
  world.run(20);
  tellCluster(world, "s2", "u-2");
  const [mirrors, hosts] = [structuredClone({ ...world.mirrors }), { ...world.hosts }];
  for (const site of Object.keys(sites)) {
    for (const known of [world.mirrors, world.hosts, world.observed]) delete known[site];
  }
  world.silence("eu");
  world.awaited.add("eu");
  const back = (): void => {
    Object.assign(world.mirrors, mirrors);
    Object.assign(world.hosts, hosts);
    world.awaited.delete("eu");
    world.revive("eu");
  };
  return { world, back };
}

function tellCluster(world: PlannerWorld, site: string, uid: string): void {
  const record = { mirror: "eu", ...world.control.sites[site], uid };
  world.control = { ...world.control, sites: { ...world.control.sites, [site]: record } };
}

/** The commit that moves s2 to us brings a new version, too. */
function moveAway(world: PlannerWorld): void {
  world.run(2);
  world.follow({ sites: { ...sites, s2: { region: "us" } }, apps: apps("v2") });
  world.run(20);
}

describe("a site that moves out of a lost mirror", () => {
  it("waits for the worker that may still write there, and says what ends it", () => {
    const { world } = lostMirror();
    moveAway(world);
    expect(world.hosts["s2"]).toBeUndefined();
    expect(world.control.sites["s2"]).toMatchObject({ mirror: "eu", moving: { to: "us" } });
    expect(world.waitsOf("s2", "web")).toMatchObject([
      {
        code: "moving",
        reason: "s2 leaves eu, whose worker is silent and has to say that it stopped writing there",
        endsWhen: expect.stringContaining(
          "`flotilla rollout excuse --site s2 --uid u-2 --why TEXT`",
        ),
      },
    ]);
  });

  it("waits for it also where its region is excused: that says nothing of who writes there", () => {
    const { world } = lostMirror();
    world.run(2);
    world.decide({ verb: "excuse", region: "eu", why: "its host burnt" });
    moveAway(world);
    expect(world.hosts["s2"]).toBeUndefined();
  });

  it("comes with what its worker brings, and gets the new version there", () => {
    const { world, back } = lostMirror();
    moveAway(world);
    back();
    world.run(30);
    expect(world.hosts["s2"]).toBe("us");
    expect(world.control.sites["s2"]).toEqual({ mirror: "us", uid: "u-2" });
    expect(world.trees("web")).toHaveProperty("s2", "web:v2");
  });

  it("comes without what nobody knows any more by an operator's word that names its cluster", () => {
    const { world } = lostMirror();
    moveAway(world);
    const word = { verb: "excuse", site: "s2", why: "eu burnt" } as const;
    expect(() => world.decide({ ...word, uid: "u-9" })).toThrow("u-9 is not the cluster of s2");
    world.decide({ ...word, uid: "u-2" });
    delete world.given["s2"];
    world.run(20);
    expect(world.hosts["s2"]).toBe("us");
    expect(world.trees("web")).toHaveProperty("s2", "web:v2");
  });

  it("waits for nobody where no worker has ever told of its cluster", () => {
    const { world } = lostMirror();
    world.awaited.add("north");
    world.silence("north");
    world.follow({ sites: { ...sites, n1: { region: "north" } }, apps: apps("v1") });
    world.run(2);
    expect(world.control.sites["n1"]).toEqual({ mirror: "north" });
    world.follow({ sites: { ...sites, n1: { region: "us" } }, apps: apps("v1") });
    world.run(20);
    expect(world.trees("web")).toHaveProperty("n1", "web:v1");
  });

  it("waits for it also where it left the fleet meanwhile, and is back elsewhere", () => {
    const { world, back } = lostMirror();
    world.run(2);
    const { s2: _, ...others } = sites;
    world.follow({ sites: others, apps: apps("v1") });
    world.run(5);
    moveAway(world);
    expect(world.hosts["s2"]).toBeUndefined();
    expect(world.control.sites["s2"]).toMatchObject({ mirror: "eu", moving: { to: "us" } });
    back();
    world.run(30);
    expect(world.hosts["s2"]).toBe("us");
    expect(world.trees("web")).toHaveProperty("s2", "web:v2");
  });
});

describe("a site of whose cluster nobody has told, and whose mirror cannot be read as it moves", () => {
  const unread = (before: WorldHead["sites"]): UnreadWorld => {
    const world = new UnreadWorld({ onPlan: checkPlan });
    world.follow({ sites: before, apps: apps("v1") });
    world.run(20);
    world.isUnread = true;
    world.step();
    return world;
  };

  it("waits until it can: what stands there goes along", () => {
    const world = unread(sites);
    world.follow({ sites: { ...sites, s2: { region: "us" } }, apps: apps("v1") });
    for (let pass = 0; pass < 3; pass += 1) world.step({ dies: true });
    expect(world.control.sites["s2"]).toMatchObject({ mirror: "eu", moving: { to: "us" } });
    expect(world.control.sites["s2"]?.moving).not.toHaveProperty("entering");
    world.isUnread = false;
    world.run(20);
    expect(world.hosts["s2"]).toBe("us");
    expect(world.trees("web")).toHaveProperty("s2", "web:v1");
  });

  it("waits for nobody then where nothing stands there", () => {
    const world = unread(sites);
    world.follow({ sites: { ...sites, n1: { region: "eu" } }, apps: apps("v1") });
    world.step({ dies: true });
    expect(world.control.sites["n1"]).toEqual({ mirror: "eu" });
    world.follow({ sites: { ...sites, n1: { region: "us" } }, apps: apps("v1") });
    world.step({ dies: true });
    world.isUnread = false;
    world.run(20);
    expect(world.trees("web")).toHaveProperty("n1", "web:v1");
    expect(world.hosts["n1"]).toBe("us");
  });

  it("has its app leave in the new region that was to leave here, and had not", () => {
    const at: WorldHead["sites"] = { ...sites, s2: { labels: { web: "no" } } };
    const world = new UnreadWorld({ onPlan: checkPlan });
    const placed = { web: { version: "v1", strategy, places: webIsPlaced } };
    world.follow({ sites, apps: placed });
    world.run(20);
    world.follow({ sites: at, apps: placed });
    world.settle();
    expect(world.trees("web")).toHaveProperty("s2", "leaving");
    world.isUnread = true;
    world.follow({ sites: { ...at, s2: { region: "us", ...at["s2"] } }, apps: placed });
    for (let pass = 0; pass < 3; pass += 1) world.step({ dies: true });
    world.isUnread = false;
    world.run(30);
    expect(world.hosts["s2"]).toBe("us");
    expect(world.live["s2"]?.["web"]?.tree ?? null).toBeNull();
    expect(world.open("web", "removal")).toBeUndefined();
  });
});

describe("a site that has left a mirror which cannot be read then", () => {
  it("says what it waits for, and which word ends that", () => {
    const world = new UnreadWorld({ onPlan: checkPlan });
    world.follow({ sites, apps: apps("v1") });
    world.run(20);
    tellCluster(world, "s2", "u-2");
    world.follow({ sites: { ...sites, s2: { region: "us" } }, apps: apps("v1") });
    for (let pass = 0; pass < 6; pass += 1) {
      if (world.control.sites["s2"]?.moving?.entering !== undefined) break;
      world.step();
      world.work();
      if (world.hosts["s2"] === undefined) world.step({ dies: true });
    }
    expect(world.control.sites["s2"]?.moving).toHaveProperty("entering");
    world.isUnread = true;
    world.step({ dies: true });
    expect(world.waitsOf("s2", "web")).toMatchObject([
      {
        code: "moving",
        reason: "s2 comes from eu, whose mirror cannot be read, with what that says of its apps",
        endsWhen:
          "it can: `flotilla status` says what to do; or, where it is gone for good, an operator says so (`flotilla rollout excuse --site s2 --uid u-2 --why TEXT`)",
      },
    ]);
  });
});
