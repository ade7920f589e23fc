import { describe, expect, it } from "vitest";
import { applyChanges } from "../../support/control-state.ts";
import { PlannerWorld, someSites, type WorldHead } from "../../support/planner-world.ts";

const apps: WorldHead["apps"] = { web: { version: "v1" }, till: { version: "v1" } };
const all = someSites(4);
const { s2, ...others } = all;
const leaver = { ...s2, decommission: true };

/** Four sites that are in sync, of which s2 says that its apps leave it when it is removed. */
function settled(head: Partial<WorldHead> = {}): PlannerWorld {
  const world = new PlannerWorld();
  world.follow({ sites: { ...others, s2: leaver }, apps, ...head });
  world.run(20);
  const record = { mirror: "eu", uid: "u-2" };
  world.control = applyChanges(world.control, [{ path: "sites/s2.json", record, why: "as told" }]);
  return world;
}

function markers(world: PlannerWorld): string[] {
  return ["web", "till"].filter((app) => world.trees(app)["s2"] === "leaving");
}

/** Apps that were ever to leave it. */
function markersHanded({ story }: PlannerWorld): string[] {
  return story.flatMap(({ handOver: { site, apps: steps } }) =>
    site === "s2" ? steps.flatMap(({ app, set }) => ("leaving" in set ? [app] : [])) : [],
  );
}

