import { startReleases } from "../../../src/core/rollout/start-releases.ts";
import { describe, expect, it } from "vitest";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

const two = ["eu", "us"];

function settledWorld(
  count = 4,
  strategy = quick,
): { world: PlannerWorld; head: (version: string) => WorldHead } {
  const head = (version: string): WorldHead => ({
    sites: someSites(count, two),
    apps: { web: { version, strategy } },
  });
  const world = new PlannerWorld();
  world.follow(head("v1"));
  world.run(20);
  return { world, head };
}

describe("a site that is offline before its hand-over", () => {
  it("is excused without a slot, and catches up straight to what it is entitled to", () => {
    const { world, head } = settledWorld();
    world.offline.add("s3");
    world.work();
    world.follow(head("v2"));
    world.run(20);
    expect(world.open("web")).toBeUndefined();
    expect(world.on("web", "v1")).toEqual(["s3"]);
    expect(world.codes("s3")).toEqual(["offline"]);
    world.follow(head("v3"));
    world.run(20);

    world.offline.delete("s3");
    world.run(2);
    expect(world.on("web", "v3")).toHaveLength(4);
    expect(
      world.handed("web").filter((line) => line.startsWith("s3 ") && line !== "s3 -"),
    ).toHaveLength(1);
  });

  it("is handed over normally when it comes back while its stage is open", () => {
    const strategy = { ...quick, stages: [{ name: "all" }], soak: "20s" };
    const { world, head } = settledWorld(4, strategy);
    world.run(40);
    world.offline.add("s3");
    world.work();
    world.follow(head("v2"));
    world.run(5);
    world.offline.delete("s3");
    world.run(2);

    expect(world.release("web").handed).toHaveProperty("s3");
  });

  it("holds its stage when it is the only canary, until it is back or excused by name", () => {
    const strategy = {
      ...quick,
      stages: [{ name: "canary", selector: "site=s3" }, { name: "rest" }],
    };
    const { world, head } = settledWorld(4, strategy);
    world.offline.add("s3");
    world.work();
    world.follow(head("v2"));
    world.run(60);
    expect(world.codes(null)).toEqual(["no-success"]);
    expect(world.on("web", "v2")).toEqual([]);

    world.decide({ verb: "excuse", app: "web", site: "s3", why: "it is in the workshop" });
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(3);
  });

  it("is never excused while it is held: the hold keeps its stage open", () => {
    const { world, head } = settledWorld();
    world.decide({ verb: "pause", scope: { site: "s3" }, why: "audit" });
    world.offline.add("s3");
    world.work();
    world.follow(head("v2"));
    world.run(40);

    expect(world.open("web")).toBeDefined();
    expect(world.trees("web")["s3"]).toBe("web:v1");
  });
});

describe("a suspended site", () => {
  it("gets nothing, and catches up when it is not suspended any more", () => {
    const { world, head } = settledWorld();
    const suspended = { ...head("v2").sites, s3: { region: "eu", suspend: true } };
    world.follow({ ...head("v2"), sites: suspended });
    world.run(30);
    expect(world.on("web", "v1")).toEqual(["s3"]);
    expect(world.codes("s3")).toEqual(["suspended"]);

    world.follow(head("v2"));
    world.run(3);
    expect(world.on("web", "v2")).toHaveLength(4);
  });
});

describe("a site that falls silent after its hand-over", () => {
  it("keeps its slot and fails at its deadline", () => {
    const strategy = { ...quick, stages: [{ name: "all" }], maxInFlight: 1 };
    const { world, head } = settledWorld(4, strategy);
    world.run(40);
    world.behaviour = () => "Progressing";
    world.follow(head("v2"));
    world.settle();
    const [site = ""] = world.on("web", "v2");
    world.offline.add(site);
    world.run(5);
    expect(world.on("web", "v2")).toEqual([site]);
    expect(world.codes(site)).toEqual(["offline"]);
    world.run(10);

    expect(world.release("web").failed[site]?.cause).toContain("offline");
    expect(world.on("web", "v2")).toEqual([site]);
  });
});

