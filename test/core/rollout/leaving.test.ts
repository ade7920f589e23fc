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

function settledWorld(app: Partial<WorldApp> = {}): {
  world: PlannerWorld;
  head: (app?: Partial<WorldApp>) => WorldHead;
} {
  const head = (more: Partial<WorldApp> = {}): WorldHead => ({
    sites,
    apps: { web: { version: "v1", ...app, ...more } },
  });
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow(head());
  world.run(20);
  return { world, head };
}

const gone: WorldHead = { sites, apps: {} };

/** A commit that no pass followed has `web` at all sites once more. */
function backWith(verb: RemovalVerb): SkippedWords {
  const everywhere = new Map(Object.keys(sites).map((site) => [site, verb]));
  return {
    verbs: new Map([["web", verb]]),
    back: new Map([["web", everywhere]]),
    kept: new Set(),
  };
}

describe("an app that is removed", () => {
  it("leaves stage by stage, by a marker and never by absence", () => {
    const { world } = settledWorld();
    world.follow(gone);
    world.settle();
    const markers = Object.values(world.trees("web")).filter((tree) => tree === "leaving");
    expect(markers).toHaveLength(1);
    world.run(30);

    expect(world.trees("web")).toEqual({});
    expect(world.control.apps["web"]).toBeUndefined();
    const removed = world.story.filter(({ handOver }) =>
      handOver.apps.some(({ set }) => "leaving" in set),
    );
    expect(removed).toHaveLength(4);
  });

  it("is held where it has not left yet by a stricter word that no pass followed", () => {
    const { world } = settledWorld();
    world.follow(gone);
    world.settle();
    const { id } = world.release("web", "removal");
    world.skipped = backWith("hold");
    world.follow(gone);
    world.run(30);

    expect(Object.keys(world.trees("web"))).toHaveLength(3);
    expect(world.release("web", "removal")).toMatchObject({ id, verb: "hold" });
    expect(world.codes(null)).toContain("removal-verb");
    world.decide({ verb: "approve", app: "web", release: id, removal: "orphan", why: "it may go" });
    world.run(30);
    expect(world.trees("web")).toEqual({});
  });

  it("goes on by the stages, windows and order that it had, where a stricter word is heard of it", () => {
    const careful = {
      ...quick,
      stages: [
        { name: "canary", count: 1 },
        { name: "rest", approval: true },
      ],
      windows: ["night"],
    };
    const { world, head } = settledWorld();
    world.follow(head({ strategy: careful, dependsOn: ["till"] }));
    world.follow(gone);
    world.settle();
    const { stages, windows, dependsOn, opened } = world.release("web", "removal");
    world.skipped = backWith("orphan");
    world.follow(gone);
    const numbers = { stages, windows, dependsOn, opened, verb: "orphan" };
    expect(world.release("web", "removal")).toMatchObject(numbers);
    expect(windows).toEqual(["night"]);
    expect(dependsOn).toEqual(["till"]);
    world.run(30);
    expect(Object.keys(world.trees("web"))).toHaveLength(3);
    expect(world.codes(null)).toContain("approval");
  });

  it("goes on leaving by the word it began with where a later one is no stricter", () => {
    const { world } = settledWorld({ onRemoval: "orphan" });
    world.follow(gone);
    world.settle();
    const { id } = world.release("web", "removal");
    world.skipped = backWith("delete");
    world.follow(gone);
    expect(world.release("web", "removal")).toMatchObject({ id, verb: "orphan" });
    world.run(30);
    expect(world.trees("web")).toEqual({});
  });

  it("is asked for once more where it was back with hold, but not where another commit says so", () => {
    const { world } = settledWorld({ onRemoval: "hold" });
    world.follow(gone);
    world.settle();
    const { id } = world.release("web", "removal");
    world.decide({ verb: "approve", app: "web", release: id, removal: "delete", why: "it may go" });
    world.skipped = { ...backWith("hold"), back: new Map() };
    world.follow(gone);
    world.settle();
    expect(world.codes(null)).not.toContain("removal-verb");
    world.skipped = backWith("hold");
    world.follow(gone);
    world.run(30);
    expect(Object.keys(world.trees("web"))).toHaveLength(3);
    expect(world.codes(null)).toContain("removal-verb");
  });

  it("stays where it has not left yet when it is back, also in a version that is not tried again", () => {
    const { world, head } = settledWorld();
    world.behaviour = ({ tree }) => (tree === "web:v2" ? "Degraded" : "Healthy");
    world.follow(head({ strategy: { ...quick, rollback: "all" } }));
    world.follow(head({ version: "v2", strategy: { ...quick, rollback: "all" } }));
    world.run(40);
    expect(world.control.apps["web"]?.bad).toEqual(["v2"]);
    world.follow(gone);
    world.settle();
    world.follow(head({ version: "v2" }));
    world.run(30);
    expect(world.on("web", "v1")).toHaveLength(3);

    // That it has left where it was ordered to makes it no app that is gone: what is bad of it stays bad.
    world.follow(head({ version: "v2", dependsOn: ["till"] }));
    world.run(30);
    expect(world.on("web", "v1")).toHaveLength(3);
    expect(world.control.apps["web"]?.bad).toEqual(["v2"]);
    expect(world.codes(null)).toContain("bad-version");

    world.follow(head({ version: "v3" }));
    world.run(40);
    expect(world.on("web", "v3")).toHaveLength(4);
  });

  it("while it rolls out leaves where it came, and the rollout ends", () => {
    const { world, head } = settledWorld();
    world.follow(head({ version: "v2" }));
    world.run(1);
    expect(world.on("web", "v2")).toHaveLength(1);
    world.follow(gone);
    world.settle();
    expect(world.open("web")).toBeUndefined();
    world.run(30);

    expect(world.trees("web")).toEqual({});
  });

  it("in its first rollout leaves the sites that it had reached", () => {
    const world = new PlannerWorld();
    world.follow({ sites, apps: { web: { version: "v1" } } });
    world.run(1);
    world.follow(gone);
    world.settle();
    expect(Object.keys(world.release("web", "removal").list)).toHaveLength(1);
    world.run(20);
    expect(world.trees("web")).toEqual({});
  });

  it("stays where a site cannot be reached, and leaves there when it is back", () => {
    const { world } = settledWorld();
    world.offline.add("s3");
    world.work();
    world.follow(gone);
    world.run(60);
    expect(world.trees("web")).toEqual({ s3: "web:v1" });
    expect(world.codes("s3")).toEqual(["offline"]);
    expect(world.progress().map(({ state }) => state)).toEqual(["done"]);

    world.offline.delete("s3");
    world.run(5);
    expect(world.trees("web")).toEqual({});
    expect(world.control.apps["web"]).toBeUndefined();
  });

  it("comes back when a later commit has it again: unfinished markers are withdrawn", () => {
    const { world, head } = settledWorld();
    world.offline.add("s1").add("s2").add("s3").add("s4");
    world.follow(gone);
    world.settle();
    expect(Object.values(world.trees("web"))).toContain("leaving");

    world.follow(head());
    world.offline.clear();
    world.run(30);
    expect(world.on("web", "v1")).toHaveLength(4);
    expect(world.control.apps["web"]?.open).toEqual([]);
  });

  it("waits for a verb when onRemoval is hold", () => {
    const { world } = settledWorld({ onRemoval: "hold" });
    world.follow(gone);
    world.run(30);
    expect(world.on("web", "v1")).toHaveLength(4);
    expect(world.codes(null)).toEqual(["removal-verb"]);

    const { id } = world.release("web", "removal");
    const needs = { app: "web", release: id, what: "verb", value: "" };
    expect(world.waitsOf(null)[0]?.needs).toEqual(needs);
    world.decide({
      verb: "approve",
      app: "web",
      release: id,
      removal: "orphan",
      why: "keep the data",
    });
    world.settle();
    const marker = world.story.at(-1)?.handOver.apps[0]?.set;
    expect(marker).toMatchObject({ leaving: { verb: "orphan", release: id } });
  });

  it("fails where its worker does not get rid of it by the deadline", () => {
    const { world } = settledWorld();
    world.follow(gone);
    world.silence("eu");
    world.settle();
    world.revive("eu");
    world.offline.add("s1").add("s2").add("s3").add("s4");
    world.settle();
    world.run(15);
    expect(Object.keys(world.release("web", "removal").failed)).toHaveLength(1);
    expect(world.codes(null)).toContain("failure-budget");
  });
});

