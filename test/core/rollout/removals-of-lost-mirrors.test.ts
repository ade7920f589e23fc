/** Removals whose mirror is lost, or came back as an older copy: what is not in it may stand in the clusters. */
import { describe, expect, it } from "vitest";
import type { SkippedWords } from "../../../src/core/rollout/planner-types.ts";
import type { RemovalVerb } from "../../../src/core/rollout/records.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import {
  PlannerWorld,
  quick,
  someSites,
  type WorldApp,
  type WorldHead,
} from "../../support/planner-world.ts";

const sites = someSites(4);
const gone: WorldHead = { sites, apps: {} };
const one = { ...quick, stages: [{ name: "all" }] };
const places = (labels: Readonly<Record<string, string>>): boolean => labels["web"] !== "no";

/** `web` is at all sites. */
function settledWorld(app: Partial<WorldApp> = {}, at: WorldHead["sites"] = sites): PlannerWorld {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow({ sites: at, apps: { web: { version: "v1", ...app } } });
  world.run(20);
  return world;
}

/** A commit that no pass followed has `web` once more, with `onRemoval: hold`. */
function heldEverywhere(): SkippedWords {
  const there = new Map(Object.keys(sites).map((site) => [site, "hold"] as const));
  return { verbs: new Map([["web", "hold"]]), back: new Map([["web", there]]), kept: new Set() };
}

/** The mirror is empty and its worker, which has all of it, was not heard yet. Gives how it brings it back. */
function lose(world: PlannerWorld): () => void {
  const mirrors = structuredClone({ ...world.mirrors });
  const hosts = { ...world.hosts };
  for (const site of Object.keys(mirrors)) {
    for (const known of [world.mirrors, world.hosts, world.observed]) delete known[site];
  }
  world.silence("eu");
  world.awaited.add("eu");
  return () => {
    Object.assign(world.mirrors, mirrors);
    Object.assign(world.hosts, hosts);
    world.awaited.delete("eu");
    world.revive("eu");
  };
}