describe("a site that is removed from the fleet with decommission: delete", () => {
  it("loses its apps by removal releases, and is forgotten then; no other site loses anything", () => {
    const world = settled();
    const before = [world.trees("web"), world.trees("till")];
    world.follow({ sites: others, apps });
    expect(world.control.sites["s2"]?.leaving).toMatchObject({ facts: { mirror: "eu" } });
    world.settle();
    expect(markers(world)).toEqual(["web", "till"]);
    expect(world.release("web", "removal")).toMatchObject({ verb: "delete", list: { s2: {} } });
    world.run(20);

    expect(world.control.sites["s2"]).toBeUndefined();
    expect(world.hosts["s2"]).toBeUndefined();
    expect(world.open("web", "removal")).toBeUndefined();
    for (const trees of before) delete trees["s2"];
    expect([world.trees("web"), world.trees("till")]).toEqual(before);
  });

  it("is forgotten, and keeps what it has, where only the commit that removes it says so, or none does", () => {
    const world = new PlannerWorld();
    world.follow({ sites: all, apps });
    world.run(20);
    world.follow({ sites: others, apps });
    world.run(20);
    expect(
      world.story.some(({ handOver }) => handOver.apps.some(({ set }) => "leaving" in set)),
    ).toBe(false);
    expect(world.control.sites["s2"]?.moving?.forgotten).toBeDefined();
  });

  it("waits for consent where more goes than the head before allows", () => {
    const world = settled({ deletionBudget: { objects: 0, percent: 100 } });
    world.follow({ sites: others, apps });
    world.run(60);
    expect(markers(world)).toEqual([]);
    expect(world.trees("web")["s2"]).toBe("web:v1");
    for (const app of ["web", "till"]) {
      const { id, deletions } = world.release(app, "removal");
      expect(deletions.needsApproval).toBeDefined();
      world.decide({ verb: "approve", app, release: id, deletions: deletions.objects, why: "yes" });
    }
    world.run(20);
    expect(world.control.sites["s2"]).toBeUndefined();
  });

  it("keeps its apps where it is back before they have left, and gets them back where one has", () => {
    const world = settled();
    world.offline.add("s2");
    world.follow({ sites: others, apps });
    world.run(5);
    world.follow({ sites: { ...others, s2: leaver }, apps });
    world.offline.delete("s2");
    world.run(30);
    expect(world.control.sites["s2"]).toEqual({ mirror: "eu", uid: "u-2" });
    expect([world.trees("web")["s2"], world.trees("till")["s2"]]).toEqual(["web:v1", "till:v1"]);
  });

  it("stays, with its reason told, while its cluster does not answer, until somebody forgets it as it is", () => {
    const world = settled();
    world.offline.add("s2");
    world.follow({ sites: others, apps });
    world.run(4000);
    expect(world.control.sites["s2"]?.leaving).toBeDefined();
    expect(() => world.decide({ verb: "excuse", site: "s2", uid: "u-3", why: "gone" })).toThrow(
      "u-3 is not the cluster of s2",
    );
    world.decide({ verb: "excuse", site: "s2", uid: "u-2", why: "its cluster is gone" });
    world.run(20);
    expect(world.control.sites["s2"]?.leaving).toBeUndefined();
    expect(world.control.sites["s2"]?.moving?.forgotten).toBeDefined();
    expect(world.hosts["s2"]).toBeUndefined();
    expect(world.open("web", "removal")).toBeUndefined();
  });

  it("goes with the apps that leave the fleet by the same commit, and by the word of each app", () => {
    const world = settled({
      sites: { ...others, s2: leaver },
      apps: { ...apps, till: { version: "v1", onRemoval: "orphan" } },
    });
    world.follow({ sites: others, apps: { web: { version: "v1" } } });
    world.run(40);
    expect(world.control.sites["s2"]).toBeUndefined();
    expect(world.trees("till")).toEqual({});
    const verbs = world.story.flatMap(({ handOver }) =>
      handOver.apps.flatMap(({ app, set }) =>
        handOver.site === "s2" && "leaving" in set ? [`${app} ${set.leaving.verb}`] : [],
      ),
    );
    expect(verbs.toSorted()).toEqual(["till orphan", "web delete"]);
  });

  it("waits for a move that is under way, and leaves from where it comes to", () => {
    const world = settled();
    world.silence("eu");
    world.follow({ sites: { ...others, s2: { ...leaver, region: "us" } }, apps });
    world.run(5);
    world.follow({ sites: others, apps });
    world.run(5);
    expect(world.control.sites["s2"]?.moving).toBeDefined();
    world.revive("eu");
    world.run(40);
    expect(world.control.sites["s2"]).toBeUndefined();
    expect(world.trees("web")["s2"]).toBeUndefined();
  });

  it("is not forgotten while its mirror may lack what its worker has", () => {
    const world = settled();
    world.offline.add("s2");
    world.follow({ sites: others, apps });
    world.run(5);
    delete world.mirrors["s2"];
    world.awaited.add("eu");
    world.run(5);
    expect(world.control.sites["s2"]?.leaving).toBeDefined();
  });

  it("is forgotten where a head had it back without that word, however quickly the next one follows", () => {
    const world = settled();
    world.follow({ sites: others, apps });
    world.follow({ sites: all, apps });
    world.follow({ sites: others, apps });
    world.run(20);
    expect(markersHanded(world)).toEqual([]);
    expect(world.control.sites["s2"]?.moving?.forgotten).toBeDefined();
    expect(world.given["s2"]).toEqual({ web: "web:v1", till: "till:v1" });
  });

  it("is forgotten where a commit that no pass followed had it back without that word", () => {
    const world = settled();
    world.offline.add("s2");
    world.follow({ sites: others, apps });
    expect(world.control.sites["s2"]?.leaving).toBeDefined();
    world.skipped = { verbs: new Map(), back: new Map(), kept: new Set(["s2"]) };
    world.follow({ sites: others, apps });
    expect(world.control.sites["s2"]?.leaving).toBeUndefined();
    expect(world.open("web", "removal")).toBeUndefined();
    world.offline.delete("s2");
    world.run(20);
    expect(markersHanded(world)).toEqual([]);
    expect(world.control.sites["s2"]?.moving?.forgotten).toBeDefined();
  });

  it("does not begin to leave where a commit that no pass followed takes that word back", () => {
    const world = settled();
    world.skipped = { verbs: new Map(), back: new Map(), kept: new Set(["s2"]) };
    world.follow({ sites: others, apps });
    world.run(20);
    expect(markersHanded(world)).toEqual([]);
    expect(world.control.sites["s2"]?.moving?.forgotten).toBeDefined();
  });

  it("is forgotten where control was recovered: what was said last is not known then", () => {
    const world = settled();
    world.recoverControl();
    world.follow({ sites: others, apps });
    world.run(20);
    expect(markersHanded(world)).toEqual([]);
    expect(world.control.sites["s2"]?.moving?.forgotten).toBeDefined();
  });

  it("is forgotten also where the control that was recovered has it leave", () => {
    const world = settled();
    world.offline.add("s2");
    world.follow({ sites: others, apps });
    world.recoverControl();
    world.follow({ sites: others, apps });
    world.offline.delete("s2");
    world.run(20);
    expect(markersHanded(world)).toEqual([]);
    expect(world.control.sites["s2"]?.moving?.forgotten).toBeDefined();
  });

  it("is the site that it was where it is back in another region, with what had been leaving it", () => {
    const world = settled();
    world.offline.add("s2");
    world.follow({ sites: others, apps });
    world.run(5);
    expect(markers(world)).toEqual(["web", "till"]);
    const newer = { ...apps, web: { version: "v2" } };
    world.follow({ sites: { ...others, s2: { ...leaver, region: "us" } }, apps: newer });
    world.run(5);
    world.offline.delete("s2");
    world.run(60);
    expect([world.trees("web")["s2"], world.trees("till")["s2"]]).toEqual(["web:v2", "till:v1"]);
    expect(world.control.sites["s2"]).toEqual({ mirror: "us", uid: "u-2" });
  });

  it("holds up no release that was on its way to it", () => {
    const world = settled();
    world.offline.add("s2");
    world.follow({ sites: { ...others, s2: leaver }, apps: { ...apps, web: { version: "v2" } } });
    world.run(5);
    world.follow({ sites: others, apps: { ...apps, web: { version: "v2" } } });
    world.run(5);
    world.follow({ sites: others, apps: { ...apps, web: { version: "v3" } } });
    world.run(50);
    expect(world.open("web")).toBeUndefined();
    expect(world.trees("web")).toMatchObject({ s1: "web:v3", s3: "web:v3", s4: "web:v3" });
    world.offline.delete("s2");
    world.run(20);
    expect(world.control.sites["s2"]).toBeUndefined();
  });
});
