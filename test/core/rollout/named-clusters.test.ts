/** `excuse --site S --uid UID`: an operator says which cluster a site has, and may be wrong. */
import { describe, expect, it } from "vitest";
import { PlannerWorld, someSites, type WorldHead } from "../../support/planner-world.ts";

const web: WorldHead["apps"] = { web: { version: "v1" } };
const sites = someSites(3);

function running(): PlannerWorld {
  const world = new PlannerWorld();
  world.follow({ sites, apps: web });
  return world.run(20);
}

function say(world: PlannerWorld, site: string, uid: string): string {
  return world.decide({ verb: "excuse", site, uid, why: "its rack burnt" });
}

/** Its worker has told its cluster. */
function told(world: PlannerWorld, site: string, uid: string): void {
  const known = world.control.sites[site] ?? { mirror: "eu" };
  world.control = {
    ...world.control,
    sites: { ...world.control.sites, [site]: { ...known, uid } },
  };
}

describe("a UID that an operator names", () => {
  it("is corrected by another word, while the site's worker has not told its cluster", () => {
    const world = running();
    say(world, "s1", "typo");
    expect(world.control.sites["s1"]).toEqual({ mirror: "eu", formerUid: "typo" });
    say(world, "s1", "u-1");
    expect(world.control.sites["s1"]).toEqual({ mirror: "eu", formerUid: "u-1" });
  });

  it("is corrected while the site moves, and when it has moved by that word", () => {
    const world = running();
    world.silence("eu", true);
    world.follow({ sites: { ...sites, s2: { region: "us" } }, apps: web });
    world.run(5);
    say(world, "s2", "typo");
    say(world, "s2", "tipo");
    world.run(5);
    expect(world.control.sites["s2"]).toEqual({ mirror: "us", formerUid: "tipo" });
    say(world, "s2", "u-2");
    expect(world.control.sites["s2"]).toEqual({ mirror: "us", formerUid: "u-2" });
  });

  it("is refused where the worker has told it, with both cases in which one is asked for", () => {
    const world = running();
    told(world, "s1", "u-1");
    expect(() => say(world, "s1", "u-1")).toThrow(
      "nobody asks for the cluster of s1; a UID is named where a site waits for its old worker, or where its worker has not told",
    );
  });

  it("is refused where another site has that cluster, or may have it by such a word", () => {
    const world = running();
    told(world, "s1", "u-1");
    expect(() => say(world, "s2", "u-1")).toThrow("u-1 is the cluster of s1");
    say(world, "s2", "u-3");
    expect(() => say(world, "s3", "u-3")).toThrow(
      "u-3 is the cluster of s2; a cluster is one site's; where s2 has another one, name that first",
    );
    say(world, "s2", "u-2");
    say(world, "s3", "u-3");
    expect(world.control.sites["s3"]).toEqual({ mirror: "eu", formerUid: "u-3" });
  });

  it("takes the cluster from no site whose worker has told it, where control has it for two", () => {
    const world = running();
    told(world, "s1", "u-1");
    told(world, "s2", "u-1");
    world.silence("eu", true);
    world.follow({ sites: { ...sites, s2: { region: "us" } }, apps: web });
    world.run(5);
    say(world, "s2", "u-1");
    expect(world.control.sites["s1"]).toEqual({ mirror: "eu", uid: "u-1" });
  });
});