describe("a site that loses an app", () => {
  const places = (labels: Readonly<Record<string, string>>): boolean => labels["web"] !== "no";

  it("by its own label goes by a removal release; the other sites do not notice", () => {
    const { world, head } = settledWorld({ places });
    world.follow({ ...head(), sites: { ...sites, s2: { labels: { web: "no" } } } });
    world.run(10);

    expect(Object.keys(world.trees("web"))).toEqual(["s1", "s3", "s4"]);
    expect(world.control.apps["web"]?.open).toEqual([]);
    world.run(20);
    expect(Object.keys(world.trees("web"))).toEqual(["s1", "s3", "s4"]);
  });

  it("by its own label leaves the list of a release under way", () => {
    const { world, head } = settledWorld({ places });
    world.follow(head({ version: "v2" }));
    world.settle();
    const [last = ""] =
      Object.entries(world.release("web").list).find(([, { stage }]) => stage === 1) ?? [];
    world.follow({
      ...head({ version: "v2" }),
      sites: { ...sites, [last]: { labels: { web: "no" } } },
    });
    world.settle();

    expect(world.release("web").list).not.toHaveProperty(last);
    world.run(30);
    expect(world.trees("web")).not.toHaveProperty(last);
    expect(world.on("web", "v2")).toHaveLength(3);
  });

  it("by a new placement does not get it back from what is still current", () => {
    const { world, head } = settledWorld();
    world.decide({ verb: "pause", scope: { app: "web", stage: "rest" }, why: "slowly" });
    world.follow(head({ version: "v2", places: (_, site) => site !== "s2" }));
    world.run(40);

    expect(world.trees("web")).not.toHaveProperty("s2");
    expect(world.open("web")).toBeDefined();
    world.run(60);
    expect(world.trees("web")).not.toHaveProperty("s2");
  });

  it("by being forgotten leaves its mirror, and nothing is deleted", () => {
    const { world } = settledWorld();
    const { s2: _, ...others } = sites;
    world.follow({ sites: others, apps: { web: { version: "v1" } } });
    world.run(5);

    expect(world.mirrors).not.toHaveProperty("s2");
    expect(world.control.sites["s2"]).toMatchObject({
      mirror: "eu",
      moving: { trees: { web: "web:v1" } },
    });
    expect(
      world.story.filter(({ handOver }) => handOver.apps.some(({ set }) => "leaving" in set)),
    ).toEqual([]);
  });
});

