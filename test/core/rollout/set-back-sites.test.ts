/** Sites that went back from a release which itself goes on: they stay on what they had. */
import { describe, expect, it } from "vitest";
import { waitLines } from "../../../src/cli/status.ts";
import { readableTimes } from "../../../src/core/rollout/words.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

const why = "it is slow there";
const stages = [{ name: "canary", count: 1 }, { name: "rest" }];
const strategy = { ...quick, stages, rollback: "failed" as const, soak: "5s" };
const fleet = (version: string): WorldHead => ({
  sites: someSites(4),
  apps: { web: { version, strategy } },
});

/** v2 has passed its canary, from which an operator has set it back. */
function setBack(): { world: PlannerWorld; canary: string } {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow(fleet("v1"));
  world.run(30);
  world.follow(fleet("v2"));
  world.run(3);
  const [canary = ""] = world.on("web", "v2");
  while (!Object.hasOwn(world.release("web").passed, "canary")) world.run(1);
  world.decide({
    verb: "rollback",
    app: "web",
    release: world.release("web").id,
    site: canary,
    why,
  });
  return { world, canary };
}

describe("a site that an operator has set back", () => {
  it("stays on what it had when the release is through, until a newer version comes", () => {
    const { world, canary } = setBack();
    world.run(60);
    expect(world.open("web")).toBeUndefined();
    expect(world.control.apps["web"]?.current.release?.digest).toBe("v2");
    expect(world.on("web", "v1")).toEqual([canary]);
    world.follow({ ...fleet("v2"), maxSitesInFlight: 5 });
    world.run(30);
    expect(world.on("web", "v1")).toEqual([canary]);
    world.follow(fleet("v3"));
    world.run(60);
    expect(world.on("web", "v3")).toHaveLength(4);
  });

  it("gets the release again by a retry as long as that is open, also where its stage had passed", () => {
    const { world, canary } = setBack();
    world.run(2);
    expect(world.on("web", "v2")).not.toContain(canary);
    const release = world.release("web").id;
    world.decide({ verb: "retry", app: "web", release, site: canary, why });
    expect(world.release("web").passed).toEqual({});
    world.run(60);
    expect(world.on("web", "v2")).toHaveLength(4);
    expect(world.open("web")).toBeUndefined();
  });

  it("keeps a release that it had no good tree to go back from", () => {
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(fleet("v1"));
    world.run(3);
    const [canary = ""] = world.on("web", "v1");
    const release = world.release("web").id;
    world.decide({ verb: "rollback", app: "web", release, site: canary, why });
    world.decide({ verb: "excuse", app: "web", release, site: canary, why });
    world.run(60);
    expect(world.on("web", "v1")).toHaveLength(4);
  });
});

