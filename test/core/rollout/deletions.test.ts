import { describe, expect, it } from "vitest";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

const sites = someSites(4);
const all = Object.keys(sites);
const data = "_PersistentVolumeClaim_x_data";
const keeps: WorldHead["apps"][string] = { version: "v1", objects: ["_Service_x_api", data] };
const drops: WorldHead["apps"][string] = { version: "v2", objects: ["_Service_x_api"] };
const plain: WorldHead["apps"][string] = { version: "v1", objects: ["_Service_x_web"] };
const takes: WorldHead["apps"][string] = { version: "v2", objects: ["_Service_x_web", data] };
const slow = { ...quick, soak: "60s" };

/** A fleet on which api has the data, and where it is deleted only with consent. */
function running(apps: WorldHead["apps"] = { api: keeps, web: plain }): PlannerWorld {
  const world = new PlannerWorld();
  world.isProtected = (object) => object === data;
  world.follow({ sites, apps });
  world.run(140);
  return world;
}

/** Sites at which some app has the data. */
function withData(world: PlannerWorld): string[] {
  const has = (tree: string): boolean => world.input().objectsOf(tree).has(data);
  return Object.keys(world.mirrors)
    .toSorted()
    .filter((site) =>
      Object.values(world.mirrors[site] ?? {}).some((entry) => "tree" in entry && has(entry.tree)),
    );
}

