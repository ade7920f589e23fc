/** What an approval says of others: those that it lets go. */
import { describe, expect, it } from "vitest";
import {
  PlannerWorld,
  quick,
  someSites,
  type WorldApp,
  type WorldHead,
} from "../../support/planner-world.ts";

const gated: WorldApp["strategy"] = { ...quick, stages: [{ name: "all", approval: true }] };
const free: WorldApp["strategy"] = { ...quick, stages: [{ name: "all" }] };

/** `web` depends on `db`, `page` on `web`; `other` on nothing. */
const head = (version: string, strategies: Record<string, WorldApp["strategy"]>): WorldHead => {
  const app = (name: string, dependsOn: readonly string[] = []): WorldApp => ({
    version,
    dependsOn: [...dependsOn],
    strategy: strategies[name] ?? free,
  });
  const web: WorldApp = { ...app("web", ["db"]), onRemoval: "hold" };
  return {
    sites: someSites(2),
    apps: { db: app("db"), web, page: app("page", ["web"]), other: app("other") },
  };
};

function begun(strategies: Record<string, WorldApp["strategy"]>): PlannerWorld {
  const world = new PlannerWorld();
  world.follow(head("v1", {}));
  world.run(60);
  world.follow(head("v1", strategies));
  world.run(30);
  world.follow(head("v2", strategies));
  world.run(5);
  return world;
}

const approve = (world: PlannerWorld, app: string): string => {
  const release = world.release(app).id;
  return world.decide({ verb: "approve", app, release, stage: "all", why: "seen" });
};

describe("an approval", () => {
  it("names what waits for it by dependsOn and goes next, and nothing that does not", () => {
    const world = begun({ db: gated });
    expect(world.on("web", "v2")).toEqual([]);
    const [db, web, page] = ["db", "web", "page"].map((app) => world.release(app).id);
    expect(approve(world, "db")).toBe(
      `approved stage all of ${db}; where it is healthy ${web}, ${page} may go next, for they depend on it`,
    );
    world.run(60);
    expect(world.on("page", "v2")).toEqual(["s1", "s2"]);
  });

  it("of a stage that is not open yet is told as given when it is given again, as long as it holds", () => {
    const strategy = {
      ...quick,
      stages: [
        { name: "canary", count: 1 },
        { name: "all", approval: true },
      ],
    };
    const world = begun({ other: strategy });
    const { id } = world.release("other");
    expect(world.release("other").opened).not.toHaveProperty("all");
    expect(approve(world, "other")).toBe(`approved stage all of ${id}`);
    expect(() => approve(world, "other")).toThrow(
      `conflict: stage all of ${id} is approved already; it opens when the stages before it have passed`,
    );
    expect(world.release("other").approvals).toHaveLength(1);
    world.follow(head("v3", { other: strategy }));
    expect(approve(world, "other")).toBe(`approved stage all of ${world.release("other").id}`);
  });

  it("names nothing that waits for an approval of its own", () => {
    const world = begun({ db: gated, web: gated });
    const id = world.release("db").id;
    expect(approve(world, "db")).toBe(`approved stage all of ${id}`);
    world.run(60);
    expect(world.on("web", "v2")).toEqual([]);
    const [web, page] = ["web", "page"].map((app) => world.release(app).id);
    expect(approve(world, "web")).toBe(
      `approved stage all of ${web}; where it is healthy ${page} may go next, for that depends on it`,
    );
  });

  it("names what a removal keeps from leaving", () => {
    const world = begun({});
    world.run(60);
    const { sites, apps } = head("v2", {});
    world.follow({ sites, apps: { other: apps["other"] ?? { version: "v2" } } });
    world.run(10);
    const [from, next] = ["web", "db"].map((app) => world.release(app, "removal").id);
    const word = { app: "web", release: from ?? "", removal: "delete", why: "seen" } as const;
    expect(world.decide({ verb: "approve", ...word })).toBe(
      `approved verb delete of ${from}; where it has left ${next} may leave next, for it depends on that`,
    );
    world.run(60);
    expect(world.trees("db")).toEqual({});
  });
});
