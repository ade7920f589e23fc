/** An app goes back to an older release by an operator's word. */
import { describe, expect, it } from "vitest";
import { startRollback } from "../../../src/core/rollout/start/start-rollback.ts";
import type { DecisionResult } from "../../../src/core/rollout/decision-result.ts";
import { applyChanges } from "../../support/control-state.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import {
  PlannerWorld,
  quick,
  someSites,
  type WorldApp,
  type WorldHead,
} from "../../support/planner-world.ts";

const fleet = (version: string, more: Partial<WorldApp> = {}, sites = 6): WorldHead => ({
  sites: someSites(sites),
  apps: { web: { version, ...more } },
});

/** A fleet that had v1, v2 and v3 of web, and what stood at each site under each. */
function released(more: Partial<WorldApp> = {}): {
  world: PlannerWorld;
  under: Record<string, Record<string, string>>;
} {
  const world = new PlannerWorld();
  const under: Record<string, Record<string, string>> = {};
  for (const version of ["v1", "v2", "v3"]) {
    world.follow(fleet(version, more));
    world.run(30);
    under[version] = world.trees("web");
  }
  return { world, under };
}

interface Order {
  readonly trees: Readonly<Record<string, string>>;
  readonly to?: string;
  readonly site?: string;
  readonly stage?: string;
}

/** Carries the word out; gives what was answered. */
function goBack(world: PlannerWorld, { to = "v1", trees, ...scope }: Order): DecisionResult {
  const source = { v1: "c1", v2: "c2", v3: "c3" }[to] ?? "";
  const moved = world.story.flatMap(({ at, handOver: { site } }) => [[site, at] as const]);
  const result = startRollback(world.startInput(null, {}), {
    app: "web",
    to: { id: `web-${to}`, digest: to, renderer: 1, source },
    by: "ada",
    why: "it was better",
    trees,
    touched: Object.fromEntries(moved.map(([site, at]) => [site, new Date(at).toISOString()])),
    ...scope,
  });
  if (result.ok) world.control = applyChanges(world.control, result.changes);
  return result;
}

