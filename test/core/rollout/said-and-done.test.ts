/** Operators' words that are answered "done": each does what it says, and nothing that it does not say. */
import { describe, expect, it } from "vitest";
import { applyDecision } from "../../../src/core/rollout/decisions.ts";
import { applyChanges } from "../../support/control-state.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

const why = "seen";

/** All on the first head; then the second is followed, and it runs for so long. */
function followed(first: WorldHead, second: WorldHead, seconds: number): PlannerWorld {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow(first);
  world.run(20);
  expect(Object.values(world.control.apps).flatMap(({ open }) => open)).toEqual([]);
  world.follow(second);
  return world.run(seconds);
}

it("ends a hold of a name that nobody may hold any more", () => {
  const world = followed(
    { sites: someSites(2), apps: { web: { version: "v1" } } },
    { sites: someSites(2), apps: { web: { version: "v1" } } },
    1,
  );
  const scope = { stage: "Foo_Bar" };
  const hold = { id: "stage-Foo_Bar", scope, by: "ada", why, at: "2026-01-01T00:00:00Z" };
  const word = { by: "ada", at: "2026-01-02T00:00:00Z" };
  const decision = { verb: "resume", scope, why } as const;
  const held = { ...world.control, holds: [hold] };
  const result = applyDecision(held, decision, word);
  expect(result.ok && result.changes.map(({ path, record }) => [path, record])).toEqual([
    ["holds/stage-Foo_Bar.json", null],
  ]);
  expect(applyDecision(world.control, decision, word)).toMatchObject({ ok: false });
});

it("has not arrived where the cluster refuses a part of it, however well the rest is", () => {
  const sites = (count: number): WorldHead => ({
    sites: someSites(count),
    apps: { web: { version: "v1", strategy: { ...quick, stages: [{ name: "all" }] } } },
  });
  const world = followed(sites(6), sites(6), 5);
  world.behaviour = () => "Healthy";
  world.isRefused = (site) => site === "s7";
  world.follow(sites(7));
  world.run(60);
  expect(Object.keys(world.control.apps["web"]?.arrivals?.failed ?? {})).toEqual(["s7"]);
  world.run(60);
  expect(Object.keys(world.control.apps["web"]?.arrivals?.failed ?? {})).toEqual(["s7"]);
  world.isRefused = () => false;
  world.run(20);
  expect(world.control.apps["web"]?.arrivals).toBeUndefined();
});

describe("a retry", () => {
  const strategy = { ...quick, stages: [{ name: "all" }] };

  it("of a site that was excused after it failed goes there again", () => {
    const head = (version: string): WorldHead => ({
      sites: someSites(2),
      apps: { web: { version, strategy: { ...strategy, failureBudget: 1 } } },
    });
    const world = followed(head("v1"), head("v1"), 1);
    world.behaviour = ({ tree, site, afterMs }) =>
      tree === "web:v2" && site === "s1" ? "Degraded" : afterMs >= 1000 ? "Healthy" : "Progressing";
    // Another site keeps the stage open.
    world.decide({ verb: "pause", scope: { site: "s2" }, why });
    world.follow(head("v2"));
    world.run(20);
    const release = world.release("web").id;
    expect(Object.keys(world.release("web").failed)).toEqual(["s1"]);
    world.decide({ verb: "excuse", app: "web", release, site: "s1", why });
    world.behaviour = () => "Healthy";
    world.decide({ verb: "retry", app: "web", release, site: "s1", why });
    const before = world.handed("web").length;
    world.run(5);
    expect(world.handed("web").slice(before)).toEqual([`s1 ${release}`]);
    const [all] = world.progress()[0]?.stages ?? [];
    expect(all).toMatchObject({ done: 1, excused: 0, failed: 0 });
  });

  it("of one of two that move as one goes to the site with both", () => {
    const objects = (app: string, ...more: string[]): string[] => [
      `_ConfigMap_${app}_main`,
      ...more.map((name) => `_ConfigMap_x_${name}`),
    ];
    const head = (version: string): WorldHead => ({
      sites: someSites(2),
      apps: {
        ax: { version, strategy, objects: objects("ax", ...(version === "v1" ? ["moves"] : [])) },
        by: { version, strategy, objects: objects("by", ...(version === "v2" ? ["moves"] : [])) },
      },
    });
    const world = followed(head("v1"), head("v1"), 1);
    world.behaviour = ({ tree, site, afterMs }) =>
      tree.endsWith(":v2") && site === "s1"
        ? "Degraded"
        : afterMs >= 1000
          ? "Healthy"
          : "Progressing";
    world.follow(head("v2"));
    world.run(20);
    const failed = (app: string): string[] => Object.keys(world.release(app).failed);
    expect([failed("ax"), failed("by")]).toEqual([["s1"], ["s1"]]);
    const before = world.handed("ax").length;
    const release = world.release("ax").id;
    world.decide({ verb: "retry", app: "ax", release, site: "s1", why });
    world.run(2);
    expect(world.handed("ax").slice(before)).toEqual([`s1 ${release}`]);
    world.behaviour = ({ afterMs }) => (afterMs >= 1000 ? "Healthy" : "Progressing");
    world.run(20);
    expect([world.open("ax"), world.open("by")]).toEqual([undefined, undefined]);
    expect([world.on("ax", "v2"), world.on("by", "v2")]).toEqual([
      ["s1", "s2"],
      ["s1", "s2"],
    ]);
  });
});

