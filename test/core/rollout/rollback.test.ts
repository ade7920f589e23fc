/** Releases that fail too often and go back, as stories. */
import { describe, expect, it } from "vitest";
import { checkPlan } from "../../support/planner-invariants.ts";
import {
  PlannerWorld,
  quick,
  someSites,
  type WorldApp,
  type WorldHead,
} from "../../support/planner-world.ts";

type Scope = "none" | "failed" | "stage" | "all";

const withScope = (rollback: Scope, more: Partial<WorldApp> = {}): Partial<WorldApp> => ({
  strategy: { ...quick, rollback },
  ...more,
});

const fleet = (version: string, app: Partial<WorldApp>, sites = someSites(4)): WorldHead => ({
  sites,
  apps: { web: { version, ...app } },
});

/** A fleet of which every site has web v1, and in which v2 is broken. */
function settled(app: Partial<WorldApp>, sites: WorldHead["sites"] = someSites(4)): PlannerWorld {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow(fleet("v1", app, sites));
  world.run(25);
  world.behaviour = ({ tree, afterMs }) => {
    if (tree.startsWith("web:v2")) return "Degraded";
    return afterMs >= 1000 ? "Healthy" : "Progressing";
  };
  return world;
}

const canaryOf = (world: PlannerWorld): string => world.on("web", "v2")[0] ?? "";

