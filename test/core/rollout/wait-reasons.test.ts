/**
 * "Why is this site not on the new version?", answered in one line for each reason there is: which gate or budget, its
 * number, who uses it up, and what ends it. A new wait code without a row here does not pass the type check.
 */
import { describe, expect, it } from "vitest";
import { waitLines } from "../../../src/cli/status.ts";
import type { Wait, WaitCode } from "../../../src/core/rollout/planner-types.ts";
import { windowFromSpec } from "../../../src/core/rollout/windows/window-rules.ts";
import {
  PlannerWorld,
  quick,
  someSites,
  type WorldApp,
  type WorldHead,
} from "../../support/planner-world.ts";

/** How the wait comes about, at which site (null: the whole stage or app), and how it reads. */
interface Row {
  readonly story: () => PlannerWorld;
  readonly site: string | null;
  readonly app?: string;
  readonly line: string;
}

const whole = { ...quick, stages: [{ name: "all" }] };

const fleet = (version: string, app: Partial<WorldApp> = {}, count = 6): WorldHead => ({
  sites: someSites(count),
  apps: { web: { version, ...app } },
});

/** Every site has web v1 and is healthy, under the strategy that holds from now on. */
function settled(app: Partial<WorldApp> = {}, head: Partial<WorldHead> = {}): PlannerWorld {
  const world = new PlannerWorld();
  world.follow({ ...fleet("v1"), ...head });
  world.run(20);
  world.follow({ ...fleet("v1", app), ...head });
  world.run(1);
  return world;
}

/** ... and then v2 comes, and so many seconds pass. */
function rolling(app: Partial<WorldApp> = {}, seconds = 0): PlannerWorld {
  const world = settled(app);
  world.follow(fleet("v2", app));
  return world.run(seconds);
}

function failing(strategy: WorldApp["strategy"] & object, seconds = 12): PlannerWorld {
  const world = settled({ strategy });
  world.behaviour = ({ tree }) => (tree === "web:v2" ? "Degraded" : "Healthy");
  world.follow(fleet("v2", { strategy }));
  return world.run(seconds);
}