describe("an object that another app was to take over", () => {
  it("waits for that app where it comes by the open list, also when the list is held", () => {
    const isOdd = (labels: Readonly<Record<string, string>>): boolean => labels["web"] === "yes";
    const web = { ...takes, places: isOdd };
    const labelled = { ...sites, s4: { labels: { web: "yes" } } };
    const strategy = { ...quick, stages: [{ name: "all" }] };
    const world = running({ api: { ...keeps, strategy }, web });
    world.follow({ sites: labelled, apps: { api: { ...keeps, strategy }, web } });
    world.decide({ verb: "pause", scope: { app: "web" }, all: true, why: "not now" });
    world.settle();
    expect(world.on("web", "v2")).toEqual([]);
    // nothing at s1 to s3 takes it there
    world.follow({ sites: labelled, apps: { api: { ...drops, strategy }, web } });
    world.decide({
      verb: "approve",
      app: "api",
      release: world.release("api").id,
      deletions: 3,
      why: "only s1 to s3 lose it",
    });
    world.run(40);

    expect(withData(world)).toEqual(["s4"]);
    expect(world.on("api", "v1")).toEqual(["s4"]);
    expect(world.waitsOf("s4", "api")[0]?.reason).toContain("api moves together with web");
    world.decide({ verb: "resume", scope: { app: "web" }, why: "now" });
    const before = world.story.length;
    world.run(40);
    expect(world.trees("web")).toEqual({ s4: "web:v2" });
    expect(world.on("api", "v2")).toHaveLength(4);
    const both = world.story.slice(before).map(({ handOver }) => handOver.apps.length);
    expect(both).toContain(2);
  });

  it("and is reverted before it came is deleted only with an approval", () => {
    const world = running();
    world.follow({ sites, apps: { api: drops, web: takes } });
    expect(world.release("api").deletions.objects).toBe(0);
    world.follow({ sites, apps: { api: drops, web: plain } });
    world.run(40);

    expect(withData(world)).toHaveLength(4);
    expect(world.codes(null, "api")).toEqual(["deletions"]);
    const { id, deletions } = world.release("api");
    expect(deletions).toMatchObject({ objects: 4, needsApproval: expect.stringContaining("data") });
    world.decide({ verb: "approve", app: "api", release: id, deletions: 4, why: "empty anyway" });
    world.run(40);
    expect(withData(world)).toEqual([]);
  });

  it("and is superseded by a version without it is deleted only with an approval", () => {
    const world = running({ api: { ...keeps, strategy: slow }, web: plain });
    world.follow({ sites, apps: { api: { ...drops, strategy: slow }, web: takes } });
    world.run(5);
    const moved = world.on("api", "v2");
    expect(moved).toHaveLength(1);
    const api = { ...drops, strategy: slow };
    world.follow({ sites, apps: { api, web: { ...plain, version: "v3" } } });
    world.run(200);

    expect(withData(world)).toHaveLength(4);
    const counts = [world.release("api"), world.release("web")].map(
      ({ deletions }) => deletions.objects,
    );
    expect(counts).toEqual([3, 1]);
  });

  it("and is excused at a site stays there until both go, and is no deletion", () => {
    const world = running();
    world.follow({ sites, apps: { api: drops, web: { ...takes, strategy: slow } } });
    world.settle();
    const waiting = Object.keys(sites).find((site) => !world.on("api", "v2").includes(site)) ?? "";
    const { id } = world.release("web");
    world.decide({ verb: "excuse", app: "web", release: id, site: waiting, why: "no disk" });
    world.settle();
    expect(world.release("api").excused[waiting]).toMatchObject({ with: id });
    world.run(40);

    expect(withData(world)).toHaveLength(4);
    expect([world.open("api"), world.open("web")]).toEqual([undefined, undefined]);
    expect([world.on("api", "v2"), world.on("web", "v2")]).toEqual([all, all]);
    expect(world.story.at(-1)?.handOver).toMatchObject({
      site: waiting,
      apps: [{ app: "api" }, { app: "web" }],
    });
  });

  it("and is refused as bad is deleted only with an approval", () => {
    const world = running();
    const { web, api } = world.control.apps;
    if (web === undefined || api === undefined) throw new Error("web and api are there");
    world.control = { ...world.control, apps: { api, web: { ...web, bad: ["v2"] } } };
    world.follow({ sites, apps: { api: drops, web: takes } });
    world.run(40);

    expect(withData(world)).toHaveLength(4);
    expect(world.release("api").deletions.objects).toBe(4);
  });

  it("and loses the site by a label change is deleted there only with an approval", () => {
    const places = (labels: Readonly<Record<string, string>>): boolean => labels["web"] !== "no";
    const world = running({ api: keeps, web: { ...plain, places } });
    const apps = { api: { ...drops, strategy: slow }, web: { ...takes, places } };
    world.follow({ sites, apps });
    world.settle();
    const waiting = Object.keys(sites).find((site) => !world.on("api", "v2").includes(site)) ?? "";
    world.follow({ sites: { ...sites, [waiting]: { labels: { web: "no" } } }, apps });
    world.run(200);

    expect(withData(world)).toHaveLength(4);
    expect(world.codes(null, "api")).toEqual(["deletions"]);
  });

  it("and that was approved for fewer objects is asked for again when there are more", () => {
    const world = running({
      api: { ...keeps, objects: [...(keeps.objects ?? []), "_Secret_x_s"] },
      web: plain,
    });
    world.isProtected = () => false;
    world.follow({
      sites,
      apps: { api: { ...keeps, version: "v0" }, web: plain },
      deletionBudget: { objects: 0, percent: 0 },
    });
    world.follow({
      sites,
      apps: { api: drops, web: takes },
      deletionBudget: { objects: 0, percent: 0 },
    });
    const { id, deletions } = world.release("api");
    expect(deletions.objects).toBe(4);
    world.decide({ verb: "approve", app: "api", release: id, deletions: 4, why: "old secrets" });
    world.decide({ verb: "pause", scope: { fleet: true }, why: "wait" });
    world.follow({
      sites,
      apps: { api: drops, web: plain },
      deletionBudget: { objects: 0, percent: 0 },
    });
    world.decide({ verb: "resume", scope: { fleet: true }, why: "go" });
    world.run(40);

    expect(withData(world)).toHaveLength(4);
    expect(world.release("api").deletions.objects).toBe(8);
  });
});

