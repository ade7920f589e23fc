import { describe, expect, it } from "vitest";
import type { WindowRule } from "../../../../src/core/rollout/planner-types.ts";
import { windowFromSpec } from "../../../../src/core/rollout/windows/window-rules.ts";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../../support/planner-world.ts";

type Spec = Parameters<typeof windowFromSpec>[1];

/** A window of the whole fleet and every app, or of what `more` says. The world begins on Tue 2030-01-01, 00:00 UTC. */
const window = (spec: Spec, more: Partial<WindowRule> = {}): WindowRule => ({
  ...windowFromSpec("nights", spec),
  everyApp: true,
  ...more,
});
const nights: Spec = { open: [{ start: "02:00", duration: "1h" }] };
const christmas: Spec = { closed: [{ from: "2030-01-01", until: "2030-01-02", why: "sale" }] };

const allAtOnce = { ...quick, stages: [{ name: "all" }] };
const web = (version: string, strategy: object = allAtOnce): WorldHead["apps"] => ({
  web: { version, strategy },
});

/** Two sites on v1, and a commit with v2 and these windows. */
function worldWith(windows: readonly WindowRule[], head: Partial<WorldHead> = {}): PlannerWorld {
  const world = new PlannerWorld();
  const sites = head.sites ?? someSites(2);
  world.follow({ sites, apps: web("v1", head.apps?.["web"]?.strategy) });
  world.run(20);
  world.follow({ sites, apps: web("v2"), windows, ...head });
  world.settle();
  return world;
}

const at = (world: PlannerWorld, time: string): PlannerWorld => {
  world.now = Date.parse(time);
  world.settle();
  return world;
};

