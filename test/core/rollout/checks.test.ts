import { describe, expect, it } from "vitest";
import type { Checks } from "../../../src/core/model/kinds/checks.ts";
import {
  PlannerWorld,
  quick,
  someSites,
  type WorldApp,
  type WorldHead,
} from "../../support/planner-world.ts";

type Strategy = NonNullable<WorldApp["strategy"]>;
const oneStage: Strategy = { ...quick, stages: [{ name: "all" }] };

interface Story {
  readonly count?: number;
  readonly strategy?: Strategy;
  readonly labels?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A fleet that has `web:v1` and `db:v1` everywhere, and its next commits. */
function someFleet({ count = 3, strategy = oneStage, labels = {} }: Story = {}) {
  const sites = Object.fromEntries(
    Object.entries(someSites(count)).map(([site, spec]) => [
      site,
      { ...spec, labels: labels[site] ?? {} },
    ]),
  );
  const head = (version: string, checks?: Checks): WorldHead => ({
    sites,
    apps: {
      db: { version: "v1", strategy },
      web: { version, strategy, ...(checks === undefined ? {} : { checks }) },
    },
  });
  const world = new PlannerWorld();
  world.follow(head("v1"));
  world.run(20);
  return { world, head };
}

const before = (...checks: NonNullable<Checks["before"]>): Checks => ({ before: checks });
const after = (...checks: NonNullable<Checks["after"]>): Checks => ({ after: checks });
const isGold = { name: "gold", cel: 'has(site.labels.tier) && site.labels.tier == "gold"' };

describe("a check before, of one site", () => {
  it("keeps the sites where it is not true, says which check it is and what ends that", () => {
    const { world, head } = someFleet({ labels: { s2: { tier: "gold" } } });
    world.follow(head("v2", before({ ...isGold, message: "only gold sites may have it" })));
    world.run(30);

    expect(world.on("web", "v2")).toEqual(["s2"]);
    expect(world.waitsOf("s1", "web")).toEqual([
      expect.objectContaining({
        code: "check",
        reason: "check gold is not true: only gold sites may have it",
        endsWhen: `\`${isGold.cel}\` is true, or a later commit changes the check`,
      }),
    ]);
  });

  it("takes no slot: others go on", () => {
    const labels = { s3: { tier: "gold" } };
    const { world, head } = someFleet({ labels, strategy: { ...oneStage, maxInFlight: 1 } });
    world.follow(head("v2", before(isGold)));
    world.run(5);

    expect(world.on("web", "v2")).toEqual(["s3"]);
    expect(world.progress()[0]?.stages[0]).toMatchObject({ waiting: 2, inFlight: 0, done: 1 });
  });

  it("opens by itself when it has become true: another app there is healthy again", () => {
    const { world, head } = someFleet();
    let isDown = true;
    world.behaviour = ({ app, site }) =>
      app === "db" && site === "s1" && isDown ? "Degraded" : "Healthy";
    world.run(2);
    world.follow(head("v2", before({ name: "db", cel: '"db" in apps && apps.db.healthy' })));
    world.run(5);
    expect(world.on("web", "v2")).toEqual(["s2", "s3"]);

    isDown = false;
    world.run(5);
    expect(world.on("web", "v2")).toEqual(["s1", "s2", "s3"]);
  });

  it("asks nothing of an app that has left, though its worker still tells so", () => {
    const { world, head } = someFleet();
    const cel = 'apps.all(name, apps[name].healthy) && !("db" in apps)';
    const web = (version: string, checks?: Checks): WorldHead => {
      const { db: _, ...apps } = head(version, checks).apps;
      return { ...head(version), apps };
    };
    world.follow(web("v1"));
    world.run(20);
    world.follow(web("v2", { ...before({ name: "all", cel }), ...after({ name: "all", cel }) }));
    world.run(20);

    expect(world.on("web", "v2")).toEqual(["s1", "s2", "s3"]);
  });

  it("that cannot be evaluated blocks, and says where it fails", () => {
    const { world, head } = someFleet({ labels: { s1: { tier: "gold" } } });
    world.follow(head("v2", before({ name: "gold", cel: 'site.labels.tier == "gold"' })));
    world.run(30);

    expect(world.on("web", "v2")).toEqual(["s1"]);
    expect(world.waitsOf("s2", "web")[0]?.reason).toBe(
      "check gold cannot be evaluated (field not found: tier, at character 12)",
    );
  });

  it("may ask which Kubernetes a site has told to be: where nobody has told, it waits", () => {
    const cel = 'site.kubernetesVersion.matches("^v1[.](29|3[0-9])[.]")';
    const { world, head } = someFleet();
    Object.assign(world.versions, { s1: "v1.30.2", s2: "v1.28.9+k3s1" });
    world.follow(head("v2", before({ name: "kubernetes", cel })));
    world.run(30);

    expect(world.on("web", "v2")).toEqual(["s1"]);
    expect(world.waitsOf("s2", "web")[0]?.reason).toBe("check kubernetes is not true");
    expect(world.waitsOf("s3", "web")[0]?.reason).toMatch(
      /^check kubernetes cannot be evaluated \(field not found: kubernetesVersion/,
    );
    world.versions["s2"] = "v1.29.0";
    world.run(10);
    expect(world.on("web", "v2")).toEqual(["s1", "s2"]);
    // Whatever becomes of it, nothing begins or ends by itself.
    world.follow(head("v2", before({ name: "told", cel: "has(site.kubernetesVersion)" })));
    world.run(10);
    expect(world.on("web", "v2")).toEqual(["s1", "s2"]);
  });

  it("may wait for counts of its stage: gold sites come last", () => {
    const cel = 'site.labels.site != "s1" || stage.done >= 2';
    const { world, head } = someFleet();
    world.follow(head("v2", before({ name: "last", cel })));
    world.settle();
    expect(world.on("web", "v2")).toEqual(["s2", "s3"]);
    world.run(5);
    expect(world.on("web", "v2")).toEqual(["s1", "s2", "s3"]);
  });

  it("counts what the same plan has handed over already", () => {
    const { world, head } = someFleet({ count: 6 });
    world.follow(head("v2", before({ name: "two", cel: "stage.inFlight < 2" })));
    world.settle();

    expect(world.on("web", "v2")).toHaveLength(2);
  });

  it("holds for sites that join, too", () => {
    const { world, head } = someFleet({ count: 2 });
    const guarded = head("v1", before(isGold));
    world.follow(guarded);
    world.run(5);
    const sites = { ...guarded.sites, s8: {}, s9: { labels: { tier: "gold" } } };
    world.follow({ ...guarded, sites });
    world.run(10);

    expect(Object.keys(world.trees("web"))).toEqual(["s1", "s2", "s9"]);
    expect(world.codes("s8", "web")).toEqual(["check"]);
  });
});

describe("a check before, of the stage", () => {
  it("keeps the stage shut until it is true", () => {
    const { world, head } = someFleet({ strategy: quick });
    let isDown = true;
    world.behaviour = ({ app }) => (app === "db" && isDown ? "Degraded" : "Healthy");
    world.run(2);
    const cel = 'stage.name != "rest" || overall.healthyShare > 0.9';
    world.behaviour = ({ app, site }) =>
      app === "web" && site !== world.on("web", "v2")[0] && isDown ? "Degraded" : "Healthy";
    world.run(2);
    world.follow(head("v2", before({ name: "fleet-well", cel })));
    world.run(20);

    expect(world.on("web", "v2")).toHaveLength(1);
    expect(world.waitsOf(null, "web")).toEqual([
      expect.objectContaining({
        code: "check",
        stage: "rest",
        reason: "check fleet-well is not true",
      }),
    ]);
    isDown = false;
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(3);
  });
});

describe("a check after, of one site", () => {
  const dbWell = after({ name: "db-well", cel: "apps.db.healthy", message: "look at db" });

  it("true after some time: the site is done only then, and the soak counts from there", () => {
    const { world, head } = someFleet({ count: 1, strategy: { ...oneStage, soak: "4s" } });
    const start = world.now;
    world.behaviour = ({ app }) =>
      app === "db" && world.now < start + 6000 ? "Degraded" : "Healthy";
    world.run(1);
    world.follow(head("v2", dbWell));
    world.run(4);
    expect(world.waitsOf("s1", "web")).toEqual([
      expect.objectContaining({
        code: "check",
        reason: "in flight: check db-well is not true: look at db",
      }),
    ]);
    expect(world.progress()[0]?.stages[0]).toMatchObject({ inFlight: 1, done: 0 });

    world.run(3);
    expect(world.release("web").handed["s1"]?.met).toBe(new Date(start + 6000).toISOString());
    expect(world.codes(null, "web")).toEqual(["soak"]);
    world.run(3);
    expect(world.open("web")).toBeUndefined();
  });

  it("not true at the deadline: the site failed, and the cause names the check", () => {
    const { world, head } = someFleet();
    world.behaviour = ({ app, site }) => (app === "db" && site === "s2" ? "Degraded" : "Healthy");
    world.run(1);
    world.follow(head("v2", dbWell));
    world.run(15);

    expect(world.release("web").failed).toMatchObject({
      s2: { cause: "check db-well is not true: look at db, at its deadline" },
    });
    expect(Object.keys(world.release("web").failed)).toEqual(["s2"]);
  });

  it("and the site goes back as after any failure", () => {
    const { world, head } = someFleet({ strategy: { ...oneStage, rollback: "failed" } });
    world.behaviour = ({ app, site }) => (app === "db" && site === "s2" ? "Degraded" : "Healthy");
    world.run(1);
    world.follow(head("v2", dbWell));
    world.run(15);

    expect(world.on("web", "v1")).toEqual(["s2"]);
  });

  it("no longer true before the soak has ended: the site failed", () => {
    const { world, head } = someFleet({ strategy: { ...oneStage, soak: "8s" } });
    world.follow(head("v2", dbWell));
    world.run(3);
    expect(world.progress()[0]?.stages[0]).toMatchObject({ done: 3 });
    world.behaviour = ({ app, site }) => (app === "db" && site === "s3" ? "Degraded" : "Healthy");
    world.run(2);

    expect(world.release("web").failed["s3"]?.cause).toBe(
      "check db-well is not true: look at db, again before the soak of its stage ended",
    );
  });

  it("a label change that moves the site on begins anew: what the new tree has not had time for is no failure", () => {
    const strategy = { ...oneStage, soak: "8s" };
    const labelled = (tier: string): NonNullable<Story["labels"]> =>
      Object.fromEntries(["s1", "s2", "s3"].map((site) => [site, { tier }]));
    const steady = after({ name: "steady", cel: "app.healthyForSeconds >= 2" });
    const commit = (version: string, tier: string): WorldHead => {
      const { head } = someFleet({ strategy, labels: labelled(tier) });
      const { sites, apps } = head(version, steady);
      const variant = (labels: Readonly<Record<string, string>>): string => labels["tier"] ?? "";
      const web = apps["web"];
      return { sites, apps: web === undefined ? {} : { web: { ...web, variant } } };
    };
    const world = new PlannerWorld();
    world.follow(commit("v1", "silver"));
    world.run(20);
    world.follow(commit("v2", "silver"));
    world.run(5);
    expect(world.release("web").handed["s1"]?.met).toBeDefined();
    world.follow(commit("v2", "gold"));
    world.run(4);
    expect(world.release("web").failed).toEqual({});
    world.run(20);

    expect(world.open("web")).toBeUndefined();
    expect(world.trees("web")["s1"]).toBe("web:v2:gold");
  });

  it("nobody can tell while the worker is silent: the site stays in flight", () => {
    const { world, head } = someFleet();
    world.behaviour = ({ app }) => (app === "db" ? "Degraded" : "Healthy");
    world.run(1);
    world.follow(head("v2", dbWell));
    world.run(3);
    world.silence("eu");
    world.run(30);

    expect(world.progress()[0]?.stages[0]).toMatchObject({ inFlight: 3, done: 0, failed: 0 });
  });

  it("a site that was broken before and is not right at its deadline is unchanged", () => {
    const { world, head } = someFleet();
    world.behaviour = ({ app, site, tree }) =>
      site === "s1" && (app === "db" || tree === "web:v1") ? "Degraded" : "Healthy";
    world.run(1);
    world.follow(head("v2", dbWell));
    world.run(15);

    expect(world.open("web")).toBeUndefined();
    expect(world.on("web", "v2")).toEqual(["s1", "s2", "s3"]);
  });
});

describe("a check after, of the stage", () => {
  it("keeps the stage from passing, and fails nobody", () => {
    const { world, head } = someFleet({ strategy: quick });
    const cel = 'stage.name != "canary" || overall.healthy >= 3';
    world.behaviour = ({ tree }) => (tree === "web:v1" ? "Degraded" : "Healthy");
    world.run(1);
    world.follow(head("v2", after({ name: "enough", cel, message: "mend the others first" })));
    world.run(40);

    expect(world.release("web").passed).toEqual({});
    expect(world.release("web").failed).toEqual({});
    expect(world.waitsOf(null, "web")[0]).toMatchObject({
      code: "check",
      reason: "check enough is not true: mend the others first",
    });
  });
});

describe("which checks hold for a release", () => {
  const never = { name: "never", cel: "false" };

  it("those that its own commit adds", () => {
    const { world, head } = someFleet();
    world.follow(head("v2", before(never)));
    world.run(10);
    expect(world.on("web", "v2")).toEqual([]);
  });

  it("and those that its own commit takes away or loosens: no commit grants what it needs", () => {
    const { world, head } = someFleet();
    world.follow(head("v1", before(never)));
    world.run(2);
    world.follow(head("v2", before({ name: "never", cel: "true" })));
    world.run(10);

    expect(world.on("web", "v2")).toEqual([]);
    expect(world.codes("s1", "web")).toEqual(["check"]);
  });

  it("a later commit loosens them for what is under way, without starting it anew", () => {
    const { world, head } = someFleet();
    world.follow(head("v2", before(never)));
    world.run(5);
    const { id } = world.release("web");
    world.follow(head("v2"));
    world.settle();

    expect(world.release("web").id).toBe(id);
    expect(world.on("web", "v2")).toEqual(["s1", "s2", "s3"]);
  });

  it("a later commit adds some for what is under way: they hold from then on", () => {
    const { world, head } = someFleet({ strategy: quick });
    world.follow(head("v2"));
    world.run(1);
    world.follow(head("v2", before(never)));
    world.run(20);

    expect(world.on("web", "v2")).toHaveLength(1);
    expect(world.waitsOf(null, "web")[0]).toMatchObject({ code: "check", stage: "rest" });
  });

  it("none for a removal: what leaves is not asked how it is", () => {
    const { world, head } = someFleet();
    world.follow(head("v1", { before: [never], after: [never] }));
    world.run(2);
    const { db } = head("v1").apps;
    world.follow({ ...head("v1"), apps: db === undefined ? {} : { db } });
    world.run(20);

    expect(world.trees("web")).toEqual({});
  });

  it("none for a rollback", () => {
    const { world, head } = someFleet({ strategy: { ...oneStage, rollback: "all" } });
    world.behaviour = ({ tree, site }) =>
      tree === "web:v2" && site === "s1" ? "Degraded" : "Healthy";
    const cel = '!stage.name.startsWith("a") || stage.failed == 0';
    world.follow(head("v2", { before: [{ name: "none-failed", cel }] }));
    world.run(30);

    expect(world.on("web", "v1")).toEqual(["s1", "s2", "s3"]);
  });
});
