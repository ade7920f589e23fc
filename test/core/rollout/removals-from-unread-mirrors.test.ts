/** An app leaves sites of a mirror that cannot be read as its removal begins: control knows where it should stand. */
import { describe, expect, it } from "vitest";
import { checkPlan } from "../../support/planner-invariants.ts";
import { quick, someSites, type WorldApp, type WorldHead } from "../../support/planner-world.ts";
import { UnreadWorld } from "../../support/unread-world.ts";

const sites: WorldHead["sites"] = { ...someSites(3), f1: { region: "us" } };
const strategy = { ...quick, stages: [{ name: "all" }], soak: "0s" };
const web: WorldApp = { version: "v1", strategy };
const gone: WorldHead = { sites, apps: {} };

/** The mirror of eu, in which s1, s2 and s3 stand, cannot be read while the head begins to be followed. */
function unreadAs(world: UnreadWorld, head: WorldHead): UnreadWorld {
  world.isUnread = true;
  world.step({ dies: true });
  world.follow(head);
  for (let pass = 0; pass < 3; pass += 1) world.step({ dies: true });
  return world;
}

function settledWorld(app: WorldApp = web): UnreadWorld {
  const world = new UnreadWorld({ onPlan: checkPlan });
  world.follow({ sites, apps: { web: app } });
  return world;
}

function approve(world: UnreadWorld): void {
  const { id } = world.release("web", "removal");
  world.decide({ verb: "approve", app: "web", release: id, deletions: 4, why: "looked at" });
}

describe("an app that leaves sites whose mirror cannot be read", () => {
  it("leaves them when it can be read again", () => {
    const world = settledWorld();
    world.run(20);
    unreadAs(world, gone);
    expect(world.trees("web")).toHaveProperty("s1", "web:v1");
    expect(Object.keys(world.release("web", "removal").list)).toHaveLength(4);
    world.isUnread = false;
    world.run(30);
    expect(world.trees("web")).toEqual({});
    expect(world.control.apps["web"]).toBeUndefined();
  });

  it("leaves them also where only some lose it, or the first version was on its way", () => {
    const places: WorldApp["places"] = (labels) => labels["web"] !== "no";
    const world = settledWorld({ ...web, places });
    world.settle();
    expect(world.trees("web")).toHaveProperty("s2");
    expect(world.control.apps["web"]?.current.release).toBeNull();
    const apps = { web: { ...web, places } };
    unreadAs(world, { sites: { ...sites, s2: { labels: { web: "no" } } }, apps });
    world.isUnread = false;
    world.run(30);
    expect(Object.keys(world.trees("web"))).toEqual(["f1", "s1", "s3"]);
  });

  it("is not waited for where it never stood", () => {
    const world = new UnreadWorld({ onPlan: checkPlan });
    world.follow({ sites, apps: {} });
    world.run(2);
    world.offline.add("s2");
    world.work();
    const apps = { web: { ...web, places: (_: unknown, site: string) => site !== "s3" } };
    world.follow({ sites, apps });
    world.run(20);
    expect(world.trees("web")).not.toHaveProperty("s2");
    unreadAs(world, gone);
    expect(world.release("web", "removal").list).not.toHaveProperty("s3");
    world.isUnread = false;
    world.run(30);
    expect(world.control.apps["web"]).toBeUndefined();
  });

  it("is counted by what should stand there: no more is deleted than is allowed", () => {
    const world = new UnreadWorld({ onPlan: checkPlan });
    const deletionBudget = { objects: 3, percent: 100 };
    world.follow({ sites, apps: { web }, deletionBudget });
    world.run(20);
    unreadAs(world, gone);
    world.isUnread = false;
    world.run(5);
    expect(world.codes(null)).toContain("deletions");
    expect(world.release("web", "removal").deletions).toMatchObject({
      objects: 4,
      needsApproval: "this commit deletes 4 objects over all apps, its budget is 3",
    });
    expect(Object.keys(world.trees("web"))).toHaveLength(4);
    approve(world);
    world.run(30);
    expect(world.trees("web")).toEqual({});
  });

  it("waits for a word where something else stands than was counted", () => {
    const world = settledWorld({ ...web, objects: ["_ConfigMap_web_old"] });
    world.run(20);
    world.offline.add("s3");
    world.work();
    world.follow({ sites, apps: { web: { ...web, version: "v2" } } });
    world.run(20);
    expect(world.trees("web")).toMatchObject({ s1: "web:v2", s3: "web:v1" });
    unreadAs(world, gone);
    world.isUnread = false;
    world.offline.clear();
    world.run(20);
    expect(world.waitsOf(null, "web")).toMatchObject([
      {
        code: "deletions",
        reason: expect.stringContaining(
          "what stands at s3 is not what was counted: it could not be seen then",
        ),
      },
    ]);
    expect(Object.keys(world.trees("web"))).toHaveLength(4);
    approve(world);
    world.run(30);
    expect(world.trees("web")).toEqual({});
  });
});