describe("a window", () => {
  it("holds hand-overs outside of it, says when it opens, and wakes the planner then", () => {
    const world = worldWith([window(nights)]);
    expect(world.on("web", "v2")).toEqual([]);
    expect(world.waitsOf("s1")).toMatchObject([
      {
        code: "window",
        reason: "window nights is not open",
        endsWhen: "2030-01-01T02:00:00.000Z (Tue 2030-01-01 02:00 in UTC)",
      },
    ]);
    expect(world.plan.wakeAt).toBe(Date.parse("2030-01-01T02:00Z"));

    at(world, "2030-01-01T02:00:00Z");
    expect(world.on("web", "v2")).toEqual(["s1", "s2"]);
  });

  it("opens by the clock of each site", () => {
    const sites = { s1: { timeZone: "Asia/Kathmandu" }, s2: { timeZone: "America/New_York" } };
    const world = worldWith([window(nights)], { sites });
    expect(world.waitsOf("s2")).toMatchObject([
      { endsWhen: "2030-01-01T07:00:00.000Z (Tue 2030-01-01 02:00 in America/New_York)" },
    ]);
    at(world, "2030-01-01T07:00:00Z").run(10);
    expect(world.on("web", "v2")).toEqual(["s2"]);
    at(world, "2030-01-01T20:15:00Z");
    expect(world.on("web", "v2")).toEqual(["s1", "s2"]);
  });

  it("goes by its own time zone where it has one", () => {
    const sites = { s1: { timeZone: "America/New_York" } };
    const world = worldWith([window({ ...nights, timeZone: "Europe/Berlin" })], { sites });
    at(world, "2030-01-01T01:00:00Z");
    expect(world.on("web", "v2")).toEqual(["s1"]);
  });

  it("takes no slot from sites whose window is open", () => {
    const strategy = { ...allAtOnce, maxInFlight: 1 };
    const closed = window(nights, { matches: ({ site }) => site !== "s3" });
    const world = worldWith([closed], { sites: someSites(3), apps: web("v2", strategy) });
    expect(world.on("web", "v2")).toEqual(["s3"]);
  });

  it("lets what is in flight when it closes go on", () => {
    const world = worldWith([window(nights)]);
    at(world, "2030-01-01T02:59:59Z");
    world.run(10);
    expect(world.open("web")).toBeUndefined();
  });

  it("of a strategy holds its apps alone", () => {
    const sites = someSites(1);
    const windows = [window(nights, { everyApp: false })];
    const held = { ...allAtOnce, windows: ["nights"] };
    const apps = (version: string): WorldHead["apps"] => ({
      web: { version, strategy: held },
      db: { version, strategy: allAtOnce },
    });
    const world = new PlannerWorld();
    world.follow({ sites, apps: apps("v1") });
    world.run(20);
    world.follow({ sites, apps: apps("v2"), windows });
    world.settle();
    expect([world.on("web", "v2"), world.on("db", "v2")]).toEqual([[], ["s1"]]);
  });

  it("that comes with a commit holds that commit at once, also where its strategy names it, and until a later one", () => {
    const world = new PlannerWorld();
    const sites = someSites(2);
    const windows = [window(christmas, { everyApp: false })];
    const named = { ...allAtOnce, windows: ["nights"] };
    world.follow({ sites, apps: web("v1") });
    world.run(20);
    world.follow({ sites, apps: web("v2", named), windows });
    world.run(10);
    expect(world.on("web", "v2")).toEqual([]);
    expect(world.codes("s1")).toEqual(["window"]);
    // The strategy of the commit before counts too: no commit opens a window for itself.
    world.follow({ sites, apps: web("v3"), windows });
    world.run(10);
    expect(world.on("web", "v3")).toEqual([]);
    world.follow({ sites, apps: web("v3"), windows, maxSitesInFlight: 10 });
    world.run(10);
    expect(world.on("web", "v3")).toEqual(["s1", "s2"]);
  });

  it("comes to a release under way with the strategy of a later commit", () => {
    const world = new PlannerWorld();
    const sites = someSites(2);
    const slow = { ...quick, soak: "1h" };
    world.follow({ sites, apps: web("v1", slow) });
    world.run(5);
    expect(world.on("web", "v1")).toHaveLength(1);
    world.follow({
      sites,
      apps: web("v1", { ...quick, windows: ["nights"] }),
      windows: [window(nights, { everyApp: false })],
    });
    world.run(10);
    expect(world.on("web", "v1")).toHaveLength(1);
    expect(world.plan.waits.map(({ code }) => code)).toEqual(["window"]);
  });

  it("has to be open together with every other one that speaks of the site", () => {
    const later = window({ open: [{ start: "02:30", duration: "1h" }] }, { name: "later" });
    const world = worldWith([window(nights), later]);
    at(world, "2030-01-01T02:29:00Z");
    expect(world.on("web", "v2")).toEqual([]);
    expect(world.waitsOf("s1")[0]?.reason).toBe("window later is not open");
    at(world, "2030-01-01T02:30:00Z");
    expect(world.on("web", "v2")).toEqual(["s1", "s2"]);
  });

  it("that is never open with another says that only a commit ends the wait", () => {
    const never = window({ open: [{ start: "12:00", duration: "1h" }] }, { name: "noon" });
    const world = worldWith([window(nights), never]);
    expect(world.waitsOf("s1")[0]?.endsWhen).toMatch(/^a commit changes the windows/);
  });

  it("holds removals, also at a site that comes back", () => {
    const world = new PlannerWorld();
    const sites = someSites(2);
    const [windows, strategy] = [[window(nights)], allAtOnce];
    world.follow({ sites, apps: web("v1") });
    world.run(20);
    const places = (): boolean => false;
    world.follow({ sites, apps: { web: { version: "v1@b", strategy, places } }, windows });
    world.settle();
    expect(Object.values(world.trees("web"))).toEqual(["web:v1", "web:v1"]);
    world.offline.add("s2");
    world.work();
    at(world, "2030-01-01T02:10:00Z").run(10);
    expect(world.trees("web")).toEqual({ s2: "web:v1" });
    world.offline.delete("s2");
    at(world, "2030-01-01T12:00:00Z").run(5);
    expect(world.codes("s2")).toEqual(["window"]);
    at(world, "2030-01-02T02:00:00Z").run(5);
    expect(world.trees("web")).toEqual({});
  });
});

