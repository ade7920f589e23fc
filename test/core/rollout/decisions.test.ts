import { describe, expect, it } from "vitest";
import type { Decision, HoldScope } from "../../../src/core/protocol/api.ts";
import {
  approvalDigest,
  isStageApproved,
  withoutSites,
} from "../../../src/core/rollout/approvals.ts";
import { applyDecision } from "../../../src/core/rollout/decisions.ts";
import { namedThings } from "../../../src/core/rollout/hold-scope.ts";
import type { ControlState } from "../../../src/core/rollout/planner-types.ts";
import { aModel, appYaml, strategyYaml } from "../../support/fleet.ts";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

const at = "2030-01-01T00:00:00.000Z";
const strategy = {
  ...quick,
  stages: [
    { name: "canary", count: 1 },
    { name: "rest", approval: true },
  ],
};

function rolling(): PlannerWorld {
  const world = new PlannerWorld();
  world.follow({ sites: someSites(4), apps: { web: { version: "v1", strategy } } });
  return world.run(2);
}

function refusal(world: PlannerWorld, decision: Decision): string {
  const result = applyDecision(world.control, decision, { by: "ada", at });
  return result.ok ? "accepted" : `${result.code}: ${result.message}; ${result.hint}`;
}

describe("pause and resume", () => {
  it("write and remove one hold per scope, with who and why", () => {
    const world = rolling();
    world.decide({ verb: "pause", scope: { app: "web", stage: "rest" }, why: "odd graphs" });
    expect(world.control.holds).toMatchObject([
      { scope: { app: "web", stage: "rest" }, by: "ada", why: "odd graphs" },
    ]);
    expect(
      refusal(world, { verb: "pause", scope: { app: "web", stage: "rest" }, why: "again" }),
    ).toContain("conflict");
    world.decide({
      verb: "pause",
      scope: { app: "web", stage: "rest" },
      all: true,
      why: "all of it",
    });
    expect(world.control.holds).toMatchObject([{ all: true }]);
    world.decide({ verb: "resume", scope: { stage: "rest", app: "web" }, why: "fine" });
    expect(world.control.holds).toEqual([]);
  });

  it("refuse a scope that names nothing, and a hold that is not there", () => {
    const world = rolling();
    expect(refusal(world, { verb: "pause", scope: {}, why: "" })).toContain("bad-request");
    world.decide({ verb: "pause", scope: { region: "eu" }, why: "x" });
    expect(refusal(world, { verb: "resume", scope: { app: "web" }, why: "" })).toBe(
      "not-found: nothing holds app web; holds: region eu",
    );
  });
});

