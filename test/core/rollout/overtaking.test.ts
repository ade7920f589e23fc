import { describe, expect, it } from "vitest";
import { PlannerWorld, quick, type WorldHead } from "../../support/planner-world.ts";

describe("a site release beside a candidate", () => {
  /** `lite` sites have web v2 without its claim, which is protected. */
  const head = (version: string, labels: Record<string, string>): WorldHead => ({
    sites: { s1: {}, s2: { labels } },
    apps: {
      web: {
        version,
        strategy: {
          ...quick,
          stages: [
            { name: "canary", selector: "site=s2" },
            { name: "rest", approval: true },
          ],
        },
        objects: ["_ConfigMap_x_web", "_PersistentVolumeClaim_x_db"],
        variant: ({ mode }) => (version === "v2" && mode === "lite" ? "lite" : ""),
        variantObjects: { lite: ["_ConfigMap_x_web"] },
      },
    },
  });

  function approveRest(world: PlannerWorld): PlannerWorld {
    const release = world.release("web").id;
    world.decide({ verb: "approve", app: "web", release, stage: "rest", why: "looked at" });
    return world.run(10);
  }

  it("stays, with its approval, when the candidate had its site before it began", () => {
    const world = new PlannerWorld();
    world.isProtected = (object) => object.includes("PersistentVolumeClaim");
    world.follow(head("v1", {}));
    world.run(10);
    approveRest(world);
    world.follow(head("v2", {}));
    world.run(10);
    expect(world.trees("web")).toEqual({ s1: "web:v1", s2: "web:v2" });

    world.follow(head("v2", { mode: "lite" }));
    approveRest(world);

    expect(world.trees("web")).toEqual({ s1: "web:v2", s2: "web:v2" });
    const { id, deletions } = world.release("web", "site");
    expect(deletions.objects).toBe(1);
    world.decide({ verb: "approve", app: "web", release: id, deletions: 1, why: "it is empty" });
    world.run(10);
    expect(world.trees("web")).toEqual({ s1: "web:v2", s2: "web:v2:lite" });
  });

  it("does not make the candidate delete more at a waiting site than was approved", () => {
    const world = new PlannerWorld();
    world.isProtected = (object) => object.includes("PersistentVolumeClaim");
    const late = (version: string, labels: Record<string, string>): WorldHead => ({
      ...head(version, {}),
      sites: { s1: { labels }, s2: {} },
    });
    world.follow(late("v1", {}));
    world.run(10);
    approveRest(world);
    world.follow(late("v2", {}));
    world.run(10);

    world.follow(late("v2", { mode: "lite" }));
    approveRest(world);
    expect(world.trees("web")).toEqual({ s1: "web:v1", s2: "web:v2" });
    expect(world.codes(null)).toEqual(["deletions"]);
    const { id } = world.release("web");
    world.decide({ verb: "approve", app: "web", release: id, deletions: 1, why: "it is empty" });
    world.run(10);
    expect(world.trees("web")).toEqual({ s1: "web:v2:lite", s2: "web:v2" });
  });

  it("takes a slot of the candidate's stage where it moves one of its sites on", () => {
    const head = (version: string, mode: string): WorldHead => ({
      sites: { s1: { labels: { mode } }, s2: { labels: { mode } } },
      apps: {
        web: {
          version,
          strategy: { ...quick, stages: [{ name: "all" }], maxInFlight: 1 },
          variant: (labels) => labels["mode"] ?? "",
        },
      },
    });
    const world = new PlannerWorld();
    world.follow(head("v1", "plain"));
    world.run(10);
    world.follow(head("v2", "plain"));
    world.step();
    const first = world.on("web", "v2");
    expect(first).toHaveLength(1);
    world.follow({
      ...head("v2", "plain"),
      sites: {
        ...head("v2", "plain").sites,
        ...Object.fromEntries(first.map((site) => [site, { labels: { mode: "lite" } }])),
      },
    });

    let most = 0;
    for (let second = 0; second < 20; second += 1) {
      world.run(1);
      most = Math.max(
        most,
        ...world.progress().flatMap(({ stages }) => stages.map(({ inFlight }) => inFlight)),
      );
    }
    expect(most).toBe(1);
    expect(Object.values(world.trees("web")).toSorted()).toEqual(["web:v2:lite", "web:v2:plain"]);
  });
});