describe("a removal at which its app is held", () => {
  it("goes on to the end, also at a site that comes back when its stage has passed", () => {
    const { world } = settledWorld();
    world.offline.add("s2");
    world.work();
    world.follow(gone);
    const { id } = world.release("web", "removal");
    world.decide({ verb: "pause", scope: { app: "web" }, release: id, why: "no more" });
    world.run(40);
    expect(world.trees("web")).toEqual({ s2: "web:v1" });
    world.offline.delete("s2");
    world.run(20);
    expect(world.trees("web")).toEqual({});
  });
});

describe("a removal in the middle of a rollout", () => {
  it("takes its site out of the open list and waits for nobody else", () => {
    const places = (labels: Readonly<Record<string, string>>): boolean => labels["web"] !== "no";
    const { world, head } = settledWorld({ places });
    world.follow(head({ version: "v2" }));
    world.run(1);
    const [canary = ""] = world.on("web", "v2");
    world.follow({
      ...head({ version: "v2" }),
      sites: { ...sites, [canary]: { labels: { web: "no" } } },
    });
    world.run(60);

    expect(world.trees("web")).not.toHaveProperty(canary);
    expect(world.on("web", "v2")).toHaveLength(3);
  });
});

describe("the deletion budget", () => {
  const objects = ["_ConfigMap_web_a", "_ConfigMap_web_b", "_ConfigMap_web_c"];

  it("asks for an approval that names release and number, counted over all sites", () => {
    const world = new PlannerWorld();
    const budget = { deletionBudget: { objects: 50, percent: 10 } };
    world.follow({ sites, apps: { web: { version: "v1", objects } }, ...budget });
    world.run(20);
    world.follow({ sites, apps: { web: { version: "v2", objects: objects.slice(1) } }, ...budget });
    world.run(10);
    const release = world.release("web");
    expect(release.deletions.objects).toBe(4);
    expect(world.codes(null)).toEqual(["deletions"]);
    const [wait] = world.waitsOf(null);
    expect(wait?.reason).toContain("10 % of 12 = 1");
    const needs = { app: "web", release: release.id, what: "deletions", value: "4" };
    expect(wait?.needs).toEqual(needs);

    expect(() =>
      world.decide({ verb: "approve", app: "web", release: release.id, deletions: 3, why: "" }),
    ).toThrow("deletes 4 objects, not 3");
    world.decide({
      verb: "approve",
      app: "web",
      release: release.id,
      deletions: 4,
      why: "b and c suffice",
    });
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(4);
  });

  it("counts over all apps of a head", () => {
    const world = new PlannerWorld();
    const budget = { deletionBudget: { objects: 5, percent: 100 } };
    const apps = (version: string, from: number): WorldHead["apps"] => ({
      web: { version, objects: objects.slice(from) },
      db: { version, objects: objects.slice(from).map((object) => object.replace("web", "db")) },
    });
    world.follow({ sites, apps: apps("v1", 0), ...budget });
    world.run(20);
    world.follow({ sites, apps: apps("v2", 1), ...budget });
    world.settle();

    expect(world.release("web").deletions.needsApproval).toContain("8 objects over all apps");
    expect(world.release("db").deletions.needsApproval).toContain("8 objects over all apps");
  });

  it("is the one of the head before: no commit grants what it needs", () => {
    const world = new PlannerWorld();
    world.follow({
      sites,
      apps: { web: { version: "v1", objects } },
      deletionBudget: { objects: 0, percent: 0 },
    });
    world.run(20);
    world.follow({ ...gone, deletionBudget: { objects: 1000, percent: 100 } });
    world.run(20);

    expect(world.on("web", "v1")).toHaveLength(4);
    expect(world.codes(null)).toEqual(["deletions"]);
  });

  it("does not count what is orphaned, and always asks for what is protected", () => {
    const { world } = settledWorld({ onRemoval: "orphan" });
    world.follow({ ...gone, deletionBudget: { objects: 0, percent: 0 } });
    expect(world.release("web", "removal").deletions).toEqual({ objects: 0 });

    const other = settledWorld();
    other.world.isProtected = (object) => object.includes("ConfigMap");
    other.world.follow(gone);
    expect(other.world.release("web", "removal").deletions.needsApproval).toContain("protected");
  });
});