describe("going back to an older release", () => {
  it("sets what sites had then within the slots, and makes it current", () => {
    const { world, under } = released({ strategy: { ...quick, maxInFlight: 2 } });
    const before = world.story.length;
    expect(goBack(world, { trees: under["v1"] ?? {} })).toMatchObject({
      ok: true,
      message: "6 sites of web go back to web-v1",
    });
    world.settle();
    expect(world.on("web", "v1")).toHaveLength(2);
    world.run(20);
    expect(world.on("web", "v1")).toHaveLength(6);
    expect(world.story.length - before).toBe(6);
    expect(world.open("web")).toBeUndefined();
    expect(world.control.apps["web"]?.current.release).toMatchObject({
      id: "web-v1",
      digest: "v1",
    });
    expect(world.control.apps["web"]?.bad).toEqual(["v3"]);
  });

  it("brings what it leaves to nobody, neither a site that comes back meanwhile nor a new one", () => {
    const strategy = { ...quick, maxInFlight: 1 };
    const world = new PlannerWorld();
    world.follow(fleet("v1", { strategy }));
    world.run(30);
    const trees = world.trees("web");
    world.offline.add("s5");
    world.run(2);
    world.follow(fleet("v2", { strategy }));
    world.run(60);
    expect(world.on("web", "v1")).toEqual(["s5"]);
    goBack(world, { trees });
    world.run(2);
    const before = world.handed("web").length;
    world.offline.delete("s5");
    world.follow(fleet("v2", { strategy }, 7));
    world.run(60);
    expect(world.on("web", "v1")).toHaveLength(7);
    const handed = world.handed("web").slice(before);
    expect(handed.filter((step) => step.startsWith("s5 "))).toEqual([]);
    expect(handed.filter((step) => step.startsWith("s7 "))).toHaveLength(1);
  });

  it("is not undone by the next commit that leaves the app as it is; a newer version goes out", () => {
    const { world, under } = released();
    goBack(world, { trees: under["v1"] ?? {} });
    world.run(20);
    world.follow({ ...fleet("v3"), maxSitesInFlight: 5 });
    world.run(30);
    expect(world.on("web", "v1")).toHaveLength(6);
    world.follow(fleet("v4"));
    world.run(40);
    expect(world.on("web", "v4")).toHaveLength(6);
  });

  it("stops what is under way, and takes the newest touched first", () => {
    const { world, under } = released({ strategy: { ...quick, maxInFlight: 1 } });
    world.follow(fleet("v4", { strategy: { ...quick, maxInFlight: 1 } }));
    world.run(8);
    const reached = world.on("web", "v4");
    expect(reached.length).toBeGreaterThan(0);
    expect(reached.length).toBeLessThan(6);
    const from = world.story.length;
    expect(goBack(world, { trees: under["v1"] ?? {} }).ok).toBe(true);
    world.run(40);
    expect(world.on("web", "v1")).toHaveLength(6);
    const order = world.story.slice(from).map(({ handOver: { site } }) => site);
    expect(new Set(order.slice(0, reached.length))).toEqual(new Set(reached));
    expect(world.control.apps["web"]?.bad).toEqual(["v3", "v4"]);
  });

  it("tries no version again that sites leave, also one that was replaced before it was through", () => {
    const strategy = { ...quick, stages: [{ name: "canary", count: 2 }, { name: "rest" }] };
    const world = new PlannerWorld();
    world.follow(fleet("v1", { strategy }));
    world.run(30);
    const trees = world.trees("web");
    const gated = { ...strategy, stages: [{ name: "canary", count: 2, approval: true }] };
    world.follow(fleet("v2", { strategy: gated }));
    world.run(4);
    expect(world.on("web", "v2")).toHaveLength(2);
    for (const version of ["v3", "v4"]) world.follow(fleet(version, { strategy: gated }));
    world.run(4);
    expect(goBack(world, { trees })).toMatchObject({ message: "2 sites of web go back to web-v1" });
    world.run(30);
    expect(world.control.apps["web"]?.bad).toEqual(["v2", "v4"]);
    world.follow(fleet("v2", { strategy }));
    world.run(30);
    expect(world.on("web", "v1")).toHaveLength(6);
    expect(world.codes(null)).toEqual(["bad-version"]);
  });

  it("goes on under a hold, and though sites do not get healthy there", () => {
    const { world, under } = released();
    world.decide({ verb: "pause", scope: { app: "web" }, why: "wait" });
    world.behaviour = ({ tree, site, afterMs }) =>
      tree.startsWith("web:v1") && site !== "s0" && afterMs < 1e9 ? "Degraded" : "Healthy";
    goBack(world, { trees: under["v1"] ?? {} });
    world.run(60);
    expect(world.on("web", "v1")).toHaveLength(6);
  });

  it("brings what stood then, and under a hold nothing newer, though the head has that version for other data", () => {
    const variant = ({ tier = "" }: Readonly<Record<string, string>>): string => tier;
    const { world, under } = released({ variant });
    world.decide({ verb: "pause", scope: { fleet: true }, all: true, why: "freeze" });
    const head = fleet("v1", { variant });
    world.follow(head);
    goBack(world, { trees: under["v1"] ?? {} });
    const sites = Object.entries(head.sites).map(([site, spec]) => [
      site,
      { ...spec, labels: { ...spec.labels, tier: "gold" } },
    ]);
    world.follow({ ...head, sites: Object.fromEntries(sites) as WorldHead["sites"] });
    world.run(30);
    expect(new Set(Object.values(world.trees("web")))).toEqual(new Set(["web:v1"]));
    world.decide({ verb: "resume", scope: { fleet: true }, why: "go on" });
    world.run(30);
    expect(new Set(Object.values(world.trees("web")))).toEqual(new Set(["web:v1:gold"]));
  });

  it("leaves a site of which nothing is known then, and says so", () => {
    const { world, under } = released();
    const [lost = "", ...others] = Object.keys(under["v1"] ?? {});
    const trees = Object.fromEntries(others.map((site) => [site, under["v1"]?.[site] ?? ""]));
    expect(goBack(world, { trees })).toMatchObject({
      message: `5 sites of web go back to web-v1; 1 site stays (${lost}): the mirrors' history has no tree of web-v1 for them`,
    });
    world.settle();
    expect(world.codes(lost)).toEqual(["no-good-tree"]);
    world.run(30);
    expect(world.on("web", "v1")).toHaveLength(5);
    expect(world.on("web", "v3")).toEqual([lost]);
    world.run(30);
    expect(world.on("web", "v3")).toEqual([lost]);
  });

  it("sets a single site back, which stays there until a newer version comes", () => {
    const { world, under } = released();
    const trees = under["v2"] ?? {};
    const [site = ""] = Object.keys(trees);
    expect(goBack(world, { to: "v2", trees, site })).toMatchObject({ ok: true });
    world.follow({ ...fleet("v3"), maxSitesInFlight: 5 });
    world.run(30);
    expect(world.on("web", "v2")).toEqual([site]);
    expect(world.control.apps["web"]?.bad).toEqual([]);
    world.follow({ ...fleet("v3"), maxSitesInFlight: 6 });
    world.run(30);
    expect(world.on("web", "v2")).toEqual([site]);
    world.follow(fleet("v4"));
    world.run(40);
    expect(world.on("web", "v4")).toHaveLength(6);
  });

  it("sets the sites of a stage back", () => {
    const { world, under } = released();
    const canary = world.control.apps["web"]?.current.release;
    expect(canary?.digest).toBe("v3");
    expect(goBack(world, { trees: under["v1"] ?? {}, stage: "nowhere" })).toMatchObject({
      ok: false,
      code: "not-found",
    });
    const stage = quick.stages?.[0]?.name ?? "";
    expect(goBack(world, { trees: under["v1"] ?? {}, stage }).ok).toBe(true);
    world.run(30);
    expect(world.on("web", "v1")).toHaveLength(1);
    expect(world.on("web", "v3")).toHaveLength(5);
  });

  it("waits for consent where it deletes what is protected", () => {
    const { world, under } = released({ objects: ["settings"] });
    world.follow(fleet("v4", { objects: ["settings", "extra"] }));
    world.run(30);
    world.isProtected = (object) => object === "extra";
    goBack(world, { trees: under["v1"] ?? {} });
    world.run(10);
    const { id, deletions } = world.release("web");
    expect(deletions.needsApproval).toMatch(/is protected$/);
    expect(world.on("web", "v4")).toHaveLength(6);
    world.decide({
      verb: "approve",
      app: "web",
      release: id,
      deletions: deletions.objects,
      why: "fine",
    });
    world.run(20);
    expect(world.on("web", "v1")).toHaveLength(6);
  });

  it("gives way to a newer commit at once, and goes on after a crash", () => {
    const { world, under } = released({ strategy: { ...quick, maxInFlight: 1 } });
    goBack(world, { trees: under["v1"] ?? {} });
    world.step({ dies: true });
    world.run(8);
    expect(world.on("web", "v1").length).toBeGreaterThan(0);
    world.follow(fleet("v4"));
    world.run(60);
    expect(world.on("web", "v4")).toHaveLength(6);
    expect(goBack(world, { to: "v1", trees: world.trees("web") })).toMatchObject({
      ok: false,
      code: "conflict",
    });
  });

  it("does not bring the app back to where the head does not have it", () => {
    const gold = (site: string): boolean => ["s1", "s2"].includes(site);
    const placed = { places: (_: unknown, site: string) => gold(site) };
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(fleet("v1", {}, 4));
    world.run(30);
    const trees = world.trees("web");
    world.follow(fleet("v2", placed, 4));
    world.run(60);
    expect(Object.keys(world.trees("web"))).toEqual(["s1", "s2"]);
    expect(goBack(world, { trees })).toMatchObject({ ok: true });
    world.run(60);
    expect(world.trees("web")).toEqual({ s1: "web:v1", s2: "web:v1" });
    const before = world.story.length;
    world.follow(fleet("v3", placed, 4));
    world.run(60);
    const sites = world.story.slice(before).map(({ handOver }) => handOver.site);
    expect([...new Set(sites)].toSorted()).toEqual(["s1", "s2"]);
  });

  it("is refused for an app that the followed head does not have, or has nowhere, and says what brings it back", () => {
    const held = { onRemoval: "hold" } as const;
    const { world, under } = released(held);
    world.follow({ sites: someSites(6), apps: {} });
    world.run(20);
    expect(Object.keys(world.trees("web"))).toHaveLength(6);
    const trees = under["v1"] ?? {};
    const refusal = {
      ok: false,
      code: "conflict",
      message: "the followed head does not have web: nothing of it goes back to web-v1",
      hint: "commit the App again, as it was in web-v1",
    };
    expect(goBack(world, { trees })).toEqual(refusal);
    expect(goBack(world, { trees, site: "s1" })).toEqual(refusal);
    expect(goBack(world, { trees, stage: "canary" })).toEqual(refusal);
    world.follow(fleet("v3", { ...held, places: () => false }));
    world.run(20);
    expect(goBack(world, { trees })).toEqual({
      ...refusal,
      message: "the followed head has web at no site: nothing of it goes back to web-v1",
      hint: "commit a placement that has the sites again",
    });
  });
});