describe("the open list", () => {
  it("brings a site that was away what it missed, deletions that were counted and approved included", () => {
    const world = running({ api: keeps });
    world.offline.add("s3");
    world.run(2);
    world.follow({ sites, apps: { api: drops } });
    const { id } = world.release("api");
    world.decide({ verb: "approve", app: "api", release: id, deletions: 4, why: "known" });
    world.run(40);
    expect(world.open("api")).toBeUndefined();
    expect(withData(world)).toEqual(["s3"]);
    world.offline.clear();
    world.run(20);

    expect(world.on("api", "v2")).toHaveLength(4);
    expect(world.control.apps["api"]?.arrivals).toBeUndefined();
  });

  it("moves two apps that swapped objects while a site was away in one commit there", () => {
    const world = running({
      api: { version: "v1", objects: ["_Service_x_a", data] },
      web: { version: "v1", objects: ["_Service_x_w", "_PersistentVolumeClaim_x_other"] },
    });
    world.isProtected = (object) => object.includes("PersistentVolumeClaim");
    world.offline.add("s3");
    world.run(2);
    world.follow({
      sites,
      apps: {
        api: { version: "v2", objects: ["_Service_x_a", "_PersistentVolumeClaim_x_other"] },
        web: { version: "v2", objects: ["_Service_x_w", data] },
      },
    });
    world.run(40);
    const before = world.story.length;
    world.offline.clear();
    world.run(20);

    const back = world.story.slice(before).map(({ handOver }) => handOver);
    expect(back.map(({ site, apps }) => [site, apps.length])).toEqual([["s3", 2]]);
  });

  it("never deletes what no release has counted, until an operator says so", () => {
    const world = running({ api: { ...drops, version: "v1", strategy: slow } });
    world.follow({ sites, apps: { api: { ...keeps, version: "v2", strategy: slow } } });
    world.run(5);
    const [canary = ""] = world.on("api", "v2");
    // control is an older copy now: it does not know of the candidate
    const { api } = world.control.apps;
    if (api === undefined) throw new Error("api is there");
    world.control = { ...world.control, apps: { api: { ...api, open: [] } } };
    world.run(10);

    expect(withData(world)).toEqual([canary]);
    expect(world.codes(canary, "api")).toEqual(["deletions"]);
    const asked = { app: "api", release: "open-list", what: "deletions", value: "1" };
    expect(world.plan.waits.flatMap(({ needs }) => needs ?? [])).toEqual([asked]);
    const approve = { verb: "approve", app: "api", release: "open-list", why: "x" } as const;
    expect(() => world.decide({ ...approve, deletions: 2 })).toThrow("1 deletion,");
    world.decide({ ...approve, deletions: 1 });
    world.run(10);
    expect(withData(world)).toEqual([]);
    expect(world.control.apps["api"]?.arrivals).toBeUndefined();
  });
});

describe("a marker that lets an app go", () => {
  it("is carried out before the app comes back with fewer objects: nothing of it is deleted", () => {
    const api = { ...keeps, onRemoval: "orphan" as const };
    const world = running({ api, web: plain });
    world.isProtected = () => false;
    world.follow({ sites, apps: { web: plain } });
    world.step(); // the first marker is written, and no worker has seen it
    const [left = ""] = Object.keys(world.trees("api")).filter(
      (site) => world.trees("api")[site] === "leaving",
    );
    const strategy = { ...quick, stages: [{ name: "all" }] };
    const back = { ...drops, strategy };
    world.follow({ sites, apps: { api: { ...back, version: "v3" }, web: plain } });
    world.follow({ sites, apps: { api: { ...back, version: "v4" }, web: plain } });
    world.settle();
    expect(world.on("api", "v4")).toHaveLength(3);
    expect(world.trees("api")[left]).toBe("leaving");
    world.run(60);
    expect(world.on("api", "v4")).toHaveLength(4);
  });
});

describe("an object that says that it is kept", () => {
  it("is no deletion where its app drops it or leaves, and asks for no word", () => {
    const world = running();
    world.isKept = (object, tree) => object === data && tree === "api:v1";
    world.follow({ sites, apps: { api: drops, web: plain } });
    expect(world.release("api").deletions.objects).toBe(0);
    world.run(140);
    expect(world.on("api", "v2")).toHaveLength(4);
  });

  it("is one at a site that has not come to the tree that says so", () => {
    const strategy = { ...quick, stages: [{ name: "all" }], failureBudget: "100%" };
    const world = running({ api: { ...keeps, strategy }, web: plain });
    world.isKept = (object, tree) => object === data && tree === "api:says";
    world.follow({ sites, apps: { api: { ...keeps, version: "says", strategy }, web: plain } });
    world.settle();
    expect(world.on("api", "says")).toHaveLength(4);
    world.offline.add("s3");
    world.run(140);
    world.follow({ sites, apps: { api: { ...drops, strategy }, web: plain } });
    expect(world.release("api").deletions).toMatchObject({ objects: 1, protected: [data] });
    world.offline.delete("s3");
    world.run(60);
    expect(world.on("api", "v2")).toEqual([]);
  });

  it("is one where the tree that stands does not say so", () => {
    const world = running();
    world.isKept = (_object, tree) => tree === "api:v2";
    world.follow({ sites, apps: { api: drops, web: plain } });
    expect(world.release("api").deletions).toMatchObject({ objects: 4, protected: [data] });
    world.run(60);
    expect(world.on("api", "v2")).toEqual([]);
  });
});