describe("a silent worker in stage 2", () => {
  const strategy = {
    ...quick,
    stages: [{ name: "canary", selector: "site=s1" }, { name: "rest" }],
    maxInFlight: 1,
  };

  function inStageTwo(): PlannerWorld {
    const { world, head } = settledWorld(6, strategy);
    world.run(60);
    world.follow(head("v2"));
    world.run(6);
    expect(world.release("web").passed).toHaveProperty("canary");
    world.silence("us", true);
    world.settle();
    return world;
  }

  it("gets nothing, keeps its slots, and the stage does not close; the other region goes on", () => {
    const world = inStageTwo();
    const before = world.on("web", "v2").filter((site) => Number(site.slice(1)) % 2 === 0);
    world.run(120);

    expect(world.on("web", "v2").filter((site) => Number(site.slice(1)) % 2 === 0)).toEqual(before);
    expect(world.release("web").failed).toEqual({});
    expect(world.open("web")).toBeDefined();
    expect(world.plan.waits.some(({ code }) => code === "worker-silent")).toBe(true);
  });

  it("goes on where it was when it is back: its deadline stood still", () => {
    const world = inStageTwo();
    world.run(120);
    world.revive("us");
    world.run(30);

    expect(world.open("web")).toBeUndefined();
    expect(world.on("web", "v2")).toHaveLength(6);
  });

  it("is passed by when an operator excuses the region, and its sites catch up later", () => {
    const world = inStageTwo();
    world.run(30);
    world.decide({ verb: "excuse", region: "us", why: "the fibre is cut" });
    world.run(60);
    expect(world.open("web")).toBeUndefined();
    expect(world.control.workers["us"]?.excused?.by).toBe("ada");

    world.revive("us");
    world.run(30);
    expect(world.on("web", "v2")).toHaveLength(6);
    expect(world.control.workers["us"]?.excused).toBeUndefined();
  });
});

describe("the soak", () => {
  it("stands still while the worker of a settled site is silent", () => {
    const { world, head } = settledWorld(4, {
      ...quick,
      stages: [{ name: "canary", selector: "site=s1" }, { name: "rest" }],
      soak: "10s",
    });
    world.run(60);
    world.follow(head("v2"));
    world.run(5);
    expect(world.codes(null)).toEqual(["soak"]);
    world.silence("eu");
    world.run(60);
    expect(world.release("web").passed).toEqual({});
    expect(world.codes(null)).toEqual(["worker-silent"]);

    world.revive("eu");
    world.run(3);
    expect(world.release("web").passed).toEqual({});
    world.run(8);
    expect(world.release("web").passed).toHaveProperty("canary");
  });

  const site = { verb: "excuse", app: "web", site: "s1", why: "the fibre is cut" } as const;
  const region = { verb: "excuse", region: "eu", why: "the fibre is cut" } as const;

  it.each([
    { canary: "is well", words: [site, region] },
    { canary: "has failed", words: [site, region] },
    { canary: "has failed", words: [region, site] },
  ])("stands still no more when people excuse region and canary, which $canary", (story) => {
    const { world, head } = settledWorld(4, {
      ...quick,
      stages: [{ name: "canary", selector: "site=s1" }, { name: "rest" }],
      soak: "10s",
    });
    world.run(60);
    const isBroken = story.canary === "has failed";
    if (isBroken) world.behaviour = ({ tree }) => (tree === "web:v2" ? "Degraded" : "Healthy");
    world.follow(head("v2"));
    world.run(isBroken ? 14 : 5);
    expect(Object.keys(world.release("web").failed)).toEqual(isBroken ? ["s1"] : []);
    world.silence("eu", true);
    for (const word of story.words) {
      world.run(20);
      expect(world.release("web").passed).toEqual({});
      world.decide(word);
    }
    world.run(1);
    expect(world.release("web").passed).toHaveProperty("canary");
  });

  it("begins anew at the sites of the other regions when one is excused by name", () => {
    const { world, head } = settledWorld(4, {
      ...quick,
      stages: [{ name: "canary", selector: "site in (s1,s2)" }, { name: "rest" }],
      soak: "10s",
    });
    world.run(60);
    world.follow(head("v2"));
    world.run(5);
    world.silence("eu", true);
    world.run(60);
    world.decide(site);
    world.decide(region);
    world.run(8);
    expect(world.codes(null)).toEqual(["soak"]);
    world.run(4);
    expect(world.release("web").passed).toHaveProperty("canary");
  });
});