describe("a pause that would hold nothing", () => {
  const fleet = aModel({
    "strategies/pilots.yaml": strategyYaml("pilots", { stages: [{ name: "pilot", count: 1 }] }),
    "apps/till.yaml": appYaml("till", { spec: { rollout: { strategy: "pilots" } } }),
  });
  const none: ControlState = {
    head: null,
    epoch: 1,
    apps: {},
    holds: [],
    sites: {},
    workers: {},
  };
  const paused = (scope: HoldScope, control = none): string => {
    const decision = { verb: "pause", scope, why: "x" } as const;
    const result = applyDecision(control, decision, { by: "ada", at, named: namedThings(fleet) });
    return result.ok ? "paused" : `${result.code}: ${result.message}; ${result.hint}`;
  };

  it.each([
    [{ stage: "early" }, 'there is no stage "early"; known: pilot, rest, canary'],
    [{ app: "web", stage: "pilot" }, 'web has no stage "pilot": it would hold nothing; its stages'],
    [{ app: "till", stage: "canary" }, 'till has no stage "canary": it would hold nothing; its'],
    [{ site: "e1", region: "west" }, "e1 is in region east, not in west: it would hold nothing"],
  ])("is refused: %o", (scope, words) => {
    expect(paused(scope)).toContain(`not-found: ${words}`);
  });

  it.each([
    { stage: "pilot" },
    { app: "till", stage: "pilot" },
    { app: "till", stage: "rest" },
    { app: "web", stage: "canary", site: "e1", region: "east" },
  ])("is none of these: %o", (scope) => {
    expect(paused(scope)).toBe("paused");
  });

  it("is none of a region that is gone, where a site of it still leaves the fleet", () => {
    const facts = { region: "old", mirror: "old", labels: {}, suspend: false };
    const z1 = { mirror: "old", leaving: { head: "c2", at, facts } };
    const control = { ...none, sites: { z1 } };
    expect(paused({ region: "old" })).toContain("not-found");
    expect(paused({ region: "old" }, control)).toBe("paused");
    expect(paused({ site: "z1", region: "west" }, control)).toContain("z1 is in region old");
  });

  it("is none of a stage that a release under way has, whatever its strategy says by now", () => {
    const { control } = rolling();
    expect(paused({ app: "web", stage: "early" }, control)).toContain("not-found");
    const [release] = control.apps["web"]?.open ?? [];
    if (release === undefined) throw new Error("web has no open release");
    const stages = release.stages.map((stage) => ({ ...stage, name: "early" }));
    const open = [{ ...release, stages }];
    const web = { current: { release: null, partial: [] }, bad: [], open };
    expect(paused({ app: "web", stage: "early" }, { ...control, apps: { web } })).toBe("paused");
    expect(paused({ app: "till", stage: "early" }, { ...control, apps: { web } })).toContain(
      'till has no stage "early"',
    );
  });
});

describe("approve", () => {
  it("is of one thing of one release, that waits for it", () => {
    const world = rolling();
    const { id } = world.release("web");
    const base = { verb: "approve", app: "web", release: id, why: "" } as const;
    expect(refusal(world, { ...base, release: "no-such" })).toBe(
      `not-found: web has no such open release; open: ${id}`,
    );
    expect(refusal(world, base)).toContain("bad-request");
    expect(refusal(world, { ...base, stage: "rest", deletions: 1 })).toContain("bad-request");
    expect(refusal(world, { ...base, stage: "no-such" })).toContain("its stages: canary, rest");
    expect(refusal(world, { ...base, stage: "canary" })).toContain("needs no approval");
    expect(refusal(world, { ...base, deletions: 1 })).toContain("conflict");
    expect(refusal(world, { ...base, removal: "delete" })).toContain("conflict");
    expect(refusal(world, { ...base, stage: "rest" })).toBe("accepted");
    world.decide({ ...base, stage: "rest" });
    world.run(6);
    expect(world.on("web", "v1")).toHaveLength(4);
    expect(refusal(world, { ...base, stage: "rest" })).toContain("open already");
  });
});

