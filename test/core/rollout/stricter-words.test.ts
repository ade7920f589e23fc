/** What a removal does that hears, of an app that is leaving, a stricter word than the one it began with. */
import { describe, expect, it } from "vitest";
import type { SkippedWords } from "../../../src/core/rollout/planner-types.ts";
import type { RemovalVerb } from "../../../src/core/rollout/records.ts";
import { strictest } from "../../../src/core/rollout/removal-verbs.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import {
  PlannerWorld,
  quick,
  someSites,
  type WorldApp,
  type WorldHead,
} from "../../support/planner-world.ts";

const sites = someSites(4);
const names = Object.keys(sites);
const { s4: _, ...others } = sites;
const gone: WorldHead = { sites, apps: {} };
/** A strategy of one stage. */
const one = { ...quick, stages: [{ name: "all" }] };

/** `web` is at all sites. */
function settledWorld(app: Partial<WorldApp> = {}): PlannerWorld {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow({ sites, apps: { web: { version: "v1", ...app } } });
  world.run(20);
  return world;
}

/** A commit that no pass followed has `web` once more. */
function backWith(verb: RemovalVerb, at: readonly string[] = names): SkippedWords {
  const there = new Map(at.map((site) => [site, verb]));
  return { verbs: new Map([["web", verb]]), back: new Map([["web", there]]), kept: new Set() };
}

/** Its sites are told to remove `web`. */
function ordered(world: PlannerWorld): readonly string[] {
  return Object.entries(world.trees("web")).flatMap(([site, tree]) =>
    tree === "leaving" ? [site] : [],
  );
}

/** Neither the head before nor the next one has `web`: it is left by the word of the removals under way. */
function sayAsRemovals(world: PlannerWorld): void {
  const verbs = (world.control.apps["web"]?.open ?? []).map(({ verb = "delete" }) => verb);
  world.said["web"] = strictest(verbs);
}