describe("a controller that is restarted", () => {
  it("passes no stage by that while one worker is down, in any stage", () => {
    for (const seconds of [0, 1, 2, 4, 6, 8, 10, 12]) {
      const { world, head } = settledWorld();
      world.follow(head("v2"));
      world.run(seconds);
      const before = JSON.stringify(world.control.apps["web"]?.open.map(({ passed }) => passed));

      // A new leader has heard nobody; then one worker reports, the other never does.
      world.observed = {};
      world.silence("eu");
      world.silence("us", true);
      world.settle();
      expect(JSON.stringify(world.control.apps["web"]?.open.map(({ passed }) => passed))).toBe(
        before,
      );
      world.revive("eu");
      const sitesOfUs = world.on("web", "v2").filter((site) => Number(site.slice(1)) % 2 === 0);
      world.run(60);
      expect(world.on("web", "v2").filter((site) => Number(site.slice(1)) % 2 === 0)).toEqual(
        sitesOfUs,
      );

      world.revive("us");
      world.run(60);
      expect(world.on("web", "v2")).toHaveLength(4);
      expect(world.open("web")).toBeUndefined();
    }
  });

  it("hands over again what was recorded and never written, without a second slot", () => {
    const { world, head } = settledWorld();
    world.follow(head("v2"));
    world.step({ dies: true });
    expect(world.on("web", "v2")).toEqual([]);
    expect(Object.keys(world.release("web").handed)).toHaveLength(1);
    world.now += 3_600_000;
    world.work();
    world.settle();

    expect(world.on("web", "v2")).toHaveLength(1);
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(4);
  });

  it("hands over again what the open list had recorded", () => {
    const { world, head } = settledWorld();
    world.follow({ ...head("v1"), sites: { ...head("v1").sites, s9: { region: "eu" } } });
    world.step({ dies: true });
    expect(world.trees("web")).not.toHaveProperty("s9");
    world.run(5);

    expect(world.trees("web")["s9"]).toBe("web:v1");
    expect(world.control.apps["web"]?.arrivals).toBeUndefined();
  });
});

describe("control that is lost", () => {
  it("holds everything", () => {
    const { world, head } = settledWorld();
    world.controlLost = "control is older than mirror eu";
    const plan = world.follow(head("v2"));
    world.step();

    expect(plan.changes).toEqual([]);
    expect(world.plan).toMatchObject({ changes: [], handOvers: [], siteMoves: [] });
    expect(world.codes(null)).toEqual(["control-lost"]);
  });
});

describe("control that was recovered from an older copy", () => {
  it("moves nothing until a head is followed: what it knows as current is older than what stands", () => {
    const { world, head } = settledWorld();
    const old = world.control;
    world.follow(head("v2"));
    world.run(40);
    const count = world.on("web", "v2").length;
    world.control = old;
    world.recoverControl();
    const before = world.story.length;
    world.run(20);
    expect(world.story).toHaveLength(before);
    expect(world.codes(null)).toEqual(["control-lost"]);

    world.follow(head("v3"));
    world.run(40);
    expect(world.on("web", "v3")).toHaveLength(count);
    const trees = world.story.slice(before).flatMap(({ handOver }) => handOver.apps);
    expect(trees.map(({ set }) => ("tree" in set ? set.tree : "")).toSorted()[0]).toBe("web:v3");
  });

  it("follows the head that it knows once more, and goes on", () => {
    const { world, head } = settledWorld();
    const again = head("v2");
    world.follow(again);
    world.run(40);
    world.recoverControl();
    world.now += 1000;
    const input = world.startInput(world.previous, {});
    const { changes } = startReleases(input);

    expect(changes.map(({ path }) => path)).toEqual(["head.json"]);
    expect(changes[0]?.record).toMatchObject({ commit: world.head, previous: world.previous });
    expect(changes[0]?.record).toMatchObject({ at: new Date(world.now).toISOString() });
  });
});