describe("excuse and retry", () => {
  it("refuse a site that there is not, with the name that is meant", () => {
    const told = refusal(rolling(), { verb: "excuse", app: "web", site: "s01", why: "" });
    expect(told).toMatch(/^not-found: .* waits for s01, .*; did you mean "s1"\?$/);
  });

  it("refuse an app that there is not, with the name that is meant", () => {
    const release = "web-v1";
    for (const verb of ["promote", "retry", "urgent", "rollback"] as const)
      expect(refusal(rolling(), { verb, app: "wbe", release, why: "" })).toBe(
        'not-found: no app "wbe" is on record; did you mean "web"?',
      );
  });

  it("refuse a region whose worker is live, and speak of the silent ones of those that serve it", () => {
    const world = rolling();
    const word = { verb: "excuse", region: "eu", why: "burnt" } as const;

    expect(() => world.decide(word)).toThrow("conflict: the worker of eu is live");
    world.control = {
      ...world.control,
      sites: { ...world.control.sites, s1: { mirror: "eu--2" } },
    };
    expect(() => world.decide(word)).toThrow("conflict: the workers of eu, eu--2 are live");
    expect(world.control.workers["eu"]?.excused).toBeUndefined();

    world.silence("eu");
    expect(world.decide(word)).toBe("excused eu until its worker is back");
    expect(world.control.workers["eu"]?.excused).toMatchObject({ why: "burnt" });
    expect(world.control.workers["eu--2"]?.excused).toBeUndefined();
  });

  it("refuse what is in no open stage or has not failed", () => {
    const world = rolling();
    const { id } = world.release("web");
    expect(refusal(world, { verb: "excuse", site: "s99", why: "" })).toContain("not-found");
    expect(refusal(world, { verb: "excuse", why: "" })).toContain("bad-request");
    expect(refusal(world, { verb: "excuse", region: "mars", why: "" })).toContain("not-found");
    const cluster = { verb: "excuse", uid: "u", why: "" } as const;
    expect(refusal(world, { ...cluster, site: "s1" })).toBe("accepted");
    world.decide({ ...cluster, site: "s1" });
    expect(world.control.sites["s1"]).toEqual({ mirror: "eu", formerUid: "u" });
    expect(refusal(world, { ...cluster, site: "s2" })).toContain("u is the cluster of s1");
    expect(refusal(world, { ...cluster, site: "s2", uid: "" })).toContain("no UID");
    const retry = { verb: "retry", app: "web", release: id, why: "" } as const;
    expect(refusal(world, retry)).toContain(`no site has failed ${id}`);
    expect(refusal(world, retry)).toContain("nothing of it has failed");
    expect(refusal(world, { ...retry, site: "s1" })).toContain(`s1 has not failed ${id}`);
    const openList = { app: "web", release: "open-list", why: "" } as const;
    expect(refusal(world, { verb: "retry", ...openList })).toContain(
      "no site has failed in web's open list",
    );
    for (const [what, word] of [
      ["stages", { stage: "all" }],
      ["removals", { removal: "delete" }],
    ] as const)
      expect(refusal(world, { verb: "approve", ...openList, ...word })).toContain(
        `the open list of web has no ${what}; only its deletions are approved`,
      );
  });

  it("excuses a failed site, and the stage goes on without it", () => {
    const world = new PlannerWorld();
    world.behaviour = ({ site }) => (site === "s2" ? "Degraded" : "Healthy");
    const all = { ...quick, stages: [{ name: "all" }] };
    world.follow({ sites: someSites(3), apps: { web: { version: "v1", strategy: all } } });
    world.run(15);
    expect(world.codes(null)).toEqual(["failure-budget"]);
    world.decide({ verb: "excuse", app: "web", site: "s2", why: "bad disk" });
    world.run(5);
    expect(world.open("web")).toBeUndefined();
  });
});

describe("accept-head and recover", () => {
  it("are records of their own", () => {
    const world = rolling();
    const accepted = applyDecision(
      world.control,
      { verb: "accept-head", commit: "abc", why: "rewritten" },
      { by: "ada", at },
    );
    expect(accepted).toMatchObject({
      ok: true,
      changes: [{ path: "accepted.json", record: { commit: "abc", by: "ada" } }],
    });
    expect(refusal(world, { verb: "recover", why: "" })).toContain("control is not lost");
    const recovered = applyDecision(
      world.control,
      { verb: "recover", why: "checked" },
      { by: "ada", at, mirrorHeads: { eu: "m1" } },
    );
    expect(recovered).toMatchObject({
      ok: true,
      changes: [{ path: "recovered.json", record: { mirrors: { eu: "m1" } } }],
    });
  });

  it("are later than the head that control has, also where the clock has gone back since", () => {
    const { control } = rolling();
    const head = { commit: "abc", at: "2030-01-01T00:00:57.000Z" };
    const recoveredAt = (wordAt: string): unknown => {
      const word = { by: "ada", at: wordAt, mirrorHeads: { eu: "m1" } };
      const result = applyDecision({ ...control, head }, { verb: "recover", why: "checked" }, word);
      return result.ok ? result.changes : result;
    };
    expect(recoveredAt("2030-01-01T00:00:44.000Z")).toMatchObject([
      { record: { at: "2030-01-01T00:00:57.001Z" } },
    ]);
    expect(recoveredAt("2030-01-01T00:00:58.000Z")).toMatchObject([
      { record: { at: "2030-01-01T00:00:58.000Z" } },
    ]);
  });
});