describe("an excuse", () => {
  const strategy = { ...quick, stages: [{ name: "all" }], failureBudget: 3 };

  it("of a region names nothing else: it counts for every app", () => {
    const head = (version: string): WorldHead => ({
      sites: someSites(4, ["eu", "us"]),
      apps: { web: { version, strategy } },
    });
    const world = followed(head("v1"), head("v1"), 1);
    world.silence("eu");
    world.follow(head("v2"));
    world.run(2);
    const release = world.release("web").id;
    expect(() => world.decide({ verb: "excuse", app: "web", release, region: "eu", why })).toThrow(
      /bad-request: a region is excused for every app/u,
    );
    expect(world.control.workers["eu"]?.excused).toBeUndefined();
    world.decide({ verb: "excuse", region: "eu", why });
    expect(world.control.workers["eu"]?.excused).toBeDefined();
  });

  it("ends the wait for an app that is to leave first, also after its stage has passed, whoever says it", () => {
    const all: WorldHead = {
      sites: someSites(3),
      apps: {
        db: { version: "v1", strategy },
        web: { version: "v1", strategy, dependsOn: ["db"] },
        other: { version: "v1" },
      },
    };
    for (const by of ["ada", "flotilla"]) {
      const world = followed(all, all, 1);
      world.offline.add("s1");
      world.run(2);
      world.follow({ ...all, apps: { other: { version: "v1" } } });
      world.run(20);
      world.decide({ verb: "pause", scope: { app: "web" }, why });
      world.offline.delete("s1");
      world.run(10);
      expect(world.trees("db")).toEqual({ s1: "db:v1" });
      const [wait] = world.waitsOf("s1", "db");
      const { id } = world.release("web", "removal");
      expect(wait?.endsWhen).toContain(`an operator excuses the site from ${id}`);

      const decision = { verb: "excuse", app: "web", release: id, site: "s1", why } as const;
      const at = new Date(world.now).toISOString();
      const result = applyDecision(world.control, decision, { by, at });
      if (!result.ok) throw new Error(result.message);
      world.control = applyChanges(world.control, result.changes);
      world.run(10);
      expect(world.trees("db")).toEqual({});
      expect(world.trees("web")).toEqual({ s1: "web:v1" });
      world.decide({ verb: "resume", scope: { app: "web" }, why });
      world.run(10);
      expect(world.trees("web")).toEqual({});
    }
  });
});

describe("what the open list brought and what failed", () => {
  /** A site that was away through a release comes back, and the open list has a broken joiner. */
  function withBrokenJoiner(): PlannerWorld {
    const head = (version: string, count: number): WorldHead => ({
      sites: someSites(count),
      apps: { web: { version, strategy: quick } },
    });
    const world = followed(head("v1", 6), head("v1", 6), 1);
    world.offline.add("s5");
    world.run(2);
    world.follow(head("v2", 6));
    world.run(20);
    expect(world.open("web")).toBeUndefined();
    world.behaviour = ({ site, afterMs }) =>
      site === "s7" ? "Degraded" : afterMs >= 1000 ? "Healthy" : "Progressing";
    world.follow(head("v2", 7));
    world.run(20);
    world.offline.delete("s5");
    world.run(20);
    expect(world.trees("web")["s5"]).toBe("web:v1");
    const [wait] = world.waitsOf("s5");
    expect(wait?.code).toBe("failure-budget");
    expect(wait?.endsWhen).toContain("excuse web open-list --site SITE");
    return world;
  }

  it("keeps nobody from coming once an operator excuses it", () => {
    const world = withBrokenJoiner();
    const named = { app: "web", release: "open-list", why };
    expect(() => world.decide({ verb: "excuse", ...named, site: "s1" })).toThrow(/failed: s7/u);
    world.decide({ verb: "excuse", ...named, site: "s7" });
    world.run(20);
    expect(world.trees("web")["s5"]).toBe("web:v2");
    expect(world.control.apps["web"]?.arrivals).toBeUndefined();
  });

  it("has until a new deadline once an operator retries it", () => {
    const world = withBrokenJoiner();
    const named = { app: "web", release: "open-list", why };
    world.decide({ verb: "retry", ...named });
    world.run(1);
    expect(Object.keys(world.control.apps["web"]?.arrivals?.handed ?? {})).toContain("s7");
    world.run(20);
    expect(Object.keys(world.control.apps["web"]?.arrivals?.failed ?? {})).toEqual(["s7"]);
    expect(() => world.decide({ verb: "retry", ...named, site: "s1" })).toThrow(/failed: s7/u);
  });
});

