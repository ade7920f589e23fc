/** A version that stays on a share of the fleet until somebody promotes it, and holds that let one release through. */
import { describe, expect, it } from "vitest";
import {
  PlannerWorld,
  quick,
  someSites,
  type WorldApp,
  type WorldHead,
} from "../../support/planner-world.ts";
import { checkPlan } from "../../support/planner-invariants.ts";

type Stages = NonNullable<NonNullable<WorldApp["strategy"]>["stages"]>;

const staged = (stages: Stages, soak = "2s"): WorldApp["strategy"] => ({ ...quick, stages, soak });
const fleet = (version: string, strategy: WorldApp["strategy"] = quick): WorldHead => ({
  sites: someSites(4),
  apps: { web: { version, ...(strategy === undefined ? {} : { strategy }) } },
});

/** A fleet on v1 that has just begun v2 by this strategy. */
function begun(strategy: WorldApp["strategy"], seconds = 30): PlannerWorld {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow(fleet("v1"));
  world.run(30);
  world.follow(fleet("v1", strategy));
  world.run(2);
  world.follow(fleet("v2", strategy));
  world.run(seconds);
  return world;
}

const why = "looks good";
const manual = staged([{ name: "canary", count: 1, promotion: "manual" }, { name: "rest" }]);

describe("a stage that is promoted by hand", () => {
  it("keeps the version on its share of the fleet for as long as wanted, and says what ends that", () => {
    const world = begun(manual, 600);
    expect(world.on("web", "v2")).toHaveLength(1);
    const { id } = world.release("web");
    expect(world.plan.waits.find(({ site }) => site === null)).toMatchObject({
      code: "promotion",
      endsWhen: `an operator promotes stage canary of ${id}`,
      needs: { what: "promotion", value: "canary", release: id, app: "web" },
    });
    expect(world.decide({ verb: "promote", app: "web", why })).toMatch(
      /^promoted stage canary of /,
    );
    world.run(30);
    expect(world.on("web", "v2")).toHaveLength(4);
  });

  it("soaks no more once its soak is over: it waits", () => {
    const stages: Stages = [{ name: "canary", count: 1, promotion: "manual" }, { name: "rest" }];
    const world = begun(staged(stages, "60s"), 30);
    const state = (): string | undefined => world.progress()[0]?.state;
    expect(world.codes(null)).toEqual(["soak"]);
    expect(state()).toBe("soaking");
    world.run(60);
    expect(world.codes(null)).toEqual(["promotion"]);
    expect(state()).toBe("waiting");
    world.decide({ verb: "promote", app: "web", why });
    world.run(30);
    expect(world.codes(null)).toEqual(["soak"]);
    expect(state()).toBe("soaking");
  });

  it("does not fail for what breaks after its soak, but passes only with a site that is well", () => {
    const world = begun(
      staged([{ name: "share", count: 2, promotion: "manual" }, { name: "rest" }]),
      60,
    );
    const share = world.on("web", "v2");
    expect(share).toHaveLength(2);
    world.offline.add(share[0] ?? "");
    world.run(5);
    world.offline.clear();
    world.run(5);
    expect(world.release("web").failed).toEqual({});
    const [down, works] = [new Set(share), world.behaviour];
    world.behaviour = (at) => (down.has(at.site) ? "Degraded" : works(at));
    world.run(30);
    world.decide({ verb: "promote", app: "web", why });
    world.run(10);
    expect(world.codes(null)).toEqual(["no-success"]);
    down.delete(share[1] ?? "");
    world.run(30);
    expect(world.on("web", "v2")).toHaveLength(4);
    expect(world.control.apps["web"]?.bad).toEqual([]);
  });

  it("does not pass by a site of which the worker says after its soak that it is on a mix of two versions", () => {
    const world = begun(manual, 60);
    const [canary = ""] = world.on("web", "v2");
    world.isRefused = (site) => site === canary;
    world.run(5);
    expect(world.observed[canary]?.apps["web"]).toMatchObject({ tree: null, health: "Healthy" });
    world.decide({ verb: "promote", app: "web", why });
    world.run(10);
    expect(world.codes(null)).toEqual(["no-success"]);
    expect(world.on("web", "v2")).toEqual([canary]);
    expect(world.release("web").failed).toEqual({});
    world.isRefused = () => false;
    world.run(30);
    expect(world.on("web", "v2")).toHaveLength(4);
  });

  it("fails for what breaks before its soak is over, also under a hold", () => {
    const world = begun(staged([{ name: "canary", count: 1 }, { name: "rest" }], "60s"), 3);
    world.decide({ verb: "pause", scope: { app: "web" }, why });
    world.run(30);
    const [canary = ""] = world.on("web", "v2");
    world.offline.add(canary);
    world.run(2);
    expect(Object.keys(world.release("web").failed)).toEqual([canary]);
  });

  it("begins its soak anew where a site is retried, for the others too", () => {
    const share = { name: "share", count: 2, failureBudget: 1, promotion: "manual" as const };
    const world = begun(staged([share, { name: "rest" }], "30s"), 0);
    const works = world.behaviour;
    let broken = "";
    world.behaviour = (at) => {
      if (at.tree === "web:v2" && broken === "") broken = at.site;
      return at.tree === "web:v2" && at.site === broken ? "Degraded" : works(at);
    };
    world.run(90);
    const [other = ""] = world.on("web", "v2").filter((site) => site !== broken);
    expect(world.release("web").handed[other]?.soaked).toBeDefined();
    world.behaviour = works;
    world.decide({ verb: "retry", app: "web", release: world.release("web").id, why });
    world.run(10);
    world.offline.add(other);
    world.run(3);
    expect(Object.keys(world.release("web").failed)).toEqual([other]);
  });

  it("gives way to a newer version, which waits in the same stage", () => {
    const world = begun(manual, 60);
    world.decide({ verb: "promote", app: "web", stage: "canary", why });
    world.follow(fleet("v3", manual));
    world.run(120);
    expect(world.on("web", "v3")).toHaveLength(1);
    expect(world.on("web", "v2")).toHaveLength(0);
  });
});