describe("an approval", () => {
  it("holds for fewer sites; other sites or stages withdraw it, other trees do not", () => {
    const world = rolling();
    const { id } = world.release("web");
    world.decide({ verb: "approve", app: "web", release: id, stage: "rest", why: "seen" });
    const release = world.release("web");
    expect(isStageApproved(release, "rest")).toBe(true);

    const without = (stage: number): typeof release => {
      const site = Object.keys(release.list).find((one) => release.list[one]?.stage === stage);
      return withoutSites(release, new Set([site ?? ""]), () => true);
    };
    const fewer = without(1);
    expect(isStageApproved(fewer, "rest")).toBe(true);
    // Another site becomes the canary.
    expect(isStageApproved(without(0), "rest")).toBe(false);
    expect(approvalDigest(fewer)).not.toBe(approvalDigest(release));
    const more = { ...release, list: { ...release.list, s9: { stage: 1, from: null, to: "t" } } };
    expect(isStageApproved(more, "rest")).toBe(false);
    const moved = { ...release, list: { ...release.list, s2: { stage: 0, from: null, to: "t" } } };
    expect(isStageApproved(moved, "rest")).toBe(release.list["s2"]?.stage === 0);
    const stages = release.stages.map((stage) => ({ ...stage, by: "selector ring=0" }));
    expect(isStageApproved({ ...release, stages }, "rest")).toBe(false);
    const list = Object.fromEntries(
      Object.entries(release.list).map(([site, entry]) => [site, { ...entry, to: "other" }]),
    );
    expect(isStageApproved({ ...release, list }, "rest")).toBe(true);
  });
});

