import { describe, expect, it } from "vitest";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

const regions = ["us", "ap", "eu"];

function head(version: string, edit: Partial<typeof quick> = {}): WorldHead {
  const strategy = { ...quick, stages: [{ name: "region", each: "region" }], ...edit };
  return { sites: someSites(6, regions), apps: { web: { version, strategy } } };
}

function settled(): PlannerWorld {
  const world = new PlannerWorld();
  world.follow(head("v1"));
  return world.run(40);
}

/** Regions in which some site is on a version. */
function regionsOn(world: PlannerWorld, version: string): string[] {
  const facts = world.facts(world.head);
  return [
    ...new Set(world.on("web", version).map((site) => facts.get(site)?.region ?? "")),
  ].toSorted();
}

describe("a stage for each region", () => {
  it("brings a release to one region after the other", () => {
    const world = settled();
    world.follow(head("v2"));
    const order: string[][] = [];
    for (let second = 0; second < 40; second += 1) {
      world.run(1);
      const there = regionsOn(world, "v2");
      if (order.at(-1)?.length !== there.length) order.push(there);
    }
    expect(order).toEqual([["ap"], ["ap", "eu"], ["ap", "eu", "us"]]);
    expect(world.open("web")).toBeUndefined();
  });

  it("keeps a bad release in the first region", () => {
    const world = settled();
    world.behaviour = ({ tree, afterMs }) =>
      tree === "web:v2" || afterMs < 1000 ? "Progressing" : "Healthy";
    world.follow(head("v2"));
    world.run(60);
    expect(regionsOn(world, "v2")).toEqual(["ap"]);
    const [stopped, ...others] = world.waitsOf(null, "web");
    expect([stopped?.stage, stopped?.code, others]).toEqual(["region-ap", "failure-budget", []]);
  });

  it("is held in every region by its own name, and in one by that one's", () => {
    const world = settled();
    const scope = { app: "web", stage: "region" };
    world.decide({ verb: "pause", scope, why: "none" });
    world.decide({ verb: "pause", scope: { app: "web", stage: "region-eu" }, why: "not there" });
    world.follow(head("v2"));
    world.run(40);
    expect(regionsOn(world, "v2")).toEqual([]);
    world.decide({ verb: "resume", scope, why: "go on" });
    world.run(40);
    expect(regionsOn(world, "v2")).toEqual(["ap"]);
  });

  it("takes the numbers of a later commit in every region", () => {
    const world = settled();
    world.follow(head("v2", { soak: "1h" }));
    world.run(5);
    expect(world.release("web").stages.map(({ soakMs }) => soakMs)).toEqual([
      2000, 2000, 2000, 2000,
    ]);
    world.follow(head("v2", { soak: "3s" }));
    expect(world.release("web").stages.map(({ soakMs }) => soakMs)).toEqual([
      3000, 3000, 3000, 3000,
    ]);
  });

  it("gives a site that joins a passed zone what its zone has", () => {
    const zones = (version: string, more: WorldHead["sites"] = {}): WorldHead => ({
      sites: { s1: { labels: { zone: "a" } }, s2: { labels: { zone: "b" } }, ...more },
      apps: {
        web: {
          version,
          strategy: {
            ...quick,
            stages: [
              { name: "zone", each: "zone", promotion: "manual" },
              { name: "others", approval: true },
            ],
          },
        },
      },
    });
    const world = new PlannerWorld();
    const promote = (): void => {
      world.run(5);
      world.decide({ verb: "promote", app: "web", why: "looked at" });
      world.run(2);
    };
    world.follow(zones("v1"));
    promote();
    promote();
    expect(world.open("web")).toBeUndefined();
    world.follow(zones("v2"));
    promote();
    world.follow(zones("v2", { s3: { labels: { zone: "a" } }, s4: { labels: { zone: "b" } } }));
    world.run(3);
    expect(world.trees("web")).toMatchObject({ s1: "web:v2", s3: "web:v2", s4: "web:v1" });
  });
});
