import { describe, expect, it } from "vitest";
import { replacedObjects } from "../../../src/core/rollout/replaced-objects.ts";
import { PlannerWorld, quick, someSites } from "../../support/planner-world.ts";

const sites = someSites(4);
const deletionBudget = { objects: 3, percent: 100 };
const strategy = { ...quick, stages: [{ name: "all" }] };
const job = (hash: string): string => `batch_Job_x_migrate-${hash}`;
const web = (version: string, ...objects: string[]) => ({
  web: { version, strategy, objects: ["_Service_x_web", ...objects] },
});

/** A fleet in which a version is followed by another one. */
function from(before: readonly string[], after: readonly string[]): PlannerWorld {
  const world = new PlannerWorld();
  world.isProtected = (object) => object.endsWith("-ffffffff");
  world.follow({ sites, deletionBudget, apps: web("v1", ...before) });
  world.run(100);
  world.follow({ sites, deletionBudget, apps: web("v2", ...after) });
  world.run(100);
  return world;
}

describe("an object that goes because its content has another name", () => {
  it.each([
    [[job("0a1b2c3d")], [job("99999999")]],
    [["_ConfigMap_x_settings-2456789bcd"], ["_ConfigMap_x_settings-fghkmt2456"]],
    [["_Secret_x_s-2456789bcd"], ["_Secret_x_s-fghkmt2456"]],
    [
      [job("0a1b2c3d"), job("1a1b2c3d")],
      [job("2a1b2c3d"), job("3a1b2c3d")],
    ],
  ])("%j is no deletion where %j comes: it needs no approval", (before, after) => {
    const world = from(before, after);
    expect(world.on("web", "v2")).toHaveLength(4);
    expect(world.codes(null, "web")).toEqual([]);
  });

  it.each([
    ["nothing comes", [job("0a1b2c3d")], []],
    ["another one comes", [job("0a1b2c3d")], ["batch_Job_x_seed-99999999"]],
    ["it comes elsewhere", [job("0a1b2c3d")], ["batch_Job_y_migrate-99999999"]],
    ["what comes was there", [job("0a1b2c3d"), job("1a1b2c3d")], [job("1a1b2c3d")]],
    ["it has no hash", ["batch_Job_x_migrate-v1"], ["batch_Job_x_migrate-v2"]],
    ["it is no hash", ["_ConfigMap_x_a-0a1b2c3d4e"], ["_ConfigMap_x_a-9a1b2c3d4e"]],
    ["it is of a kind with more in it", ["_Service_x_a-0a1b2c3d"], ["_Service_x_a-99999999"]],
    ["it is protected", [job("ffffffff")], [job("99999999")]],
  ])("waits for an approval where %s", (_, before, after) => {
    const world = from(before, after);
    expect(world.on("web", "v2")).toEqual([]);
    expect(world.codes(null, "web")).toEqual(["deletions"]);
    expect(world.release("web").deletions.objects).toBe(4);
  });

  it("is one for each that comes", () => {
    const [a, b, c] = [job("0a1b2c3d"), job("1a1b2c3d"), job("2a1b2c3d")];
    expect([...replacedObjects([b, a], [c])]).toEqual([a]);
    expect(from([a, b], [c]).release("web").deletions.objects).toBe(4);
  });

  it("is none either where a release goes back; where the app leaves, it is", () => {
    const world = new PlannerWorld();
    const failing = { ...strategy, rollback: "stage" as const };
    const versions = (version: string, hash: string) => ({
      web: { version, strategy: failing, objects: ["_Service_x_web", job(hash)] },
    });
    world.follow({ sites, deletionBudget, apps: versions("v1", "0a1b2c3d") });
    world.run(100);
    world.behaviour = ({ tree }) => (tree.startsWith("web:v2") ? "Degraded" : "Healthy");
    world.follow({ sites, deletionBudget, apps: versions("v2", "99999999") });
    world.run(300);
    expect(world.on("web", "v1")).toHaveLength(4);
    expect(world.codes(null, "web")).not.toContain("deletions");
    world.follow({ sites, deletionBudget, apps: {} });
    world.run(100);
    expect(world.control.apps["web"]?.open.map(({ deletions }) => deletions.objects)).toEqual([8]);
  });
});