describe("a release that fails too often", () => {
  it("takes its failed canary back to the good tree, stays failed, and is bad", () => {
    const world = settled(withScope("failed"));
    world.follow(fleet("v2", withScope("failed")));
    world.run(5);
    const canary = canaryOf(world);
    world.run(25);

    expect(world.on("web", "v1")).toHaveLength(4);
    expect(world.control.apps["web"]?.bad).toEqual(["v2"]);
    expect(Object.keys(world.release("web").failed)).toEqual([canary]);
    expect(world.release("web").back?.[canary]).toMatchObject({ from: "web:v2", to: "web:v1" });
    expect(world.progress()[0]).toMatchObject({
      state: "failed",
      stages: [{ failed: 1, rolledBack: 1, done: 0 }, { waiting: 3 }],
    });
    expect(world.codes(canary)).toEqual(["failed"]);
    expect(world.codes(null)).toEqual(["rolling-back"]);
  });

  it("asks for no more passes once all that could go back is back", () => {
    const world = settled(withScope("failed"));
    world.follow(fleet("v2", withScope("failed")));
    world.run(30);
    expect(world.codes(null)).toEqual(["rolling-back"]);
    expect(world.plan.wakeAt).toBeNull();
  });

  it("asks for no pass for a site that only its worker can tell to be ready", () => {
    const strategy = { ...quick, minReady: "5s", progressDeadline: "60s" };
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(fleet("v1", { strategy }));
    world.run(4);
    expect(world.plan.waits.map(({ reason }) => reason)).toContain("in flight: Healthy");
    expect(world.plan.wakeAt).toBeGreaterThan(world.now + 30_000);
  });

  it("stays on record while the same version is followed, and is not tried again", () => {
    const world = settled(withScope("failed"));
    world.follow(fleet("v2", withScope("failed")));
    world.run(40);
    const { id } = world.release("web");
    world.follow({ ...fleet("v2", withScope("failed")), maxSitesInFlight: 9 });
    world.run(30);
    expect(world.release("web").id).toBe(id);
    expect(world.on("web", "v1")).toHaveLength(4);

    world.follow(fleet("v3", withScope("failed")));
    world.run(40);
    expect(world.on("web", "v3")).toHaveLength(4);
    world.follow(fleet("v2", withScope("failed")));
    world.run(40);
    expect(world.notes).toContain("web: this version is known to be bad and is not tried again");
    expect(world.on("web", "v3")).toHaveLength(4);
  });

  it("gives way to a fix at once, also while it goes back", () => {
    const world = settled(withScope("failed"));
    world.follow(fleet("v2", withScope("failed")));
    world.run(5);
    const canary = canaryOf(world);
    while (world.release("web").back === undefined) world.run(1);

    world.follow(fleet("v3", withScope("failed")));
    world.settle();

    expect(world.on("web", "v3")).toEqual([canary]);
    world.run(40);
    expect(world.on("web", "v3")).toHaveLength(4);
  });

  it.each(["none", "all"] as const)(
    "does not come to a site that it was on its way to when the process died (rollback %s)",
    (rollback) => {
      const stages = [{ name: "all" }];
      const app = { strategy: { ...quick, stages, maxInFlight: 2, rollback } };
      const world = settled(app);
      world.follow(fleet("v2", app));
      world.settle();
      const [broken, ...rest] = world.on("web", "v2");
      expect(rest).toHaveLength(1);
      world.behaviour = ({ tree, site, afterMs }) => {
        if (tree === "web:v2" && site === broken) return "Degraded";
        return afterMs >= 1000 ? "Healthy" : "Progressing";
      };
      for (let second = 0; Object.keys(world.release("web").handed).length < 3; second += 1) {
        expect(second).toBeLessThan(5);
        world.now += 1000;
        world.work();
        world.step({ dies: true });
      }
      expect(world.on("web", "v2")).toHaveLength(2);
      world.now += 7000;
      world.work();
      const { handOvers } = world.step();
      expect(Object.keys(world.release("web").failed)).toContain(broken);
      const forward = handOvers.flatMap(({ site, apps }) =>
        apps.some(({ set }) => "tree" in set && set.tree === "web:v2") ? [site] : [],
      );
      expect(forward).toEqual([]);
    },
  );

  it("leaves its sites where they are with rollback none", () => {
    const world = settled(withScope("none"));
    world.follow(fleet("v2", withScope("none")));
    world.run(60);
    expect(world.on("web", "v2")).toHaveLength(1);
    expect(world.control.apps["web"]?.bad).toEqual([]);
  });

  it("takes back the failed sites only, all of the stage, or all that have it", () => {
    const left: Record<string, number> = {};
    for (const scope of ["failed", "stage", "all"] as const) {
      const app = withScope(scope);
      const world = settled(app, someSites(6));
      let bad: string[] = [];
      world.behaviour = ({ tree, site, afterMs }) => {
        if (tree === "web:v2" && bad.includes(site)) return "Degraded";
        return afterMs >= 1000 ? "Healthy" : "Progressing";
      };
      world.follow(fleet("v2", app, someSites(6)));
      world.run(2);
      const canary = canaryOf(world);
      bad = ["s1", "s2", "s3", "s4", "s5", "s6"].filter((site) => site !== canary).slice(0, 2);
      world.run(40);
      expect(Object.keys(world.release("web").back ?? {})).toEqual(expect.arrayContaining(bad));
      left[scope] = world.on("web", "v2").length;
      expect(world.on("web", "v2").includes(canary)).toBe(scope !== "all");
    }
    expect(left).toEqual({ failed: 4, stage: 1, all: 0 });
  });

  it("goes back newest first, no more at once than maxInFlight, whatever maxUnavailable says", () => {
    const strategy = {
      ...quick,
      stages: [{ name: "all" }],
      maxInFlight: 2,
      failureBudget: 1,
      rollback: "all" as const,
    };
    const world = settled({ strategy }, someSites(8));
    let isBad = false;
    world.behaviour = ({ tree, afterMs }) => {
      if (tree === "web:v2" && isBad) return "Degraded";
      return afterMs >= 1000 ? "Healthy" : "Progressing";
    };
    world.follow(fleet("v2", { strategy: { ...strategy, maxUnavailable: 2 } }, someSites(8)));
    while (world.on("web", "v2").length < 6) world.run(1);
    const order = world.handed("web").slice(-6);
    isBad = true;
    const before = world.story.length;
    world.run(40);

    const back = world.story.slice(before).map(({ handOver }) => handOver.site);
    const touched = order.map((line) => line.split(" ")[0] ?? "");
    const positions = back.map((site) => touched.indexOf(site));
    expect(new Set(positions.slice(0, 2))).toEqual(new Set([4, 5]));
    expect(world.on("web", "v2")).toEqual([]);
  });

  it("is not stopped by a hold, but waits for a site that does not answer", () => {
    const world = settled(withScope("failed"));
    world.follow(fleet("v2", withScope("failed")));
    world.run(5);
    const canary = canaryOf(world);
    world.decide({ verb: "pause", scope: { fleet: true }, all: true, why: "freeze" });
    world.offline.add(canary);
    world.run(20);
    expect(world.on("web", "v2")).toEqual([canary]);
    expect(world.codes(canary)).toContain("offline");

    world.offline.delete(canary);
    world.run(10);
    expect(world.on("web", "v1")).toHaveLength(4);
  });

  it("leaves a site alone where nothing good is recorded, and says so", () => {
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.behaviour = () => "Degraded";
    world.follow(fleet("v2", withScope("all")));
    world.run(40);
    const [canary = ""] = world.on("web", "v2");
    expect(world.codes(canary)).toContain("no-good-tree");
    expect(world.on("web", "v2")).toHaveLength(1);
  });
});