const rows: Readonly<Record<WaitCode, Row>> = {
  held: {
    story: () => {
      const world = settled({ strategy: whole });
      world.decide({ verb: "pause", scope: { app: "web" }, why: "incident 7" });
      world.follow(fleet("v2", { strategy: whole }));
      return world.run(1);
    },
    site: "s1",
    line: "web stage all (web-v2-c3) at s1: held by ada (app web): incident 7; ends when an operator resumes it",
  },
  "control-lost": {
    story: () => {
      const world = settled();
      world.controlLost = "control is older than mirror eu";
      world.step();
      return world;
    },
    site: null,
    line: "web: control is older than mirror eu; ends when an operator confirms what the mirrors have (`rollout recover`)",
  },
  unrendered: {
    story: () => {
      const world = settled();
      world.unrendered = { apps: ["web"], reason: "the followed commit cannot be rendered" };
      return world.run(1);
    },
    site: null,
    line: "web: the followed commit cannot be rendered; what stands of web stays; ends when they have rendered it, which is tried again by itself",
  },
  "unknown-app": {
    story: () => {
      const world = settled();
      world.control = { ...world.control, apps: {} };
      world.follow({ sites: someSites(6), apps: { till: { version: "v1" } } });
      return world.run(1);
    },
    site: null,
    line: "web: web stays at 6 sites (s1, s2, s3 and 3 more): it left the fleet repository while control was lost or their mirror could not be read, so nothing says that it is to leave them; ends when a commit declares web again; the one after that may take it away",
  },
  approval: {
    story: () => rolling({ strategy: { ...whole, stages: [{ name: "all", approval: true }] } }),
    site: "s1",
    line: "web stage all (web-v2-c3) at s1: stage all opens only with an approval; ends when an operator approves stage all of web-v2-c3",
  },
  deletions: {
    story: () => {
      const app = { strategy: whole, objects: ["_ConfigMap_web_main", "_ConfigMap_web_more"] };
      const budget = { deletionBudget: { objects: 4, percent: 100 } };
      const world = new PlannerWorld();
      world.follow({ ...fleet("v1", app), ...budget });
      world.run(20);
      world.follow({ ...fleet("v2", { strategy: whole }), ...budget });
      return world.run(1);
    },
    site: "s1",
    line: "web stage all (web-v2-c2) at s1: it deletes 6 objects: this commit deletes 6 objects over all apps, its budget is 4; ends when an operator approves 6 deletions of web-v2-c2",
  },
  "earlier-stage": {
    story: () => rolling(),
    site: "s1",
    line: "web stage rest (web-v2-c3) at s1: stage rest comes after stage canary: it waits for s2; ends when stage canary has passed",
  },
  soak: {
    story: () => rolling({}, 3),
    site: null,
    line: "web stage canary (web-v2-c3): stage canary soaks for 2s; ends when 2s more have passed without a failure",
  },
  "no-success": {
    story: () => {
      const world = settled();
      world.behaviour = () => "Degraded";
      world.run(1);
      world.follow(fleet("v2"));
      return world.run(12);
    },
    site: null,
    line: "web stage canary (web-v2-c3): no site of stage canary has got it and is healthy (s2); ends when one is, or an operator excuses every site of the stage",
  },
  "failure-budget": {
    story: () => failing(whole),
    site: null,
    line: "web stage all (web-v2-c3): 6 sites of stage all failed (s1, s2, s3 and 3 more); its failureBudget is 0; ends when an operator retries or excuses what failed, or a newer commit replaces the release",
  },
  "in-flight-budget": {
    story: () => rolling({ strategy: { ...whole, maxInFlight: 4 } }),
    site: "s1",
    line: "web stage all (web-v2-c3) at s1: maxInFlight of stage all is 4, used by s2, s3, s4 and 1 more; ends when one of them settles",
  },
  "unavailable-budget": {
    story: () => rolling({ strategy: { ...whole, maxUnavailable: "50%" } }),
    site: "s1",
    line: "web stage all (web-v2-c3) at s1: maxUnavailable of stage all is 3, used by s2, s4, s6; ends when one of them is healthy and settled",
  },
  "fleet-budget": {
    story: () => {
      const world = settled({ strategy: whole }, { maxSitesInFlight: 2 });
      world.follow({ ...fleet("v2", { strategy: whole }), maxSitesInFlight: 2 });
      return world.run(0);
    },
    site: "s1",
    line: "web stage all (web-v2-c3) at s1: maxSitesInFlight of the fleet is 2, used by web at s2, web at s6; ends when one of them settles",
  },
  "failure-domain": {
    story: () => {
      const head = { failureDomains: [] };
      const world = settled({ strategy: whole }, head);
      world.follow({ ...fleet("v2", { strategy: whole }), ...head });
      return world.run(0);
    },
    site: "s5",
    line: "web stage all (web-v2-c3) at s5: failure domain region eu keeps 1 site where web is healthy and not in flight, and this is the last: not s1, s2, s3 and 2 more; ends when another one of them is, or those that are not are excused or suspended",
  },
  offline: {
    story: () => {
      const world = settled({ strategy: whole });
      world.offline.add("s1");
      world.run(1);
      world.follow(fleet("v2", { strategy: whole }));
      return world.run(1);
    },
    site: "s1",
    line: "web stage all (web-v2-c3) at s1: s1 does not answer: excused, it catches up later; ends when it answers again",
  },
  suspended: {
    story: () => {
      const world = settled({ strategy: whole });
      const head = fleet("v2", { strategy: whole });
      world.follow({ ...head, sites: { ...head.sites, s1: { suspend: true } } });
      return world.run(1);
    },
    site: "s1",
    line: "web stage all (web-v2-c3) at s1: s1 is suspended: excused, it catches up later; ends when a commit ends `suspend`",
  },
  "worker-silent": {
    story: () => {
      const world = settled({ strategy: whole });
      world.silence("eu");
      world.follow(fleet("v2", { strategy: whole }));
      return world.run(1);
    },
    site: "s1",
    line: "web stage all (web-v2-c3) at s1: the worker of eu is silent; ends when it reports again, or an operator excuses the region",
  },
  progressing: {
    story: () => {
      const world = settled({ strategy: whole });
      world.behaviour = () => "Progressing";
      world.follow(fleet("v2", { strategy: whole }));
      return world.run(2);
    },
    site: "s1",
    line: "web stage all (web-v2-c3) at s1: in flight: Progressing: web-0 is not ready; ends when it is healthy for 1s, or its deadline 2030-01-01 00:00:31 UTC",
  },
  failed: {
    story: () => failing({ ...whole, failureBudget: "100%", soak: "1h" }),
    site: "s1",
    line: "web stage all (web-v2-c3) at s1: Degraded: web-0 is not ready at its deadline; ends when an operator retries or excuses it, or a newer commit replaces the release",
  },
  moving: {
    story: () => {
      const world = settled({ strategy: whole });
      world.silence("eu", true);
      const head = fleet("v2", { strategy: whole });
      world.follow({ ...head, sites: { ...head.sites, s1: { region: "us" } } });
      return world.run(1);
    },
    site: "s1",
    line: "web stage all (web-v2-c3) at s1: s1 leaves eu, whose worker is silent and has to say that it stopped writing there; ends when it does, or, where it is gone for good, an operator says so (`flotilla rollout excuse --site s1 --uid UID --why TEXT`); then its new mirror gets it",
  },
  "removal-verb": {
    story: () => {
      const world = new PlannerWorld();
      world.follow(fleet("v1", { onRemoval: "hold" }));
      world.run(20);
      world.follow({ sites: someSites(6), apps: {} });
      return world.run(1);
    },
    site: null,
    line: "web stage canary (removal-web-c2): onRemoval is hold: its objects stay, and are repaired, until somebody decides; ends when an operator approves the removal removal-web-c2 as delete or orphan",
  },
  "no-current": {
    story: () => {
      const world = new PlannerWorld();
      world.follow(fleet("v1", {}, 2));
      world.settle();
      world.follow(fleet("v1", {}, 3));
      return world.run(0);
    },
    site: "s3",
    line: "web at s3: no release of web that places it is current yet; ends when web-v1-c1 is through",
  },
  "bad-version": {
    story: () => {
      const strategy = { ...quick, rollback: "failed" } as const;
      const world = failing(strategy, 20);
      world.follow(fleet("v3", { strategy }));
      world.run(30);
      world.follow(fleet("v2", { strategy }));
      return world.run(1);
    },
    site: null,
    line: "web: the followed commit has a version of web that is known to be bad: it is not tried again; ends when a newer commit changes web",
  },
  "rolling-back": {
    story: () => failing({ ...quick, rollback: "failed" }),
    site: null,
    line: "web stage canary (web-v2-c3): web-v2-c3 goes back: 1 site of stage canary failed (s2), its failureBudget is 0; ends when a newer commit replaces it, or an operator retries it",
  },
  "set-back": {
    story: () => {
      const stages = [{ name: "all", failureBudget: 1 }];
      const world = rolling({ strategy: { ...quick, stages } }, 2);
      world.decide({ verb: "rollback", app: "web", site: "s2", why: "slow there" });
      return world.run(10);
    },
    site: "s2",
    line: "web at s2: set back from web-v2-c3 by ada at 2030-01-01 00:00:23 UTC: slow there; ends when a newer version of web reaches it",
  },
  excused: {
    story: () => {
      const world = rolling({ strategy: { ...whole, maxInFlight: 1 } });
      world.decide({ verb: "excuse", app: "web", site: "s1", why: "its till is open" });
      return world.run(1);
    },
    site: "s1",
    line: "web stage all (web-v2-c3) at s1: excused by ada at 2030-01-01 00:00:21 UTC: its till is open; it catches up later; ends when the stage has passed",
  },
  "no-good-tree": {
    story: () => {
      const world = new PlannerWorld();
      world.behaviour = () => "Degraded";
      const strategy = { ...whole, rollback: "all" } as const;
      world.follow(fleet("v1", { strategy }));
      return world.run(12);
    },
    site: "s1",
    line: "web stage all (web-v1-c1) at s1: nothing good of web is recorded for s1: it stays as it is; ends when a newer commit reaches it, or an operator retries the release",
  },
  check: {
    story: () => {
      const checks = { before: [{ name: "gold", cel: 'site.name == "s9"', message: "gold only" }] };
      return rolling({ strategy: whole, checks }, 1);
    },
    site: "s1",
    line: 'web stage all (web-v2-c3) at s1: check gold is not true: gold only; ends when `site.name == "s9"` is true, or a later commit changes the check',
  },
  promotion: {
    story: () => {
      const stages = [{ name: "canary", count: 1, promotion: "manual" } as const, { name: "rest" }];
      return rolling({ strategy: { ...quick, stages } }, 10);
    },
    site: null,
    line: "web stage canary (web-v2-c3): stage canary has web-v2-c3 for as long as wanted: its promotion is manual; ends when an operator promotes stage canary of web-v2-c3",
  },
  window: {
    story: () => {
      const spec = { open: [{ start: "02:00", duration: "1h" }] };
      const windows = [{ ...windowFromSpec("nights", spec), everyApp: true }];
      const world = settled({ strategy: whole }, { windows });
      world.follow({ ...fleet("v2", { strategy: whole }), windows });
      return world.run(1);
    },
    site: "s1",
    line: "web stage all (web-v2-c3) at s1: window nights is not open; ends when 2030-01-01 02:00:00 UTC (Tue 2030-01-01 02:00 in UTC)",
  },
  dependency: {
    story: () => {
      const world = new PlannerWorld();
      world.behaviour = ({ app }) => (app === "db" ? "Progressing" : "Healthy");
      const db = { version: "v1", strategy: whole };
      const web = { version: "v1", strategy: whole, dependsOn: ["db"] };
      world.follow({ sites: someSites(1), apps: { db, web } });
      return world.run(1);
    },
    site: "s1",
    line: "web stage all (web-v1-c1) at s1: web depends on db, and db-v1-c1 is in flight there: Progressing: web-0 is not ready; ends when db has got it there and is healthy",
  },
  "object-taken": {
    story: () => {
      // The canary has passed without the object; another app brings it there; then the canary is to go back.
      const [main, more] = ["_ConfigMap_web_main", "_ConfigMap_web_more"];
      const head = (version: string, objects: string[], api: string[]): WorldHead => ({
        sites: someSites(2),
        apps: {
          web: { version, objects },
          api: { version: `v${api.length}`, objects: api, places: (_, site) => site === "s2" },
        },
      });
      const world = new PlannerWorld();
      world.follow(head("v1", [main, more], ["_ConfigMap_api_main"]));
      world.run(20);
      world.decide({ verb: "pause", scope: { app: "web", stage: "rest" }, why: "look first" });
      world.follow(head("v2", [main], ["_ConfigMap_api_main"]));
      world.run(10);
      world.follow(head("v2", [main], ["_ConfigMap_api_main", more]));
      world.run(20);
      world.decide({ verb: "rollback", app: "web", why: "wrong numbers" });
      return world.run(1);
    },
    site: "s2",
    line: "web stage canary (web-v2-c2) at s2: _ConfigMap_web_more of the good version of web is part of api at s2 now; ends when api gives it up, or a newer commit comes",
  },
};

