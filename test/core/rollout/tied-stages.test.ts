/** Releases that move as one: none loses a canary, an approval, a soak or a stage through another. */
import { describe, expect, it } from "vitest";
import { startRollback } from "../../../src/core/rollout/start/start-rollback.ts";
import { applyChanges } from "../../support/control-state.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import {
  PlannerWorld,
  quick,
  someSites,
  type WorldApp,
  type WorldHead,
} from "../../support/planner-world.ts";

type Strategy = NonNullable<WorldApp["strategy"]>;

const lax: Strategy = { ...quick, stages: [{ name: "all" }], soak: "0s" };
const why = "seen";

/** Two apps by these strategies; an object belongs to one of them, or is gone. */
function fleet(
  versions: readonly [string, string],
  strategies: readonly [Strategy, Strategy],
  owner: "alpha" | "zeta" | null,
): WorldHead {
  const moves = (app: string): string[] => (app === owner ? ["_ConfigMap_x_moves"] : []);
  const [alpha, zeta] = versions;
  return {
    sites: someSites(6),
    apps: {
      alpha: {
        version: alpha,
        strategy: strategies[0],
        objects: ["_ConfigMap_x_a", ...moves("alpha")],
      },
      zeta: {
        version: zeta,
        strategy: strategies[1],
        objects: ["_ConfigMap_x_z", ...moves("zeta")],
      },
    },
  };
}

/** Both are on v1; then an object goes from zeta to alpha, under these strategies. */
function tied(strategies: readonly [Strategy, Strategy]): PlannerWorld {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow(fleet(["v1", "v1"], [lax, lax], "zeta"));
  world.run(10);
  expect([world.open("alpha"), world.open("zeta")]).toEqual([undefined, undefined]);
  world.follow(fleet(["v1", "v1"], strategies, "zeta"));
  world.run(1);
  world.follow(fleet(["v2", "v2"], strategies, "alpha"));
  return world;
}

const bothOn = (world: PlannerWorld, version: string): number[] =>
  ["alpha", "zeta"].map((app) => world.on(app, version).length);

function approveRest(world: PlannerWorld): void {
  for (const app of ["alpha", "zeta"]) {
    world.decide({ verb: "approve", app, release: world.release(app).id, stage: "rest", why });
  }
}