describe("going back", () => {
  it("goes on when the process died between control and the mirror", () => {
    const world = settled(withScope("failed"));
    world.follow(fleet("v2", withScope("failed")));
    world.run(5);
    const canary = canaryOf(world);
    while (world.release("web").back === undefined) {
      world.now += 1000;
      world.work();
      world.step({ dies: true });
      if (world.release("web").back === undefined) world.settle();
    }
    expect(world.on("web", "v2")).toEqual([canary]);
    world.run(10);
    expect(world.on("web", "v1")).toHaveLength(4);
  });

  it("takes back nothing that was recorded and never written", () => {
    const app = { strategy: { ...quick, stages: [{ name: "all" }], rollback: "all" as const } };
    const world = settled(app);
    world.follow(fleet("v2", app));
    world.step({ dies: true });
    world.decide({
      verb: "rollback",
      app: "web",
      release: world.release("web").id,
      why: "wrong image",
    });
    world.run(20);
    expect(world.handed("web").filter((line) => line.includes(world.release("web").id))).toEqual(
      [],
    );
    expect(world.on("web", "v1")).toHaveLength(4);
  });

  it("keeps to the tree of before when a label changes in between, and never brings the bad one back", () => {
    const app = withScope("failed", { variant: (labels) => labels["ring"] ?? "" });
    const world = settled(app);
    world.follow(fleet("v2", app));
    world.run(5);
    const canary = canaryOf(world);
    world.run(12);
    world.follow(fleet("v2", app, { ...someSites(4), [canary]: { labels: { ring: "x" } } }));
    world.run(40);
    expect(world.trees("web")[canary]).toBe("web:v1:x");
    expect(world.on("web", "v2")).toEqual([]);
  });

  it("does not take a candidate on trial for good when a label moved its site", () => {
    const app = withScope("failed", { variant: (labels) => labels["ring"] ?? "" });
    const world = settled(app);
    let isBad = false;
    world.behaviour = ({ tree, afterMs }) => {
      if (tree.startsWith("web:v2") && isBad) return "Degraded";
      return afterMs >= 1000 ? "Healthy" : "Progressing";
    };
    const slow = { ...app, strategy: { ...quick, soak: "60s", rollback: "failed" as const } };
    world.follow(fleet("v1", slow));
    world.follow(fleet("v2", slow));
    world.run(5);
    const canary = canaryOf(world);
    world.follow(fleet("v2", slow, { ...someSites(4), [canary]: { labels: { ring: "x" } } }));
    world.run(4);
    expect(world.trees("web")[canary]).toBe("web:v2:x");
    isBad = true;
    world.run(40);
    expect(world.trees("web")[canary]).toBe("web:v1");
    expect(world.good[canary]?.["web"]).toBe("web:v1");
  });

  it("waits where it would delete a protected object, and takes back the others", () => {
    const objects = ["_ConfigMap_web_main", "_Secret_x_vault", "_ConfigMap_web_new"];
    const app = {
      strategy: { ...quick, stages: [{ name: "all" }], rollback: "failed" as const },
    };
    const world = settled(app);
    world.isProtected = (object) => object.includes("vault");
    world.follow(fleet("v2", { ...app, objects }));
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(4);
    const [wait] = world.waitsOf("s1");
    expect(wait).toMatchObject({ code: "deletions" });
    expect(wait?.reason).toContain("vault is protected");
    expect(world.release("web").deletions.objects).toBe(8);

    const { id } = world.release("web");
    world.decide({ verb: "approve", app: "web", release: id, deletions: 8, why: "it is empty" });
    world.run(20);
    expect(world.on("web", "v1")).toHaveLength(4);
  });

  it("takes away what the release brought without asking", () => {
    const objects = ["_ConfigMap_web_main", "_ConfigMap_web_new"];
    const world = settled(withScope("failed"));
    world.follow(fleet("v2", withScope("failed", { objects })));
    world.run(30);
    expect(world.on("web", "v1")).toHaveLength(4);
    expect(world.release("web").deletions).toMatchObject({ objects: 1 });
  });

  it("does not create again what a removal has taken away", () => {
    const world = settled(withScope("all"));
    const places = (_: unknown, site: string): boolean => site !== "s1";
    world.behaviour = ({ tree }) => (tree === "web:v1" ? "Healthy" : "Degraded");
    world.follow(fleet("v1", withScope("all", { places })));
    world.offline.add("s1");
    world.run(40);
    expect(world.release("web", "removal").goingBack).toBeUndefined();
    expect(world.trees("web")["s1"] ?? "leaving").toBe("leaving");
  });

  it("takes apps back together that moved together, in one mirror commit", () => {
    const strategy = {
      ...quick,
      stages: [{ name: "canary", count: 1 }, { name: "rest" }],
      rollback: "failed" as const,
    };
    const shared = "_Service_x_shared";
    const head = (version: string, owner: "web" | "db"): WorldHead => ({
      sites: someSites(3),
      apps: {
        web: {
          version,
          strategy,
          objects: ["_ConfigMap_web_main", ...(owner === "web" ? [shared] : [])],
        },
        db: {
          version,
          strategy,
          objects: ["_ConfigMap_db_main", ...(owner === "db" ? [shared] : [])],
        },
      },
    });
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(head("v1", "web"));
    world.run(25);
    world.behaviour = ({ tree, afterMs }) => {
      if (tree === "db:v2") return "Degraded";
      return afterMs >= 1000 ? "Healthy" : "Progressing";
    };
    world.follow(head("v2", "db"));
    world.run(40);

    expect([...world.on("web", "v2"), ...world.on("db", "v2")]).toEqual([]);
    const last = world.story.at(-1)?.handOver;
    expect(last?.apps.map(({ app }) => app)).toEqual(["db", "web"]);
    expect(world.control.apps["web"]?.bad).toEqual(["v2"]);
    expect(world.control.apps["db"]?.bad).toEqual(["v2"]);
  });
});