describe("a stricter word", () => {
  it("holds also what a move takes back that was ordered to leave", () => {
    const world = settledWorld();
    for (const site of names) world.offline.add(site);
    world.follow(gone);
    world.settle();
    const moved = ordered(world).map((site) => [site, { ...sites[site], region: "us" }] as const);
    expect(moved).toHaveLength(1);
    world.skipped = backWith("hold");
    world.follow({ apps: {}, sites: { ...sites, ...Object.fromEntries(moved) } });
    world.offline.clear();
    world.run(30);
    expect(Object.keys(world.trees("web"))).toHaveLength(4);
    expect(world.codes(null)).toContain("removal-verb");
  });

  it("of a site that the next commit has again does not count at the others", () => {
    const places = (labels: Readonly<Record<string, string>>): boolean => labels["web"] !== "no";
    const world = settledWorld({ places });
    const apps = { web: { version: "v1", places } };
    const out = { labels: { web: "no" } };
    for (const site of ["s1", "s2"]) world.offline.add(site);
    world.work();
    world.follow({ sites: { ...sites, s1: out, s2: out }, apps });
    world.settle();
    world.skipped = backWith("hold", ["s1"]);
    world.follow({ sites: { ...sites, s2: out }, apps });
    world.settle();
    const { verb, list } = world.release("web", "removal");
    expect({ verb, sites: Object.keys(list) }).toEqual({ verb: "delete", sites: ["s2"] });
  });

  it("keeps nobody waiting for a word where all is ordered to leave", () => {
    const world = settledWorld({ strategy: one });
    world.follow(gone);
    world.settle();
    expect(ordered(world)).toEqual(names);
    world.skipped = backWith("hold");
    world.follow(gone);
    world.run(60);
    expect(world.trees("web")).toEqual({});
    expect(world.control.apps["web"]).toBeUndefined();
  });

  it("is asked for where what did not leave is to be ordered anew, and no marker says hold", () => {
    const world = settledWorld({ strategy: { ...one, soak: "40s", failureBudget: 2 } });
    /** s4 answers, and web does not go there. */
    const go = (seconds: number): void => {
      for (let second = 0; second < seconds; second += 1) {
        world.now += 1000;
        world.offline.add("s4");
        world.work();
        const observed = world.observed["s4"];
        if (observed !== undefined) world.observed["s4"] = { ...observed, reachable: true };
        world.settle();
      }
    };
    world.follow(gone);
    world.settle();
    go(15);
    world.skipped = backWith("hold");
    world.follow(gone);
    go(1);
    const { id } = world.release("web", "removal");
    world.decide({ verb: "retry", app: "web", site: "s4", release: id, why: "again" });
    go(1);
    expect(JSON.stringify(world.mirrors)).not.toContain('"hold"');
    expect(world.codes(null)).toContain("removal-verb");
    world.decide({ verb: "approve", app: "web", release: id, removal: "delete", why: "it may go" });
    world.offline.clear();
    world.run(60);
    expect(world.control.apps["web"]).toBeUndefined();
  });

  it("asks for no second approval where the last site is ordered to leave", () => {
    const world = settledWorld({ strategy: one, onRemoval: "hold" });
    world.follow({ ...gone, deletionBudget: { objects: 0, percent: 0 } });
    world.settle();
    const { id } = world.release("web", "removal");
    world.decide({ verb: "approve", app: "web", release: id, removal: "delete", why: "it may go" });
    world.offline.add("s4");
    world.run(3);
    expect(ordered(world)).toEqual(["s4"]);
    world.skipped = backWith("hold");
    world.follow(gone);
    world.run(2);
    world.offline.delete("s4");
    world.run(60);
    expect(world.control.apps["web"]).toBeUndefined();
  });

  it("of one site that loses the app does not keep its removal open", () => {
    const places = (labels: Readonly<Record<string, string>>): boolean => labels["web"] !== "no";
    const world = settledWorld({ places });
    const apps = { web: { version: "v1", places } };
    const out = { apps, sites: { ...sites, s2: { labels: { web: "no" } } } };
    world.follow(out);
    world.settle();
    world.skipped = backWith("hold");
    world.follow(out);
    world.run(60);
    expect(Object.keys(world.trees("web"))).toEqual(["s1", "s3", "s4"]);
    expect(world.control.apps["web"]?.open).toEqual([]);
  });

  it("does not keep the app waiting that takes an object over", () => {
    const world = new PlannerWorld({ onPlan: checkPlan });
    const [moves, stays, known] = ["a", "b", "c"].map((name) => `_ConfigMap_x_${name}`);
    const objects = (...all: readonly (string | undefined)[]): string[] =>
      all.flatMap((each) => each ?? []);
    const shop = (version: string, ...all: readonly (string | undefined)[]) => ({
      version,
      objects: objects(...all),
      strategy: one,
    });
    const web = { version: "v1", objects: objects(moves, stays), strategy: one };
    world.follow({ sites, apps: { web, shop: shop("v1", known) } });
    world.run(20);
    const next = { sites, apps: { shop: shop("v2", known, moves) } };
    world.follow(next);
    world.settle();
    world.skipped = backWith("hold");
    world.follow(next);
    world.run(60);
    expect(world.trees("web")).toEqual({});
    expect(world.control.apps["shop"]?.open).toEqual([]);
  });

  it("waits for nobody when all that it holds has been forgotten", () => {
    const world = settledWorld();
    world.follow(gone);
    world.settle();
    const [canary = ""] = ordered(world);
    world.skipped = backWith("hold");
    world.follow(gone);
    world.run(20);
    expect(world.codes(null)).toContain("removal-verb");
    world.follow({ apps: {}, sites: { [canary]: {} } });
    world.run(30);
    expect(world.control.apps["web"]).toBeUndefined();
  });

  it("holds a site that the commit followed after it forgets, when it is back", () => {
    const world = settledWorld({ strategy: { ...one, soak: "60s" } });
    world.follow(gone);
    world.offline.add("s4");
    world.settle();
    world.run(5);
    world.skipped = backWith("hold");
    world.follow({ apps: {}, sites: others });
    world.run(5);
    sayAsRemovals(world);
    world.follow(gone);
    world.offline.clear();
    world.run(20);
    expect(world.trees("web")).toEqual({ s4: "web:v1" });
  });

  it("holds it also where it alone had the app once more", () => {
    const world = settledWorld();
    for (const site of names) world.offline.add(site);
    world.work();
    world.follow(gone);
    world.run(2);
    world.skipped = backWith("hold", ["s4"]);
    world.follow({ apps: {}, sites: others });
    world.run(5);
    sayAsRemovals(world);
    world.follow(gone);
    world.offline.delete("s4");
    world.run(20);
    expect(world.trees("web")).toMatchObject({ s4: "web:v1" });
  });
});