describe("releases that move as one", () => {
  it("take the stages of the one with the most: no canary, soak or approval of it is lost", () => {
    const strict: Strategy = {
      ...quick,
      stages: [
        { name: "canary", count: 1 },
        { name: "early", count: 2, promotion: "manual" },
        { name: "rest", approval: true },
      ],
      soak: "30s",
    };
    const world = tied([lax, strict]);
    world.run(20);
    expect(bothOn(world, "v2")).toEqual([1, 1]);
    expect(new Set(world.codes(null))).toEqual(new Set(["soak"]));
    world.run(80);
    expect(bothOn(world, "v2")).toEqual([3, 3]);
    expect(new Set(world.codes(null))).toEqual(new Set(["promotion"]));
    for (const app of ["alpha", "zeta"]) world.decide({ verb: "promote", app, why });
    world.run(40);
    expect(bothOn(world, "v2")).toEqual([3, 3]);
    expect(new Set(world.codes(null))).toEqual(new Set(["approval"]));
    approveRest(world);
    world.run(60);
    expect(bothOn(world, "v2")).toEqual([6, 6]);
    expect([world.open("alpha"), world.open("zeta")]).toEqual([undefined, undefined]);
  });

  it("go in fewer stages only when each of them is urgent", () => {
    const slow: Strategy = {
      ...quick,
      stages: [{ name: "canary", count: 1 }, { name: "early", count: 2 }, { name: "rest" }],
      soak: "20s",
    };
    const declared: Strategy = { ...slow, urgent: { stages: ["rest"], soak: "0s" } };
    const stagesOf = (world: PlannerWorld): string[][] =>
      ["alpha", "zeta"].map((app) => world.release(app).stages.map(({ name }) => name));

    const half = tied([declared, slow]);
    half.decide({ verb: "urgent", app: "alpha", why });
    half.run(15);
    expect(bothOn(half, "v2")).toEqual([1, 1]);
    expect(stagesOf(half)).toEqual([
      ["canary", "early", "rest"],
      ["canary", "early", "rest"],
    ]);

    const whole = tied([declared, declared]);
    whole.decide({ verb: "urgent", app: "alpha", why });
    whole.decide({ verb: "urgent", app: "zeta", why });
    whole.settle();
    expect(stagesOf(whole)).toEqual([["rest"], ["rest"]]);
    whole.run(10);
    expect(bothOn(whole, "v2")).toEqual([6, 6]);
  });

  it("are told of where a word for one of them waits for the same word of the other", () => {
    const stages = [
      { name: "canary", count: 1, promotion: "manual" as const },
      { name: "rest", approval: true },
    ];
    const strict: Strategy = { ...quick, stages, urgent: { soak: "0s" } };
    const world = tied([strict, strict]);
    world.run(30);
    const other = world.release("zeta").id;
    const together = `; where ${other} moves together with it, only once that is`;
    const say = (verb: "promote" | "urgent", app: string): string =>
      world.decide({ verb, app, why });

    expect(say("urgent", "alpha")).toMatch(new RegExp(`no soak${together} urgent too$`, "u"));
    expect(say("urgent", "zeta")).toMatch(/no soak$/u);
    expect(say("promote", "alpha")).toMatch(new RegExp(`settled${together} promoted too$`, "u"));
    world.run(20);
    expect(bothOn(world, "v2")).toEqual([1, 1]);
    expect(say("promote", "zeta")).toMatch(/settled$/u);
    world.run(20);
    expect(say("promote", "alpha")).toMatch(new RegExp(`opens${together} approved too$`, "u"));
    world.run(20);
    expect(bothOn(world, "v2")).toEqual([1, 1]);
    expect(say("promote", "zeta")).toMatch(/opens$/u);
    world.run(40);
    expect(bothOn(world, "v2")).toEqual([6, 6]);
  });

  it("keep to holds and later numbers of each one's own stages, by their names", () => {
    const two: Strategy = {
      ...quick,
      stages: [{ name: "first", count: 1 }, { name: "others" }],
    };
    const three: Strategy = {
      ...quick,
      stages: [{ name: "canary", count: 1 }, { name: "early", count: 1 }, { name: "others" }],
    };
    const held = tied([two, three]);
    const scope = { app: "alpha", stage: "others" };
    held.decide({ verb: "pause", scope, why });
    held.run(20);
    expect(bothOn(held, "v2")).toEqual([1, 1]);
    expect(new Set(held.codes(null))).toEqual(new Set(["held"]));
    held.decide({ verb: "resume", scope, why });
    // The same word of the other one holds its own stage alone.
    held.decide({ verb: "pause", scope: { app: "zeta", stage: "others" }, why });
    held.run(20);
    expect(bothOn(held, "v2")).toEqual([2, 2]);

    const none: Strategy = { ...two, maxInFlight: 0 };
    const stages = [{ name: "first" }, { name: "others", approval: true }];
    for (const stricter of [none, { ...two, stages }]) {
      const slowed = tied([two, three]);
      slowed.run(1);
      slowed.follow(fleet(["v2", "v2"], [stricter, three], "alpha"));
      slowed.run(30);
      expect(bothOn(slowed, "v2")).toEqual([1, 1]);
      slowed.follow(fleet(["v2", "v2"], [two, three], "alpha"));
      slowed.run(30);
      expect(bothOn(slowed, "v2")).toEqual([6, 6]);
    }
  });

  it("are not led by one that goes back: the other keeps its canary and its approval", () => {
    const strict: Strategy = {
      ...quick,
      stages: [
        { name: "canary", count: 1 },
        { name: "rest", approval: true },
      ],
    };
    const world = new PlannerWorld();
    world.follow(fleet(["v1", "v1"], [lax, lax], "alpha"));
    world.run(20);
    const to = world.control.apps["alpha"]?.current.release;
    const trees = world.trees("alpha");
    world.follow(fleet(["v2", "v2"], [lax, lax], "zeta"));
    world.run(20);
    world.follow(fleet(["v2", "v2"], [lax, strict], "zeta"));
    world.run(1);
    world.follow(fleet(["v2", "v3"], [lax, strict], null));
    world.run(2);
    expect(world.on("zeta", "v3")).toHaveLength(1);
    if (to === undefined || to === null) throw new Error("alpha has no current release");
    const result = startRollback(world.startInput(world.previous, {}), {
      app: "alpha",
      to,
      by: "ada",
      why,
      trees,
      touched: {},
    });
    if (!result.ok) throw new Error(result.message);
    world.control = applyChanges(world.control, result.changes);
    world.run(30);
    expect(world.on("zeta", "v3")).toHaveLength(1);
    expect(world.release("zeta").stages.map(({ name }) => name)).toEqual(["canary", "rest"]);
    expect(new Set(world.codes(null))).toContain("approval");
    approveRest(world);
    world.run(30);
    expect(world.on("zeta", "v3")).toHaveLength(6);
    expect(world.on("alpha", "v1")).toHaveLength(6);
  });
});