describe("a removal that begins by a commit which changes the windows of its app", () => {
  const sites = someSites(2);
  const windows = [
    window(nights, { everyApp: false }),
    window({ open: [{ start: "02:30", duration: "2h" }] }, { name: "later", everyApp: false }),
  ];
  const head = (name: string, places: boolean, more: Partial<WorldHead> = {}): WorldHead => ({
    sites,
    windows,
    apps: {
      web: {
        version: places ? "v1" : "v1@b",
        strategy: { ...allAtOnce, windows: [name] },
        places: () => places,
      },
    },
    ...more,
  });

  it("goes where those of before and of after are open, and by those of the next commit alone", () => {
    const world = new PlannerWorld();
    world.follow(head("nights", true));
    at(world, "2030-01-01T02:00:00Z").run(20);
    world.follow(head("later", false));
    at(world, "2030-01-01T02:20:00Z");
    expect(world.waitsOf("s1")[0]).toMatchObject({ reason: "window later is not open" });
    at(world, "2030-01-01T03:30:00Z");
    expect(world.waitsOf("s1")[0]).toMatchObject({ reason: "window nights is not open" });
    expect(world.on("web", "v1")).toEqual(["s1", "s2"]);
    world.follow(head("later", false, { maxSitesInFlight: 10 }));
    world.run(5);
    expect(world.trees("web")).toEqual({});
  });
});

describe("a freeze", () => {
  it("wins over an open window, and says why and until when", () => {
    const world = worldWith([window({ ...nights, ...christmas })]);
    at(world, "2030-01-01T02:10:00Z");
    expect(world.waitsOf("s1")).toMatchObject([
      {
        reason: "window nights is closed until Thu 2030-01-03 00:00 in UTC: sale",
        endsWhen: "2030-01-03T02:00:00.000Z (Thu 2030-01-03 02:00 in UTC)",
      },
    ]);
    at(world, "2030-01-03T02:00:00Z");
    expect(world.on("web", "v2")).toEqual(["s1", "s2"]);
  });

  it("does not hold what goes back", () => {
    const strategy = { ...allAtOnce, rollback: "stage", progressDeadline: "1h" };
    const freeze = { closed: [{ from: "2030-01-01T00:30", until: "2030-01-02" }] };
    const world = new PlannerWorld();
    const sites = someSites(2);
    world.follow({ sites, apps: web("v1", strategy) });
    world.run(20);
    world.behaviour = ({ tree }) => (tree === "web:v2" ? "Degraded" : "Healthy");
    world.follow({ sites, apps: web("v2", strategy), windows: [window(freeze)] });
    world.run(2);
    expect(world.on("web", "v2")).toEqual(["s1", "s2"]);
    at(world, "2030-01-01T01:30:00Z").run(5);
    expect(world.on("web", "v1")).toEqual(["s1", "s2"]);
  });

  it("lets a new site get what is current, unless it is for all", () => {
    const arrived = (all: object): string[] => {
      const closed = [{ from: "2030-01-01", until: "2030-01-02", ...all }];
      const world = new PlannerWorld();
      world.follow({ sites: someSites(2), apps: web("v1") });
      world.run(20);
      world.follow({ sites: someSites(3), apps: web("v1"), windows: [window({ closed })] });
      world.run(5);
      return world.on("web", "v1");
    };
    expect(arrived({})).toEqual(["s1", "s2", "s3"]);
    expect(arrived({ all: true })).toEqual(["s1", "s2"]);
  });

  it("holds the open list where the app stands already", () => {
    const world = new PlannerWorld();
    const sites = someSites(2);
    world.follow({ sites, apps: web("v1") });
    world.run(20);
    world.offline.add("s2");
    world.work();
    world.follow({ sites, apps: web("v2") });
    world.run(20);
    expect(world.open("web")).toBeUndefined();
    world.offline.delete("s2");
    world.follow({ sites, apps: web("v2"), windows: [window(christmas)] });
    world.run(5);
    expect(world.on("web", "v2")).toEqual(["s1"]);
    expect(world.codes("s2")).toEqual(["window"]);
    at(world, "2030-01-03T00:00:00Z").run(5);
    expect(world.on("web", "v2")).toEqual(["s1", "s2"]);
  });
});