describe("an operator", () => {
  const rollback = { verb: "rollback", app: "web", why: "alerts" } as const;

  /** v2 is well and at all sites, in a last stage that soaks. */
  function soaking(): PlannerWorld {
    const app = { strategy: { ...quick, soak: "60s", rollback: "none" as const } };
    const world = settled(withScope("none"));
    world.behaviour = ({ afterMs }) => (afterMs >= 1000 ? "Healthy" : "Progressing");
    world.follow(fleet("v1", app));
    world.follow(fleet("v2", app));
    world.run(70);
    expect(world.on("web", "v2")).toHaveLength(4);
    return world;
  }

  it("sends a release back from everywhere, also from stages that have passed; it is bad then", () => {
    const world = soaking();
    world.decide(rollback);
    world.run(10);
    expect(world.on("web", "v1")).toHaveLength(4);
    expect(world.control.apps["web"]).toMatchObject({ bad: ["v2"], current: { partial: [] } });
    expect(() => world.decide(rollback)).toThrow(/^conflict:/);
  });

  it("sends no more sites back at once than the stage allows when one comes to another region meanwhile", () => {
    const times = { minReady: "5s", progressDeadline: "60s", soak: "60s" };
    const strategy = { ...quick, ...times, maxInFlight: 1, stages: [{ name: "all" }] };
    const sites = someSites(3);
    const world = settled({ strategy }, sites);
    world.behaviour = ({ afterMs }) => (afterMs >= 1000 ? "Healthy" : "Progressing");
    world.follow(fleet("v2", { strategy }, sites));
    while (world.on("web", "v2").length < 3) world.run(1);
    world.run(10);
    world.decide(rollback);
    world.settle();
    const [next = ""] = world.on("web", "v2");
    world.follow(fleet("v2", { strategy }, { ...sites, [next]: { region: "us" } }));
    world.run(3);
    expect(world.hosts[next]).toBe("us");
    expect(world.on("web", "v1")).toHaveLength(1);
    world.run(30);
    expect(world.on("web", "v1")).toHaveLength(3);
  });

  it("sends back a stage, or a single site, which makes nothing bad", () => {
    const world = soaking();
    const [site = ""] = Object.entries(world.release("web").list).flatMap(([name, { stage }]) =>
      stage === 1 ? [name] : [],
    );
    world.decide({ ...rollback, site });
    world.run(5);
    expect(world.on("web", "v1")).toEqual([site]);
    expect(world.control.apps["web"]?.bad).toEqual([]);

    world.decide({ ...rollback, stage: "rest" });
    world.run(10);
    expect(world.on("web", "v2")).toHaveLength(1);
    expect(world.control.apps["web"]?.bad).toEqual(["v2"]);
  });

  it("brings it forward again by a retry, which forgives it", () => {
    const world = soaking();
    world.decide(rollback);
    world.run(10);
    world.decide({
      verb: "retry",
      app: "web",
      release: world.release("web").id,
      why: "was the DNS",
    });
    expect(world.control.apps["web"]?.bad).toEqual([]);
    world.run(200);
    expect(world.on("web", "v2")).toHaveLength(4);
    expect(world.open("web")).toBeUndefined();
  });

  it("is refused for a removal, for what is not there, and for what makes no sense", () => {
    const world = soaking();
    expect(() => world.decide({ ...rollback, site: "s9" })).toThrow(/^not-found:/);
    expect(() => world.decide({ ...rollback, stage: "moon" })).toThrow(/^not-found:/);
    expect(() => world.decide({ ...rollback, site: "s1", stage: "rest" })).toThrow(/^bad-request:/);
    expect(() => world.decide({ ...rollback, release: "web-9" })).toThrow(/^not-found:/);
    const { apps: _, ...gone } = fleet("v2", {});
    world.follow({ ...gone, apps: {} });
    expect(() => world.decide(rollback)).toThrow(/^conflict: .*what is gone does not come back/);
  });

  it("is told the way back from a release that is through", () => {
    const world = settled(withScope("failed"));
    expect(world.open("web")).toBeUndefined();
    const ask = (app: string): string => world.decide({ verb: "rollback", app, why: "slow" });
    expect(() => ask("web")).toThrow(
      "web has no open release; to go back from one that is through, name the release to go to: `flotilla rollout rollback web --to RELEASE --why TEXT`; `flotilla history web` lists them",
    );
    expect(() => ask("nothing")).toThrow(/no app "nothing" is on record; look at/);
  });

  it("takes one site back whose stage has passed, once, while a later stage is open", () => {
    const stages = [
      { name: "canary", count: 1 },
      { name: "rest", approval: true },
    ];
    const strategy = { ...quick, stages };
    const world = new PlannerWorld({ onPlan: checkPlan });
    const approve = (): void => {
      const release = world.release("web").id;
      world.decide({ verb: "approve", app: "web", release, stage: "rest", why: "it is good" });
    };
    world.follow(fleet("v1", { strategy }));
    world.run(5);
    approve();
    world.run(40);
    world.follow(fleet("v2", { strategy }));
    world.run(20);
    const [site = ""] = world.on("web", "v2");
    const { id, passed } = world.release("web");
    expect(Object.keys(passed)).toEqual(["canary"]);
    const before = world.story.length;
    world.decide({ verb: "rollback", app: "web", release: id, site, why: "it is slow there" });
    world.run(10);

    expect(world.trees("web")[site]).toBe("web:v1");
    expect(world.story.length - before).toBe(1);
  });

  it("is not through in the plan in which an operator's word takes one of its sites back", () => {
    let seconds = 0;
    for (const world = soaking(); world.open("web") !== undefined; seconds++) world.run(1);
    const world = soaking();
    world.run(seconds - 1);
    world.now += 1000;
    world.work();
    const { id, list } = world.release("web");
    const [site = ""] = Object.keys(list).filter((name) => list[name]?.stage === 0);
    world.decide({ ...rollback, site });
    world.step();
    expect(world.trees("web")[site]).toBe("web:v1");
    expect(world.control.apps["web"]?.open).toMatchObject([{ id, back: { [site]: {} } }]);
    world.run(1);
    expect(world.open("web")).toBeUndefined();
  });
});
