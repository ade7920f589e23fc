/** Sites that went back from a release which itself goes on: they stay on what they had. */
import { describe, expect, it } from "vitest";
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