describe("budgets of releases that move as one", () => {
  const two: Strategy = { ...quick, stages: [{ name: "canary", count: 1 }, { name: "rest" }] };

  /** web is at all sites, db at the first of them; at those, an object comes from web to db when the versions change. */
  function lists(
    sizes: { web: number; db: number },
    strategies: { web: Strategy; db: Strategy },
  ): PlannerWorld {
    const sites = Object.fromEntries(
      Array.from({ length: sizes.web }, (_, index) => [
        `s${index + 1}`,
        { labels: { db: index < sizes.db ? "yes" : "no" } },
      ]),
    );
    const head = (version: string, owner: "web" | "db"): WorldHead => ({
      sites,
      apps: {
        db: {
          version,
          strategy: strategies.db,
          places: (labels) => labels["db"] === "yes",
          objects: ["_ConfigMap_x_d", ...(owner === "db" ? ["_ConfigMap_x_moves"] : [])],
        },
        web: {
          version,
          strategy: strategies.web,
          objects: ["_ConfigMap_x_w", ...(owner === "web" ? ["_ConfigMap_x_moves"] : [])],
        },
      },
      deletionBudget: { objects: 1000, percent: 100 },
    });
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(head("v1", "web"));
    world.run(60);
    expect([world.open("web"), world.open("db")]).toEqual([undefined, undefined]);
    world.follow(head("v2", "db"));
    return world;
  }

  const untilRest = (world: PlannerWorld): PlannerWorld => {
    for (let step = 0; step < 60; step += 1) {
      if (Object.keys(world.release("web").opened).includes("rest")) return world;
      world.run(1);
    }
    throw new Error("the last stage does not open");
  };
  const inFlight = (world: PlannerWorld, app: string): number => {
    const stage = world.progress().find(({ app: name }) => name === app)?.stages[1];
    return stage?.inFlight ?? 0;
  };

  it("are of each one's own sites: one object at two sites holds up no long list", () => {
    const one: Strategy = { ...two, maxInFlight: 1, maxUnavailable: 1 };
    const half: Strategy = { ...two, maxInFlight: "50%", maxUnavailable: "50%" };
    for (const db of [half, one]) {
      const world = untilRest(lists({ web: 40, db: 6 }, { web: half, db }));
      // Its list of that stage has the canary of the other one no more, and so another number of sites.
      const web = Object.values(world.release("web").list).filter(({ stage }) => stage === 1);
      const most = Math.floor(web.length / 2);
      expect(world.release("web").stages[1]).toMatchObject({ maxInFlight: most });
      expect(inFlight(world, "web")).toBe(most);
      expect(inFlight(world, "db")).toBeLessThanOrEqual(db === one ? 1 : 2);
      world.run(60);
      expect([world.open("web"), world.open("db")]).toEqual([undefined, undefined]);
    }
  });

  it("are the stricter ones where the lists are alike, and the reason says whose", () => {
    const lenient: Strategy = { ...two, maxInFlight: "50%", maxUnavailable: "50%" };
    const strict: Strategy = { ...two, maxInFlight: 2, maxUnavailable: "100%" };
    for (const [web, db] of [
      [lenient, strict],
      [strict, lenient],
    ] as const) {
      const world = untilRest(lists({ web: 12, db: 12 }, { web, db }));
      expect([inFlight(world, "web"), inFlight(world, "db")]).toEqual([2, 2]);
      const [whose, other] = web === strict ? ["web", "db"] : ["db", "web"];
      const reasons = world.plan.waits.flatMap(({ code, reason }) =>
        code === "in-flight-budget" ? [reason] : [],
      );
      expect(reasons[0]).toContain(
        `maxInFlight of stage rest of ${whose}, which moves together with ${other}, is 2, used by s`,
      );
    }
  });

  it("stop all of them when more failed than one of them may lose", () => {
    const all: Strategy = { ...two, soak: "10s", rollback: "failed" };
    const web: Strategy = { ...all, failureBudget: "50%" };
    for (const [failureBudget, isStopped] of [
      [0, true],
      [1, false],
    ] as const) {
      const db: Strategy = { ...all, failureBudget };
      const world = lists({ web: 12, db: 4 }, { web, db });
      const rest = Object.entries(world.release("db").list).filter(([, { stage }]) => stage === 1);
      const own = Object.entries(world.release("web").list).flatMap(([site, { stage }]) =>
        stage === 1 && world.release("db").list[site] === undefined ? [site] : [],
      );
      const [shared = ""] = rest.map(([site]) => site);
      // More than db may lose, at sites that are not its own.
      const bad = new Set([...own.slice(0, 3).map((site) => `web ${site}`), `db ${shared}`]);
      world.behaviour = ({ app, site, tree, afterMs }) =>
        tree.includes("v2") && bad.has(`${app} ${site}`)
          ? "Degraded"
          : afterMs >= 1000
            ? "Healthy"
            : "Progressing";
      world.run(200);
      const goes = ["web", "db"].map((app) => world.open(app)?.goingBack?.why ?? "");
      const stopped = `1 site of stage rest of db failed (${shared}), its failureBudget is 0`;
      expect(goes).toEqual(isStopped ? [stopped, stopped] : ["", ""]);
    }
  });
});