describe("a removal whose mirror is lost", () => {
  it.each([
    { what: "of one stage", strategy: { ...one, soak: "0s" } },
    { what: "of several stages", strategy: { ...quick, soak: "0s" } },
  ])("$what goes on to wait for a word", ({ strategy }) => {
    const world = settledWorld({ onRemoval: "hold", strategy });
    world.follow(gone);
    world.settle();
    expect(world.codes(null)).toContain("removal-verb");
    const back = lose(world);
    world.run(60);
    expect(world.open("web", "removal")).toBeDefined();
    back();
    world.run(5);
    expect(world.codes(null)).toContain("removal-verb");
    expect(world.on("web", "v1")).toHaveLength(4);
  });

  it("begins also there, and is carried out when its worker has brought the mirror back", () => {
    const world = settledWorld({ strategy: { ...one, soak: "0s" } });
    const back = lose(world);
    world.run(2);
    world.follow(gone);
    world.run(5);
    expect(Object.keys(world.release("web", "removal").list)).toHaveLength(4);
    back();
    world.run(20);
    expect(world.trees("web")).toEqual({});
    expect(world.control.apps["web"]).toBeUndefined();
  });

  it("begins also for what only its worker has, where the mirror came back older", () => {
    const world = settledWorld({ strategy: { ...one, soak: "0s" } });
    world.follow({ sites, apps: { db: { version: "v1" }, web: { version: "v1" } } });
    world.run(60);
    const newest = structuredClone({ ...world.mirrors });
    for (const site of Object.keys(sites)) delete world.mirrors[site]?.["db"];
    world.silence("eu");
    world.awaited.add("eu");
    world.run(2);
    world.follow({ sites, apps: { web: { version: "v1" } } });
    world.run(5);
    Object.assign(world.mirrors, newest);
    world.awaited.delete("eu");
    world.revive("eu");
    world.run(60);
    expect(world.trees("db")).toEqual({});
    expect(world.on("web", "v1")).toHaveLength(4);
  });

  it.each([
    { when: "", isExcused: false },
    { when: ", where its region is excused meanwhile", isExcused: true },
  ])("does not delete by a later word what is held$when", ({ isExcused }) => {
    const strategy = { ...one, soak: "0s" };
    const world = settledWorld({ places, onRemoval: "hold", strategy });
    const head = (onRemoval: RemovalVerb): WorldHead => ({
      apps: { web: { version: "v1", places, strategy, onRemoval } },
      sites: { ...sites, s2: { labels: { web: "no" } } },
    });
    world.follow(head("hold"));
    world.run(5);
    world.follow(head("delete"));
    world.said["web"] = "delete";
    world.run(5);
    expect(world.codes(null)).toContain("removal-verb");
    const back = lose(world);
    world.run(2);
    if (isExcused) world.decide({ verb: "excuse", region: "eu", why: "it is gone" });
    world.run(5);
    back();
    world.run(5);
    world.follow(head("delete"));
    world.run(20);
    expect(world.trees("web")).toHaveProperty("s2", "web:v1");
  });

  it("does not delete by a later word what is held, where the site moves out of it", () => {
    const strategy = { ...one, soak: "0s" };
    const world = settledWorld({ places, onRemoval: "hold", strategy });
    const head = (onRemoval: RemovalVerb, region = "eu"): WorldHead => ({
      apps: { web: { version: "v1", places, strategy, onRemoval } },
      sites: { ...sites, s2: { region, labels: { web: "no" } } },
    });
    world.follow(head("hold"));
    world.run(5);
    world.follow(head("delete"));
    world.said["web"] = "delete";
    world.run(5);
    const back = lose(world);
    world.run(2);
    world.follow(head("delete", "us"));
    world.run(5);
    expect(world.open("web", "removal")).toBeDefined();
    expect(world.control.sites["s2"]?.moving).toMatchObject({ to: "us" });
    expect(world.control.sites["s2"]?.moving).not.toHaveProperty("stopped");
    back();
    world.run(10);
    world.follow(head("delete", "us"));
    world.run(20);
    expect(world.trees("web")).toHaveProperty("s2", "web:v1");
    expect(world.codes(null)).toContain("removal-verb");
  });

  it("is held on also where a stricter word came when its stage was open long ago", () => {
    const world = settledWorld({ strategy: { ...one, maxInFlight: 1 } });
    for (const site of ["s2", "s3", "s4"]) world.offline.add(site);
    world.follow(gone);
    world.settle();
    world.offline.clear();
    world.skipped = heldEverywhere();
    world.follow(gone);
    world.run(60);
    expect(world.codes(null)).toContain("removal-verb");
    const bring = lose(world);
    world.run(5);
    bring();
    world.run(5);
    expect(world.open("web", "removal")).toBeDefined();
  });

  it("goes on at a site that was not reachable when its stage passed", () => {
    const world = settledWorld({ strategy: one });
    world.offline.add("s4");
    world.work();
    world.follow(gone);
    world.run(20);
    expect(world.trees("web")).toEqual({ s4: "web:v1" });
    const back = lose(world);
    world.run(5);
    expect(world.waitsOf("s4").map(({ code }) => code)).toEqual(["worker-silent"]);
    back();
    world.offline.clear();
    world.run(30);
    expect(world.trees("web")).toEqual({});
  });

  it("ends where all have left on record, whatever their dead worker follows", () => {
    const far = { ...sites, s4: { region: "us" } };
    const world = settledWorld({ strategy: one }, far);
    world.offline.add("s4");
    world.work();
    world.follow({ ...gone, sites: far });
    world.run(20);
    expect(world.trees("web")).toEqual({ s4: "web:v1" });
    world.silence("eu", true);
    world.awaited.add("eu");
    world.offline.clear();
    world.run(60);
    expect(world.control.apps["web"]).toBeUndefined();
  });

  it("asks for no word for what has left", () => {
    const far = { ...sites, s4: { region: "us" } };
    const world = settledWorld({ strategy: { ...one, soak: "0s" } }, far);
    world.follow({ ...gone, sites: far });
    world.settle();
    world.offline.add("s4");
    world.run(3);
    world.silence("eu", true);
    world.awaited.add("eu");
    world.skipped = heldEverywhere();
    world.follow({ ...gone, sites: far });
    world.run(2);
    world.offline.clear();
    world.run(30);
    expect(world.control.apps["web"]).toBeUndefined();
  });
});