describe("the word that nobody waits for a site until it has healed", () => {
  const head = (label: string): WorldHead => ({
    sites: { s1: {}, s3: { labels: { l: label } } },
    failureDomains: [],
    apps: {
      web: {
        version: "v1",
        variant: ({ l = "" }) => l,
        strategy: { ...quick, stages: [{ name: "all" }] },
      },
    },
  });

  it.each([
    ["its cluster does not answer any more", (world: PlannerWorld) => world.offline.add("s1")],
    ["its worker is silent", (world: PlannerWorld) => world.silence("eu")],
  ])("lasts where it healed, and then %s: nobody knows how it is", (_, vanish) => {
    const world = followed(head("1"), head("1"), 1);
    world.behaviour = ({ site }) => (site === "s1" ? "Degraded" : "Healthy");
    world.run(5);
    world.decide({ verb: "pause", scope: { region: "eu" }, why });
    world.follow(head("2"));
    world.run(1);
    world.decide({ verb: "excuse", app: "web", site: "s1", why });
    const excused = (): string[] => Object.keys(world.control.apps["web"]?.arrivals?.excused ?? {});
    world.behaviour = () => "Healthy";
    world.work();
    vanish(world);
    world.work();
    expect(world.observed["s1"]?.apps["web"]?.health).toBe("Healthy");
    world.settle();
    expect(excused()).toEqual(["s1"]);
    world.offline.clear();
    if (world.silent.has("eu")) world.revive("eu");
    world.run(2);
    expect(excused()).toEqual([]);
  });

  it.each([
    ["Progressing", ["s1"]],
    ["Degraded", ["s1"]],
    ["Missing", ["s1"]],
    ["Unknown", ["s1"]],
    ["Healthy", []],
    ["Suspended", []],
  ] as const)(
    "counts by the newest health: where it was Degraded and is %s, for %j",
    (now, left) => {
      const world = followed(head("1"), head("1"), 1);
      world.behaviour = ({ site }) => (site === "s1" ? "Degraded" : "Healthy");
      world.run(5);
      world.decide({ verb: "pause", scope: { region: "eu" }, why });
      world.follow(head("2"));
      world.run(1);
      world.decide({ verb: "excuse", app: "web", site: "s1", why });
      world.behaviour = ({ site }) => (site === "s1" ? now : "Healthy");
      world.run(60);
      expect(Object.keys(world.control.apps["web"]?.arrivals?.excused ?? {})).toEqual(left);
    },
  );

  it("lasts where the site, broken as it is, moves to another region meanwhile", () => {
    const inZone = (region: string, label: string): WorldHead => ({
      ...head(label),
      failureDomains: ["zone"],
      sites: { s1: { region, labels: { zone: "a" } }, s3: { labels: { zone: "a", l: label } } },
    });
    const world = followed(inZone("eu", "1"), inZone("eu", "1"), 1);
    world.behaviour = ({ site }) => (site === "s1" ? "Degraded" : "Healthy");
    world.run(5);
    world.decide({ verb: "pause", scope: { site: "s3" }, why });
    world.follow(inZone("eu", "2"));
    world.run(1);
    world.decide({ verb: "excuse", app: "web", site: "s1", why });
    world.follow(inZone("us", "2"));
    world.run(20);
    expect(world.control.sites["s1"]?.mirror).toBe("us");
    world.decide({ verb: "resume", scope: { site: "s3" }, why });
    world.run(20);
    expect(world.trees("web")["s3"]).toBe("web:v1:2");
  });
});