describe("an object that is made anew", () => {
  const service = "_Service_x_api";
  const next: WorldHead["apps"][string] = { ...keeps, version: "v2" };
  const digests = (v1: string, v2: string) => (tree: string) =>
    tree.startsWith("web") ? {} : { [service]: tree === "api:v1" ? v1 : v2 };

  it("is counted as a deletion where the release changes what cannot be changed, and nowhere else", () => {
    const world = running();
    world.madeAnew = digests("one", "two");
    const deletionBudget = { objects: 3, percent: 100 };
    world.follow({ sites, apps: { api: keeps, web: plain }, deletionBudget });
    world.follow({ sites, apps: { api: next, web: plain }, deletionBudget });
    expect(world.release("api").deletions.objects).toBe(4);
    expect(world.release("api").deletions.needsApproval).toContain("its budget is 3");
    world.run(60);
    expect(world.on("api", "v2")).toEqual([]);
    world.madeAnew = digests("one", "one");
    world.follow({ sites, apps: { api: { ...next, version: "v3" }, web: plain } });
    world.run(140);
    expect(world.on("api", "v3")).toHaveLength(4);
  });

  it("is counted where nothing is known of the version that comes", () => {
    const world = running();
    world.madeAnew = (tree) => (tree === "api:v1" ? { [service]: "one" } : null);
    world.follow({ sites, apps: { api: next, web: plain } });
    expect(world.release("api").deletions.objects).toBe(4);
  });

  it("goes back with a bad release without another word", () => {
    const strategy = { ...quick, stages: [{ name: "all" }], rollback: "all" as const };
    const world = running({ api: { ...keeps, strategy }, web: plain });
    world.madeAnew = digests("one", "two");
    world.behaviour = ({ tree }) => (tree === "api:v2" ? "Degraded" : "Healthy");
    world.follow({ sites, apps: { api: { ...next, strategy }, web: plain } });
    expect(world.release("api").deletions).toEqual({ objects: 4 });
    world.run(400);
    expect(world.on("api", "v1")).toHaveLength(4);
    expect(JSON.stringify(world.story)).toContain("api:v2");
  });
});

describe("a site that two apps have missed", () => {
  it("grants no deletion of what another app takes over at a site that both have missed", () => {
    const claim = "_PersistentVolumeClaim_x_data";
    const strategy = { ...quick, stages: [{ name: "all" }] };
    const world = new PlannerWorld();
    world.isProtected = (object) => object === claim;
    // The giver's name comes before the taker's.
    const head = (giver: string[], taker: string[], version: string): WorldHead => ({
      sites: someSites(3),
      deletionBudget: { objects: 0, percent: 0 },
      apps: {
        api: { version, strategy, objects: ["_Service_x_api", ...giver] },
        web: { version, strategy, objects: ["_Service_x_web", ...taker] },
      },
    });
    world.follow(head([claim], [], "v1"));
    world.run(30);
    world.offline.add("s3");
    world.run(2);
    world.follow(head([], [claim], "v2"));
    world.run(60);
    expect(world.control.apps["api"]?.open).toEqual([]);
    expect(world.control.apps["api"]?.arrivals?.granted).toBeUndefined();

    // A newer head takes it out of the app that was to have it: that asks, wherever it stands.
    world.follow(head([], [], "v3"));
    world.run(3);
    world.offline.delete("s3");
    world.run(20);
    expect(world.trees("api")["s3"]).toBe("api:v1");
    expect(world.plan.waits).toContainEqual(
      expect.objectContaining({ app: "api", site: "s3", code: "deletions" }),
    );
  });
});