describe("a site that is forgotten while its mirror is lost and its region excused", () => {
  const web = { web: { version: "v1" } };
  const { s4, ...others } = sites;
  const s4Record = (world: PlannerWorld) => world.control.sites["s4"];
  const excuse = (world: PlannerWorld): void => {
    world.run(2);
    world.decide({ verb: "excuse", region: "eu", why: "it burnt" });
  };

  it("says what stays there, and has it on record when its worker is back", () => {
    const world = settledWorld();
    const back = lose(world);
    excuse(world);
    const { changes } = world.follow({ sites: others, apps: web });
    expect(changes.map(({ why }) => why)).toContain(
      "s4 is no longer in the fleet: what its cluster has of web may stay there, for the newest of eu is not known here",
    );
    world.run(10);
    expect(s4Record(world)?.moving).toMatchObject({ trees: {}, forgotten: expect.any(String) });
    back();
    world.run(10);
    expect(world.hosts["s4"]).toBeUndefined();
    expect(s4Record(world)?.moving?.trees).toEqual({ web: "web:v1" });
    expect(world.live["s4"]?.["web"]?.tree).toBe("web:v1");
    world.follow({ sites, apps: web });
    world.run(10);
    expect(world.trees("web")["s4"]).toBe("web:v1");
  });

  it("says so also where its apps were to leave it first", () => {
    const world = settledWorld({}, { ...sites, s4: { ...s4, decommission: true } });
    world.offline.add("s4");
    world.work();
    world.follow({ sites: others, apps: web });
    world.run(2);
    const back = lose(world);
    excuse(world);
    const whys = [world.step(), world.step(), world.step()].flatMap(({ changes }) =>
      changes.map(({ why }) => why),
    );
    expect(whys).toContain(
      "s4 is no longer in the fleet: what its cluster has of web may stay there, for the newest of eu is not known here",
    );
    world.run(3);
    back();
    world.run(10);
    expect(s4Record(world)?.moving?.trees).toEqual({ web: "web:v1" });
  });

  it("says so of what an older mirror lacks, and has that on record too when its worker is back", () => {
    const world = new PlannerWorld({ onPlan: checkPlan });
    const apps = { ...web, db: { version: "v1" } };
    world.follow({ sites, apps });
    world.run(60);
    const { s4: newest } = world.mirrors;
    const { db: _, ...older } = newest ?? {};
    world.mirrors["s4"] = older;
    world.silence("eu");
    world.awaited.add("eu");
    excuse(world);
    const { changes } = world.follow({ sites: others, apps });
    expect(changes.map(({ why }) => why)).toContain(
      "s4 is no longer in the fleet: what its cluster has of db may stay there, for the newest of eu is not known here",
    );
    world.run(10);
    world.mirrors["s4"] = newest ?? {};
    world.hosts["s4"] = "eu";
    world.awaited.delete("eu");
    world.revive("eu");
    world.run(20);
    expect(Object.keys(s4Record(world)?.moving?.trees ?? {}).toSorted()).toEqual(["db", "web"]);
    expect(world.hosts["s4"]).toBeUndefined();
  });

  it("without any app leaves nothing on record once its cluster is said to be gone, and says of nothing that it stays", () => {
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow({ sites, apps: {} });
    world.run(3);
    world.silence("eu");
    world.awaited.add("eu");
    const { changes } = world.follow({ sites: others, apps: {} });
    expect(changes.map(({ why }) => why)).toContain("s4 is no longer in the fleet");
    world.run(3);
    excuse(world);
    world.decide({ verb: "excuse", site: "s4", uid: "uid-s4", why: "it burnt too" });
    world.run(3);
    expect(s4Record(world)).toBeUndefined();
  });

  it("without any app leaves nothing on record once its worker is back", () => {
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow({ sites, apps: {} });
    world.run(3);
    world.silence("eu");
    world.awaited.add("eu");
    world.follow({ sites: others, apps: {} });
    world.run(3);
    expect(s4Record(world)).toBeDefined();
    world.awaited.delete("eu");
    world.revive("eu");
    world.run(3);
    expect(s4Record(world)).toBeUndefined();
  });
});

describe("an app that has left, and stands again since its mirror came back older", () => {
  it("leaves once more, also where the site moves meanwhile", () => {
    const world = settledWorld({ strategy: one });
    world.offline.add("s1");
    world.work();
    world.follow(gone);
    world.run(20);
    expect(world.release("web", "removal").left).toHaveProperty("s4");
    world.mirrors["s4"] = { web: { tree: "web:v1" } };
    (world.given["s4"] ??= {})["web"] = "web:v1";
    world.hosts["s4"] = "eu";
    (world.writers["s4"] ??= new Set()).add("eu");
    world.work();
    world.settle();
    expect(world.trees("web")["s4"]).toBe("leaving");
    world.follow({ apps: {}, sites: { ...sites, s4: { region: "us" } } });
    world.run(30);
    expect(world.live["s4"]?.["web"]?.tree ?? null).toBeNull();
  });
});