describe("an approval", () => {
  it("holds for fewer sites and is withdrawn by other stages", () => {
    const strategy = {
      ...quick,
      stages: [
        { name: "canary", count: 1 },
        { name: "rest", approval: true },
      ],
    };
    const places = (labels: Readonly<Record<string, string>>): boolean => labels["web"] !== "no";
    const { world, head } = settledWorld({ strategy, places });
    const first = world.release("web");
    world.decide({ verb: "approve", app: "web", release: first.id, stage: "rest", why: "seen" });
    world.run(20);
    expect(world.open("web")).toBeUndefined();

    world.follow(head({ version: "v2" }));
    world.run(10);
    expect(world.codes(null)).toEqual(["approval"]);
    const { id, list } = world.release("web");
    const needs = { app: "web", release: id, what: "stage", value: "rest" };
    expect(world.waitsOf(null)[0]?.needs).toEqual(needs);
    world.decide({ verb: "approve", app: "web", release: id, stage: "rest", why: "seen" });
    const [last = ""] = Object.entries(list).find(([, { stage }]) => stage === 1) ?? [];
    world.follow({
      ...head({ version: "v2" }),
      sites: { ...sites, [last]: { labels: { web: "no" } } },
    });
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(3);
  });
});

describe("a hold on an app that leaves", () => {
  it("also stops the removal at a site that comes back after its stage has passed", () => {
    const { world } = settledWorld();
    world.offline.add("s3");
    world.work();
    world.follow(gone);
    world.run(20);
    expect(world.trees("web")).toEqual({ s3: "web:v1" });
    world.decide({ verb: "pause", scope: { app: "web" }, why: "stop deleting" });
    world.offline.delete("s3");
    world.run(5);

    expect(world.trees("web")).toEqual({ s3: "web:v1" });
    expect(world.codes("s3")).toEqual(["held"]);
    world.decide({ verb: "resume", scope: { app: "web" }, why: "go on" });
    world.run(5);
    expect(world.trees("web")).toEqual({});
  });
});

describe("an app that comes back while it leaves", () => {
  it("keeps the slot of a site that the removal has in flight", () => {
    const strategy = { ...quick, stages: [{ name: "all" }], maxInFlight: 1 };
    const { world, head } = settledWorld({ strategy });
    world.run(60);
    world.follow(gone);
    world.step();
    const leaving = Object.entries(world.trees("web")).find(([, tree]) => tree === "leaving")?.[0];
    world.follow(head());

    expect(Object.keys(world.release("web").carried)).toEqual([leaving]);
  });
});