function waitsAt(row: Row, code: string): Wait[] {
  const { app = "web", site } = row;
  return row
    .story()
    .plan.waits.filter((wait) => wait.code === code && wait.app === app && wait.site === site);
}

describe("the one line that says why a site waits", () => {
  it.each(Object.entries(rows))(
    "%s: names the gate, its number, who uses it up and what ends it",
    (code, row) => {
      expect(waitLines(waitsAt(row, code)).join("\n")).toBe(row.line);
    },
  );

  it.each<[string, () => PlannerWorld, string]>([
    [
      "an approval",
      () =>
        rolling({ strategy: { ...quick, stages: [{ name: "canary", count: 1, approval: true }] } }),
      "stage canary opens only with an approval",
    ],
    [
      "a failure",
      () => failing(quick),
      "1 site of stage canary failed (s2); its failureBudget is 0",
    ],
    ["a soak", rows.soak.story, "stage canary soaks for 2s"],
    ["its sites", () => rolling(), "it waits for s2"],
    [
      "what its sites wait for",
      () => {
        const windows = [windowFromSpec("nights", { open: [{ start: "02:00", duration: "1h" }] })];
        const named = windows.map((window) => ({ ...window, everyApp: true }));
        const world = settled({}, { windows: named });
        world.follow({ ...fleet("v2"), windows: named });
        return world.run(1);
      },
      "it waits for s2: window nights is not open",
    ],
  ])("of a later stage says what keeps the open one: %s", (_, story, cause) => {
    const waits = story().plan.waits.filter(({ code }) => code === "earlier-stage");
    expect(waits).toHaveLength(5);
    for (const { reason } of waits) {
      expect(reason).toBe(`stage rest comes after stage canary: ${cause}`);
    }
  });

  it("of a site without anything good names the retry that ends it: that it heals does not", () => {
    const world = rows["no-good-tree"].story();
    world.behaviour = () => "Healthy";
    world.run(60);
    expect(world.plan.waits.map(({ code }) => code)).toContain("no-good-tree");
    world.decide({ verb: "retry", app: "web", release: "web-v1-c1", why: "it is well" });
    world.run(30);
    expect(world.plan.waits).toEqual([]);
  });

  it("names the apps that have the slots of the fleet, be they others", () => {
    const at =
      (...sites: string[]) =>
      (_: unknown, site: string): boolean =>
        sites.includes(site);
    const [db, till] = [{ places: at("s1", "s3") }, { places: at("s1") }];
    const head = (version: string, web: string): WorldHead => ({
      sites: someSites(3),
      apps: {
        db: { version, strategy: whole, ...db },
        till: { version, strategy: whole, ...till },
        web: { version: web, strategy: whole, places: at("s2") },
      },
      maxSitesInFlight: 2,
    });
    const world = new PlannerWorld();
    world.follow(head("v1", "v1"));
    world.run(20);
    world.behaviour = () => "Progressing";
    world.follow(head("v2", "v1"));
    world.run(2);
    world.follow(head("v2", "v2"));
    world.run(1);
    expect(world.waitsOf("s2", "web")[0]?.reason).toBe(
      "maxSitesInFlight of the fleet is 2, used by db and 1 more at s1, db at s3",
    );
  });

  const strict = { ...whole, gates: { unknown: "block" } } as const;
  const untold = (strategy: WorldApp["strategy"] & object, seconds: number): PlannerWorld => {
    const world = settled({ strategy });
    world.unverified = (_, site) => (site === "s2" ? 1 : 3);
    world.follow(fleet("v2", { strategy }));
    return world.run(seconds);
  };

  it("says that objects block of which nobody knows how they are, and what ends that", () => {
    expect(waitLines(untold(strict, 2).waitsOf("s1", "web")).join("\n")).toBe(
      "web stage all (web-v2-c3) at s1: in flight: Healthy, but 3 objects are not verified (nothing tells their health, and `gates.unknown` is block); ends when health rules tell how they are or a later commit sets `gates.unknown` to pass, or its deadline 2030-01-01 00:00:31 UTC",
    );
    expect(untold(strict, 2).waitsOf("s2", "web")[0]?.reason).toBe(
      "in flight: Healthy, but 1 object is not verified (nothing tells its health, and `gates.unknown` is block)",
    );
  });

  it("says so of what failed for that, and of what went back", () => {
    const loose = { ...strict, failureBudget: "100%", soak: "1h" } as const;
    const failed = untold(loose, 12).waitsOf("s1", "web")[0];
    expect(failed).toMatchObject({
      code: "failed",
      reason:
        "Healthy, but 3 objects are not verified (nothing tells their health, and `gates.unknown` is block) at its deadline",
    });
    const world = untold({ ...strict, rollback: "failed" }, 14);
    expect(world.waitsOf("s1", "web")[0]).toMatchObject({
      code: "rolling-back",
      reason: `going back: ${failed?.reason.replace(" at its deadline", "")}`,
      endsWhen:
        "health rules tell how they are or a later commit sets `gates.unknown` to pass, or its deadline",
    });
  });

  it("says so of what the open list hands over", () => {
    const world = settled({ strategy: strict });
    world.unverified = (_, site) => (site === "s7" ? 3 : 0);
    world.follow(fleet("v1", { strategy: strict }, 7));
    world.run(3);
    expect(world.waitsOf("s7", "web")[0]).toMatchObject({
      reason:
        "in flight: Healthy, but 3 objects are not verified (nothing tells their health, and `gates.unknown` is block)",
      endsWhen:
        "health rules tell how they are or a later commit sets `gates.unknown` to pass, or its deadline",
    });
    world.run(10);
    expect(world.control.apps["web"]?.arrivals?.failed["s7"]?.cause).toMatch(
      /^Healthy, but 3 objects are not verified .* at its deadline$/,
    );
  });

  it("says of what does not block that it is not verified", () => {
    expect(untold({ ...whole, minReady: "5s" }, 3).waitsOf("s1", "web")[0]).toMatchObject({
      reason: "in flight: Healthy (not verified: 3 objects)",
      endsWhen: "it is healthy for 5s, or its deadline 2030-01-01T00:00:31.000Z",
    });
  });

  it("does not promise a site that its app comes with a candidate which went back", () => {
    const world = new PlannerWorld();
    const strategy = { ...quick, rollback: "failed" } as const;
    world.behaviour = () => "Degraded";
    world.follow(fleet("v1", { strategy }, 2));
    world.run(20);
    world.follow(fleet("v1", { strategy }, 3));
    world.run(1);
    expect(world.waitsOf("s3", "web")[0]?.endsWhen).toBe(
      "a newer commit replaces web-v1-c1, which went back",
    );
  });
});