describe("a head that is followed after a recovery", () => {
  it("is later than that, also where the clock has gone back since: else nothing would ever move", () => {
    const { world, head } = settledWorld();
    world.recoverControl();
    const recovered = world.now;
    world.now -= 3_600_000;
    world.follow(head("v2"));
    expect(Date.parse(world.control.head?.at ?? "")).toBeGreaterThan(recovered);
  });

  it("is later than that, and so is each after it: else control would count as just recovered once more", () => {
    const { world, head } = settledWorld();
    world.recoverControl();
    const recovered = world.now;
    world.follow(head("v2"));
    world.now -= 3_600_000;
    world.follow(head("v3"));
    expect(Date.parse(world.control.head?.at ?? "")).toBeGreaterThan(recovered);
  });
});

describe("a soak", () => {
  it("that a later site begins anew does not end while the worker of an earlier one is silent", () => {
    const strategy = {
      ...quick,
      stages: [{ name: "canary", selector: "site in (a,b)" }, { name: "rest" }],
      soak: "4s",
      progressDeadline: "60s",
    };
    const head = (version: string): WorldHead => ({
      sites: { a: { region: "eu" }, b: { region: "us" }, c: { region: "us" } },
      apps: { web: { version, strategy } },
    });
    const world = new PlannerWorld();
    world.follow(head("v1"));
    world.run(20);
    world.behaviour = ({ site, tree, afterMs }) => {
      if (tree !== "web:v2") return "Healthy";
      if (site === "b") return afterMs > 12_000 ? "Healthy" : "Progressing";
      return afterMs < 8000 ? "Healthy" : "Degraded";
    };
    world.follow(head("v2"));
    world.run(7);
    world.silence("eu");
    world.run(30);
    expect(world.codes(null)).toEqual(["worker-silent"]);
    expect(world.trees("web")["c"]).toBe("web:v1");

    world.revive("eu");
    world.run(5);
    expect(Object.keys(world.release("web").failed)).toEqual(["a"]);
    expect(world.trees("web")["c"]).toBe("web:v1");
  });
});

describe("what ends the wait for a silent worker", () => {
  const ends = (world: PlannerWorld, site: string): string[] =>
    world.waitsOf(site).flatMap(({ code, endsWhen }) => (code === "worker-silent" ? endsWhen : []));

  it("is, where no stage waits, only its return: a site that joins is not served by an excuse", () => {
    const placed = (count: number): WorldHead => ({
      sites: someSites(count),
      apps: { web: { version: "v1" } },
    });
    const world = new PlannerWorld();
    world.follow(placed(3));
    world.run(30);
    world.silence("eu");
    world.follow(placed(4));
    world.run(2);
    expect(ends(world, "s4")).toEqual(["it reports again"]);
    world.decide({ verb: "excuse", region: "eu", why: "flood" });
    world.run(2);
    expect(ends(world, "s4")).toEqual(["it reports again"]);
    expect(world.on("web", "v1")).not.toContain("s4");
  });

  it("is only its return for a site that is to go back, too", () => {
    const { world, head } = settledWorld(4, { ...quick, stages: [{ name: "all" }], soak: "60s" });
    world.follow(head("v2"));
    world.run(20);
    world.silence("us");
    world.run(5);
    const { id } = world.release("web");
    const site = "s2";
    world.decide({ verb: "rollback", app: "web", release: id, site, why: "odd" });
    world.run(2);
    expect(ends(world, site)).toEqual(["it reports again"]);
  });
});