describe("a retry", () => {
  it("of what is still broken fails again: the stage does not pass", () => {
    const head = (version: string): WorldHead => ({
      sites: someSites(4),
      apps: {
        web: {
          version,
          strategy: { ...quick, stages: [{ name: "canary", count: 2 }, { name: "rest" }] },
        },
      },
    });
    const world = new PlannerWorld();
    world.follow(head("v1"));
    world.run(20);
    world.follow(head("v2"));
    const { id, list } = world.release("web");
    const broken = Object.keys(list).find((site) => list[site]?.stage === 0);
    world.behaviour = ({ site, tree }) =>
      tree === "web:v2" && site === broken ? "Degraded" : "Healthy";
    world.run(13);
    world.decide({ verb: "retry", app: "web", release: id, why: "looked at it" });
    world.run(14);

    expect(Object.keys(world.release("web").failed)).toEqual([broken]);
    expect(world.on("web", "v2")).toHaveLength(2);
    expect(world.release("web").passed).toEqual({});
  });

  /** s1 and s2 are the canaries of v2, where `broken` fails within the budget; s3 and s4 have it next. */
  function behind(
    broken: (site: string) => boolean,
    approval = false,
  ): { world: PlannerWorld; id: string } {
    const canary = { name: "canary", selector: { matchLabels: { ring: "canary" } } };
    const strategy = {
      ...quick,
      stages: [
        { ...canary, failureBudget: 1 },
        { name: "rest", failureBudget: 0, approval },
      ],
    };
    const labelled = Object.entries(someSites(4)).map(([site, facts]) => {
      const ring = ["s1", "s2"].includes(site) ? "canary" : "rest";
      return [site, { ...facts, labels: { ring } }] as const;
    });
    const head = (version: string): WorldHead => ({
      sites: Object.fromEntries(labelled),
      apps: { web: { version, strategy } },
    });
    const world = new PlannerWorld();
    world.follow(head("v1"));
    world.run(15);
    if (approval) {
      const release = world.release("web").id;
      world.decide({ verb: "approve", app: "web", release, stage: "rest", why: "first" });
    }
    world.run(25);
    world.behaviour = ({ site, tree }) =>
      tree === "web:v2" && broken(site) ? "Degraded" : "Healthy";
    world.follow(head("v2"));
    world.run(30);
    const { id, passed } = world.release("web");
    expect(Object.keys(passed)).toEqual(["canary"]);
    return { world, id };
  }

  it("of a site that failed in a stage that has passed is refused, with what to do instead", () => {
    const { world, id } = behind((site) => site !== "s2");
    const retry = { verb: "retry", app: "web", release: id, why: "again" } as const;
    expect(refusal(world, { ...retry, site: "s1" })).toBe(
      `conflict: s1 failed ${id} in a stage that has passed: it was handed over there, and is not handed over again; ` +
        `commit a fix, or set it back (\`flotilla rollout rollback web ${id} --site s1 --why TEXT\`) and retry it then`,
    );
    expect(world.decide(retry)).toBe(
      `retrying s3, s4 in ${id}; s1 failed in a stage that has passed: it is not handed over again`,
    );
    world.decide({ verb: "rollback", app: "web", release: id, site: "s1", why: "broken" });
    world.run(5);
    world.behaviour = () => "Healthy";
    world.decide({ ...retry, site: "s1" });
    world.run(40);
    expect(world.on("web", "v2")).toHaveLength(4);
  });

  it("of a release that failed only in a stage that has passed is refused, and names where", () => {
    const { world, id } = behind((site) => site === "s1", true);
    expect(refusal(world, { verb: "retry", app: "web", release: id, why: "again" })).toMatch(
      `s1 failed ${id} in a stage that has passed`,
    );
  });

  const guarded = {
    ...quick,
    stages: [
      { name: "canary", count: 1, approval: true, promotion: "manual" as const },
      { name: "rest" },
    ],
    soak: "20s",
  };

  /** v2 is approved, promoted, and breaks after this time; then it goes back as a whole, is mended and retried. */
  function again(breaksAfterMs: number, passed: readonly string[]): PlannerWorld {
    const head = (version: string, its: typeof guarded | typeof quick): WorldHead => ({
      sites: someSites(4),
      apps: { web: { version, strategy: its } },
    });
    const world = new PlannerWorld();
    world.follow(head("v1", quick));
    world.run(20);
    world.follow(head("v1", guarded));
    world.run(1);
    world.follow(head("v2", guarded));
    world.run(2);
    const { id } = world.release("web");
    const word = { app: "web", release: id, why: "seen" };
    world.decide({ verb: "approve", ...word, stage: "canary" });
    world.behaviour = ({ tree, afterMs }) =>
      tree === "web:v2" && afterMs > breaksAfterMs ? "Degraded" : "Healthy";
    world.run(1);
    world.decide({ verb: "promote", ...word });
    world.run(8);
    expect(Object.keys(world.release("web").passed)).toEqual(passed);
    world.decide({ verb: "rollback", ...word });
    world.run(20);
    expect(world.on("web", "v2")).toEqual([]);
    world.behaviour = () => "Healthy";
    world.decide({ verb: "retry", ...word });
    return world.run(20);
  }

  it.each([
    { when: "in the stage itself", breaksAfterMs: 0, passed: [] },
    { when: "after it had passed", breaksAfterMs: 7000, passed: ["canary"] },
  ])("uses no approval and no promotion again that was given before it failed $when", (story) => {
    const world = again(story.breaksAfterMs, story.passed);
    expect(world.on("web", "v2")).toEqual([]);
    expect(world.codes(null)).toEqual(["approval"]);
    const { id } = world.release("web");
    world.decide({ verb: "approve", app: "web", release: id, stage: "canary", why: "mended" });
    world.run(40);
    expect(world.on("web", "v2")).toHaveLength(1);
    expect(world.codes(null)).toEqual(["promotion"]);
    world.decide({ verb: "promote", app: "web", why: "mended" });
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(4);
  });
});