describe("a site that is not on the new version, and that no stage is to bring it to", () => {
  const linesOf = (world: PlannerWorld, site: string): string[] =>
    waitLines(world.plan.waits.filter((wait) => wait.site === site));

  it("says who set it back, when, why and what ends that, once the release is through", () => {
    const { world, canary } = setBack();
    world.run(60);
    expect(linesOf(world, canary)).toEqual([
      `web at ${canary}: set back from web-v2-c2 by ada at 2030-01-01 00:00:38 UTC: it is slow there; ends when a newer version of web reaches it`,
    ]);
    // A commit that does not change the app changes nothing of it; a version that reaches the site ends it.
    world.follow({ ...fleet("v2"), maxSitesInFlight: 5 });
    world.run(5);
    expect(world.codes(canary)).toEqual(["set-back"]);
    world.follow(fleet("v3"));
    world.run(60);
    expect(world.plan.waits).toEqual([]);
  });

  it("says so of one that went back because of another release that moves as one with its own", () => {
    const objects = {
      v1: { db: ["_ConfigMap_x_db"], web: ["_ConfigMap_x_web", "_ConfigMap_x_shared"] },
      v2: { db: ["_ConfigMap_x_db", "_ConfigMap_x_shared"], web: ["_ConfigMap_x_web"] },
    };
    const apps = (version: "v1" | "v2"): WorldHead["apps"] => ({
      db: { version, strategy, objects: objects[version].db },
      web: { version, strategy, objects: objects[version].web },
    });
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow({ sites: someSites(4), apps: apps("v1") });
    world.run(30);
    world.follow({ sites: someSites(4), apps: apps("v2") });
    world.run(3);
    const [canary = ""] = world.on("web", "v2");
    while (!Object.hasOwn(world.release("web").passed, "canary")) world.run(1);
    world.decide({ verb: "rollback", app: "web", site: canary, why });
    world.run(90);
    expect(world.on("db", "v1")).toEqual([canary]);
    expect(
      linesOf(world, canary).map((line) => line.replaceAll(/20[^ ]+ [^ ]+ UTC/gu, "TIME")),
    ).toEqual([
      `db at ${canary}: went back from db-v2-c2 at TIME: it went back with db-v2-c2; ends when a newer version of db reaches it`,
      `web at ${canary}: set back from web-v2-c2 by ada at TIME: it is slow there; ends when a newer version of web reaches it`,
    ]);
  });

  it("says who excused it, when and why, in the open stage and in a later one", () => {
    const world = new PlannerWorld();
    const slow = {
      ...quick,
      stages: [{ name: "first", count: 2 }, { name: "rest" }],
      maxInFlight: 1,
    };
    const head = (version: string): WorldHead => ({
      sites: someSites(4),
      apps: { web: { version, strategy: slow } },
    });
    world.follow(head("v1"));
    world.run(60);
    world.follow(head("v2"));
    world.behaviour = () => "Progressing";
    world.run(1);
    const { list, handed } = world.release("web");
    const waiting = (stage: number): string =>
      Object.keys(list).find((site) => list[site]?.stage === stage && !handed[site]) ?? "";
    for (const site of [waiting(0), waiting(1)])
      world.decide({ verb: "excuse", app: "web", site, why: "its till is open" });
    world.run(1);
    const at = readableTimes(new Date(world.now - 1000).toISOString());
    const word = `excused by ada at ${at}: its till is open; it catches up later`;
    expect(linesOf(world, waiting(0))).toEqual([
      `web stage first (web-v2-c2) at ${waiting(0)}: ${word}; ends when the stage has passed`,
    ]);
    expect(linesOf(world, waiting(1))).toEqual([
      `web stage rest (web-v2-c2) at ${waiting(1)}: ${word}; ends when the stage has passed`,
    ]);
  });

  it("says that it came while the candidate was under way, and when it gets that", () => {
    const world = new PlannerWorld({ onPlan: checkPlan });
    const held = {
      ...quick,
      stages: [
        { name: "share", count: 1, promotion: "manual" } as const,
        { name: "late", selector: "ring=late" },
        { name: "rest" },
      ],
    };
    const head = (version: string, more: WorldHead["sites"] = {}): WorldHead => ({
      sites: { ...someSites(2), ...more },
      apps: { web: { version, strategy: held } },
    });
    world.follow(head("v1"));
    world.run(20);
    world.decide({ verb: "promote", app: "web", why });
    world.run(30);
    world.follow(head("v2"));
    world.run(20);
    world.follow(head("v2", { new1: {}, new2: { labels: { ring: "late" } } }));
    world.run(30);
    expect(world.trees("web")).toMatchObject({ new1: "web:v1", new2: "web:v1" });
    const came = "it came while web-v2-c2 was under way, and has what is current until then";
    expect(linesOf(world, "new1")).toEqual([
      `web (web-v2-c2) at new1: ${came}; ends when web-v2-c2 is through`,
    ]);
    expect(linesOf(world, "new2")).toEqual([
      `web (web-v2-c2) at new2: ${came}; ends when stage late of web-v2-c2 has passed`,
    ]);
    world.decide({ verb: "promote", app: "web", why });
    world.run(60);
    expect(world.on("web", "v2")).toHaveLength(4);
    expect(world.plan.waits).toEqual([]);
  });
});

describe("one of two releases that move as one", () => {
  const gated = {
    ...quick,
    stages: [
      { name: "canary", count: 1 },
      { name: "rest", approval: true },
    ],
  };
  const objects = { db: "_ConfigMap_x_db", web: "_ConfigMap_x_web", shared: "_ConfigMap_x_shared" };
  const swapping = (version: string, rollout: typeof gated | typeof quick): WorldHead => {
    const [db, web] =
      version === "v1"
        ? [[objects.db], [objects.web, objects.shared]]
        : [[objects.db, objects.shared], [objects.web]];
    return {
      sites: someSites(3),
      apps: {
        db: { version, strategy: rollout, objects: db },
        web: { version, strategy: rollout, objects: web },
      },
    };
  };

  it.each(["web", "db"])("takes the other one back for good when %s is rolled back", (app) => {
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(swapping("v1", quick));
    world.run(30);
    world.follow(swapping("v1", gated));
    world.follow(swapping("v2", gated));
    world.run(10);
    const [canary = ""] = world.on("web", "v2");
    expect(Object.keys(world.release("db").passed)).toEqual(["canary"]);
    world.decide({ verb: "rollback", app, release: world.release(app).id, why });
    world.step();
    const before = world.story.length;
    world.run(60);
    expect(world.story).toHaveLength(before);
    expect([...world.on("db", "v1"), ...world.on("web", "v1")]).toHaveLength(6);
    expect(world.plan.waits.filter(({ site }) => site === canary).map(({ code }) => code)).toEqual([
      "failed",
      "failed",
    ]);
  });
});
