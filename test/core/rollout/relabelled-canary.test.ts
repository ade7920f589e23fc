/** A site whose labels change while a version that turns out to be bad is on trial there. */
import { describe, expect, it } from "vitest";
import { checkPlan } from "../../support/planner-invariants.ts";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

type Scope = "failed" | "stage";

const fleet = (
  version: string,
  { rollback = "failed", red = [] }: { rollback?: Scope; red?: readonly string[] } = {},
): WorldHead => {
  const sites = Object.entries(someSites(4)).map(([site, spec]) => [
    site,
    red.includes(site) ? { ...spec, labels: { colour: "red" } } : spec,
  ]);
  const variant = ({ colour = "" }: Readonly<Record<string, string>>): string => colour;
  const stages = [{ name: "canary", count: 2, maxInFlight: 2 }, { name: "rest" }];
  const web = { version, variant, strategy: { ...quick, stages, rollback } };
  // entries of a record of sites
  return { sites: Object.fromEntries(sites) as WorldHead["sites"], apps: { web } };
};

/** v2 is at both canaries, and breaks at those that `breaks` says. */
function onTrial(breaks: (site: string) => boolean): { world: PlannerWorld; canaries: string[] } {
  const world = new PlannerWorld({ onPlan: checkPlan });
  world.follow(fleet("v1"));
  world.run(30);
  world.behaviour = ({ tree, site, afterMs }) => {
    if (tree.startsWith("web:v2") && breaks(site)) return "Degraded";
    return afterMs >= 1000 ? "Healthy" : "Progressing";
  };
  world.follow(fleet("v2"));
  world.run(3);
  const canaries = world.on("web", "v2");
  expect(canaries).toHaveLength(2);
  return { world, canaries };
}

describe("a label change where a version is on trial that goes back", () => {
  it("follows to what is current there, and never brings that version again", () => {
    const { world, canaries } = onTrial(() => true);
    const [canary = ""] = canaries;
    const before = world.story.length;
    world.follow(fleet("v2", { red: [canary] }));
    world.run(60);
    expect(world.trees("web")[canary]).toBe("web:v1:red");
    expect(world.on("web", "v1")).toHaveLength(4);
    const steps = world.story
      .slice(before)
      .flatMap(({ handOver: { site, apps } }) =>
        apps.map(({ set }) => `${site} ${"tree" in set ? set.tree : ""}`),
      );
    expect(steps.filter((step) => step.includes("v2"))).toEqual([]);
    expect(world.open("web", "site")).toBeUndefined();
  });

  it("brings nothing more of it where it stays", () => {
    let broken = "";
    const { world, canaries } = onTrial((site) => site === broken);
    const [canary = "", other = ""] = canaries;
    broken = other;
    world.decide({ verb: "pause", scope: { site: canary }, why: "wait" });
    world.follow(fleet("v2", { red: [canary] }));
    world.run(20);
    expect(world.release("web").goingBack?.scope).toBe("failed");
    world.decide({ verb: "resume", scope: { site: canary }, why: "go on" });
    world.run(30);
    expect(world.trees("web")).toMatchObject({ [canary]: "web:v2", [other]: "web:v1" });
    expect(world.open("web", "site")).toBeUndefined();
  });

  it("waits for no return where a revert goes back at whose site nothing else is good", () => {
    const world = new PlannerWorld({ onPlan: checkPlan });
    const stage = { rollback: "stage" } as const;
    world.follow(fleet("v1", stage));
    world.run(30);
    let [sick, breaking] = ["", ""];
    world.behaviour = ({ tree, site, afterMs }) => {
      if (site === sick || (tree.startsWith("web:v1") && site === breaking)) return "Degraded";
      return afterMs >= 1000 ? "Healthy" : "Progressing";
    };
    world.follow(fleet("v2", stage));
    world.settle();
    const canaries = world.on("web", "v2");
    [sick = "", breaking = ""] = canaries;
    world.run(3);
    world.follow(fleet("v1", stage));
    world.run(2);
    world.follow(fleet("v1", { ...stage, red: canaries.slice(0, 1) }));
    world.run(30);
    expect(world.release("web").goingBack).toBeDefined();
    sick = "";
    world.run(30);
    const [site = ""] = canaries;
    expect(world.waitsOf(site).map(({ code }) => code)).not.toContain("rolling-back");
    expect(world.step().changes).toEqual([]);
    world.follow(fleet("v3", { ...stage, red: [site] }));
    world.run(60);
    expect(world.trees("web")[site]).toBe("web:v3:red");
  });
});