describe("a head that says another word of an app which leaves some of its sites", () => {
  const places = (labels: Readonly<Record<string, string>>): boolean => labels["web"] !== "no";
  const head = (onRemoval: RemovalVerb, more: Partial<WorldHead> = {}): WorldHead => ({
    sites: { ...sites, s1: { labels: { web: "no" } }, s2: { labels: { web: "no" } } },
    apps: { web: { version: "v1", places, onRemoval, strategy: { ...quick, soak: "40s" } } },
    ...more,
  });
  /** s1 and s2 lose it: one has lost it, and the other is still to be ordered to. */
  function halfway(onRemoval: RemovalVerb): PlannerWorld {
    const world = settledWorld({ places, onRemoval });
    world.follow(head(onRemoval, { sites }));
    world.follow(head(onRemoval));
    world.settle();
    if (onRemoval === "hold") {
      const { id } = world.release("web", "removal");
      world.decide({ verb: "approve", app: "web", release: id, removal: "delete", why: "fine" });
    }
    world.run(5);
    expect(Object.keys(world.trees("web"))).toHaveLength(3);
    return world;
  }
  const verbs = ({ story }: PlannerWorld): string[] =>
    story.flatMap(({ handOver }) =>
      handOver.apps.flatMap(({ set }) => ("leaving" in set ? set.leaving.verb : [])),
    );

  it.each(["delete", "hold"] as const)("lets go of what is not ordered yet (%s before)", (was) => {
    const world = halfway(was);
    world.follow(head("orphan"));
    world.run(60);
    expect(verbs(world)).toEqual(["delete", "orphan"]);
    expect(world.on("web", "v1")).toEqual(["s3", "s4"]);
  });

  it("holds what is not ordered yet until somebody says a verb anew, which the next head keeps", () => {
    const world = halfway("delete");
    world.follow(head("hold"));
    world.run(60);
    expect(world.codes(null)).toContain("removal-verb");
    const { id } = world.release("web", "removal");
    world.decide({ verb: "approve", app: "web", release: id, removal: "delete", why: "it may go" });
    world.follow(head("hold", { maxSitesInFlight: 3 }));
    world.run(60);
    expect(verbs(world)).toEqual(["delete", "delete"]);
  });

  it("holds what is not ordered yet where the app is back with it, at other sites", () => {
    const world = halfway("delete");
    world.follow({ ...head("delete"), apps: {} });
    world.run(1);
    const isBackAt = (_: unknown, site: string): boolean => site === "s4";
    const web = { version: "v1", onRemoval: "hold", places: isBackAt } as const;
    const before = verbs(world);
    world.follow({ ...head("hold"), apps: { web } });
    world.run(200);
    expect(verbs(world)).toEqual(before);
    expect(world.codes(null)).toContain("removal-verb");
  });

  it("deletes nothing by a laxer one", () => {
    const world = halfway("orphan");
    world.follow(head("delete"));
    world.run(60);
    expect(verbs(world)).toEqual(["orphan", "orphan"]);
  });
});

describe("an app that has left a site which moves to another region, or is forgotten", () => {
  it.each([
    { when: "when that was reported", dies: false },
    { when: "when that was recorded, and not cleared", dies: true },
  ])("is not brought back there $when", ({ dies }) => {
    const world = settledWorld({ strategy: one });
    world.follow(gone);
    world.settle();
    for (const site of ["s1", "s2", "s3"]) world.offline.add(site);
    world.now += 1000;
    world.work();
    expect(world.trees("web")["s4"]).toBe("leaving");
    if (dies) world.step({ dies: true });
    world.follow({ apps: {}, sites: { ...sites, s4: { region: "us" } } });
    world.run(20);
    expect(world.trees("web")).not.toHaveProperty("s4");
    expect(world.story.every(({ handOver }) => handOver.mirror !== "us")).toBe(true);
  });

  it("is not brought back there when the site was forgotten right after, and is back", () => {
    const world = settledWorld({ strategy: one });
    world.offline.add("s1");
    world.work();
    world.follow(gone);
    world.settle();
    world.now += 1000;
    world.work();
    expect(world.observed["s4"]?.apps["web"]?.left).toBe(true);
    world.follow({ apps: {}, sites: others });
    world.run(5);
    world.follow(gone);
    const stood: unknown[] = [];
    for (let second = 0; second < 20; second += 1) {
      world.step();
      stood.push(world.trees("web")["s4"]);
      world.now += 1000;
      world.work();
    }
    expect(stood).not.toContain("web:v1");
  });
});