describe("promote", () => {
  it("ends a soak", () => {
    const world = begun(staged([{ name: "canary", count: 1 }, { name: "rest" }], "1h"));
    expect(world.on("web", "v2")).toHaveLength(1);
    expect(world.codes(null)).toEqual(["soak"]);
    world.decide({ verb: "promote", app: "web", why });
    world.run(10);
    expect(world.on("web", "v2")).toHaveLength(4);
  });

  it("opens a stage that waits for an approval, and its soak still counts", () => {
    const world = begun(
      staged([{ name: "canary", count: 1, approval: true }, { name: "rest" }], "1h"),
    );
    expect(world.on("web", "v2")).toHaveLength(0);
    world.decide({ verb: "promote", app: "web", why });
    world.run(30);
    expect(world.on("web", "v2")).toHaveLength(1);
    expect(world.codes(null)).toEqual(["soak"]);
  });

  it("ends no failure budget, no hold and no silence", () => {
    const failing = begun(manual, 0);
    failing.behaviour = ({ tree }) => (tree.startsWith("web:v2") ? "Degraded" : "Healthy");
    failing.decide({ verb: "promote", app: "web", why });
    failing.run(60);
    expect(failing.on("web", "v2")).toHaveLength(1);
    expect(failing.codes(null)).toEqual(["failure-budget"]);

    const held = begun(manual, 60);
    held.decide({ verb: "pause", scope: { app: "web" }, why });
    held.decide({ verb: "promote", app: "web", why });
    held.run(60);
    expect(held.on("web", "v2")).toHaveLength(1);

    const long = [{ name: "canary", count: 1 }, { name: "rest" }];
    const silent = begun(staged(long, "1h"), 20);
    const [canary = ""] = silent.on("web", "v2");
    silent.silence(silent.hosts[canary] ?? "");
    silent.decide({ verb: "promote", app: "web", why });
    silent.run(60);
    expect(silent.on("web", "v2")).toEqual([canary]);
    expect(silent.codes(null)).toEqual(["worker-silent"]);
  });

  it("is refused where nothing waits for it, with what there is", () => {
    const world = begun(manual, 60);
    const promote = (more: object): string =>
      world.decide({ verb: "promote", app: "web", why, ...more });
    expect(() => promote({ app: "db" })).toThrow(/^not-found: /);
    expect(() => promote({ release: "web-none" })).toThrow(/^not-found: .*open: web-/);
    expect(() => promote({ stage: "canari" })).toThrow(/^not-found: .*its stages: canary, rest/);
    expect(() => promote({ stage: "rest" })).toThrow(/^conflict: .*it is at stage canary/);
    promote({});
    expect(() => promote({})).toThrow(/^conflict: .*promoted already/);
  });
});

describe("a hold at a release", () => {
  it("lets that release through all its stages, and no newer one anywhere", () => {
    const world = begun(quick, 4);
    const { id } = world.release("web");
    const hold = { scope: { app: "web" }, release: id, why } as const;
    expect(world.decide({ verb: "pause", ...hold })).toBe(`paused app web, at ${id}`);
    world.run(30);
    expect(world.on("web", "v2")).toHaveLength(4);
    world.follow(fleet("v3"));
    world.run(30);
    expect(world.on("web", "v2")).toHaveLength(4);
    expect(world.plan.waits[0]).toMatchObject({
      code: "held",
      reason: `held by ada (app web, at ${id}): looks good`,
    });
    expect(() => world.decide({ verb: "resume", scope: { app: "web" }, why })).toThrow(
      `holds: app web, at ${id}`,
    );
    world.decide({ verb: "resume", ...hold });
    world.run(30);
    expect(world.on("web", "v3")).toHaveLength(4);
  });

  it("names a release of the app that is current or under way", () => {
    const world = begun(quick, 60);
    const pause = (scope: object, release: string): string =>
      world.decide({ verb: "pause", scope, release, why });
    const id = world.control.apps["web"]?.current.release?.id ?? "";
    expect(() => pause({ app: "web" }, "web-none")).toThrow(`they are ${id}`);
    expect(() => pause({ site: "s0" }, id)).toThrow(/^bad-request: /);
    expect(() => pause({ app: "db" }, id)).toThrow(/^not-found: /);
    expect(pause({ app: "web" }, id)).toContain(id);
  });
});
