/** Simulated rollouts: what holds whatever the strategy is, and that they go as the planner's test world goes. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PlanSide, workTree } from "../../../src/core/plan/assumed-state.ts";
import { planSide } from "../../../src/core/plan/plan-change.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { resolveAmount } from "../../../src/core/model/amount.ts";
import { startReleases } from "../../../src/core/rollout/start-releases.ts";
import type { Assumptions } from "../../../src/core/simulate/fleet-behaviour.ts";
import { playRollout } from "../../../src/core/simulate/play-rollout.ts";
import { simulateChange } from "../../../src/core/simulate/simulate-change.ts";
import { fleetAtStart, simulatedWorld } from "../../../src/core/simulate/simulated-fleet.ts";
import { simulationSvg } from "../../../src/core/simulate/simulation-svg.ts";
import { simulationText } from "../../../src/core/simulate/simulation-text.ts";
import { PlannerWorld, someSites, type WorldHead } from "../../support/planner-world.ts";

type Spec = NonNullable<WorldHead["apps"][string]["strategy"]>;

const good: Assumptions = {
  seed: 1,
  start: "2026-11-27T00:00:00.000Z",
  healthyAfter: { p50Ms: 20_000, p95Ms: 20_000 },
  failureRate: 0,
  offlinePercent: 0,
  approvalMs: 0,
  badAfterMs: null,
};

const threeStages: Spec = {
  stages: [{ name: "canary", count: 1 }, { name: "early", percent: 20 }, { name: "rest" }],
  soak: "2m",
  minReady: "5s",
  progressDeadline: "3m",
  maxInFlight: "20%",
  maxUnavailable: "20%",
  failureBudget: 0,
};

interface FleetOf {
  readonly sites: number;
  readonly strategy: Spec;
  /** null: the fleet has no app. */
  readonly version: string | null;
}

/** A fleet with one app at every site. */
function side({ sites, strategy, version }: FleetOf): PlanSide {
  const document = (kind: string, metadata: object, spec: object): string =>
    `${JSON.stringify({ apiVersion: "flotilla.dev/v1alpha1", kind, metadata, spec })}\n`;
  const named = Array.from({ length: sites }, (_, index) => `s${index}`);
  const files: Record<string, string> = {
    "fleet.yaml": document("Fleet", { name: "f" }, { failureDomains: ["rack"] }),
    "region.yaml": document("Region", { name: "eu" }, {}),
    "everywhere.yaml": document("VirtualSite", { name: "everywhere" }, { all: true }),
    "strategy.yaml": document("RolloutStrategy", { name: "careful" }, strategy),
    "sites.yaml": named
      .map((site) => document("Site", { name: site, labels: { rack: site } }, { region: "eu" }))
      .join("---\n"),
  };
  if (version !== null) {
    files["apps/web/app.yaml"] = document(
      "App",
      { name: "web" },
      {
        namespace: "web",
        source: { manifests: "apps/web/manifests" },
        placement: { virtualSites: ["everywhere"] },
        rollout: { strategy: "careful" },
      },
    );
    files["apps/web/manifests/settings.yaml"] = `${JSON.stringify({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "settings", namespace: "web" },
      data: { version },
    })}\n`;
  }
  const read = planSide(
    version ?? workTree,
    renderFiles(Object.entries(files).map(([path, text]) => ({ path, text }))),
  );
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  return read.side;
}

const change = (sites: number, strategy: Spec): { base: PlanSide; head: PlanSide } => ({
  base: side({ sites, strategy, version: "v1" }),
  head: side({ sites, strategy, version: "v2" }),
});

const strategies = fc.record({
  stages: fc.constantFrom<NonNullable<Spec["stages"]>>(
    [{ name: "canary", count: 1 }, { name: "rest" }],
    [{ name: "canary", count: 1 }, { name: "half", percent: 50 }, { name: "rest" }],
    [{ name: "all" }],
  ),
  soak: fc.constantFrom("0s", "30s", "5m"),
  minReady: fc.constantFrom("0s", "10s"),
  progressDeadline: fc.constant("4m"),
  maxInFlight: fc.constantFrom<number | string>(1, "10%", "50%", "100%"),
  maxUnavailable: fc.constantFrom<number | string>(1, "30%", "100%"),
  failureBudget: fc.constantFrom<number | string>(0, 2, "10%"),
  rollback: fc.constantFrom<"none" | "failed" | "stage" | "all">("none", "failed", "stage", "all"),
});

const assumptions = fc.record({
  seed: fc.integer({ min: 0, max: 1000 }),
  start: fc.constant(good.start),
  healthyAfter: fc.constantFrom({ p50Ms: 0, p95Ms: 0 }, { p50Ms: 20_000, p95Ms: 60_000 }),
  failureRate: fc.constantFrom(0, 0.1),
  offlinePercent: fc.constantFrom(0, 10),
  approvalMs: fc.constant(0),
  badAfterMs: fc.constant(null),
});

describe("a simulated rollout", () => {
  it("takes no less than its soaks, leaves no site out, and breaks no more than its budgets allow", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 30 }),
        strategies,
        assumptions,
        (sites, strategy, assumed) => {
          const simulation = simulateChange(change(sites, strategy), assumed, 2);
          for (const { outcome, tookMs } of simulation.runs) {
            if (outcome !== "done") continue;
            const soaks = simulation.stages.filter(
              (stage) => stage.sites > 0 && assumed.offlinePercent === 0,
            );
            expect(tookMs).toBeGreaterThanOrEqual(
              soaks.reduce((sum, { soakMs }) => sum + soakMs, 0),
            );
          }
          for (const { waiting, inFlight, done, failed, excused } of simulation.timeline) {
            expect(waiting + inFlight + done + failed + excused).toBe(sites);
          }
          const atOnce = simulation.worst.filter(({ breaks }) => breaks === "at-once");
          for (const { stage, mostBroken } of atOnce) {
            const { failureBudget = 0, maxInFlight = 0 } =
              simulation.stages.find((each) => each.stage === stage) ?? {};
            expect(mostBroken).toBeLessThanOrEqual(failureBudget + maxInFlight);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("is the same, byte for byte, for the same assumptions, and another one for another seed", () => {
    const sides = change(20, threeStages);
    const spread = { ...good, healthyAfter: { p50Ms: 20_000, p95Ms: 60_000 }, failureRate: 0.02 };
    const told = (seed: number): string => {
      const simulation = simulateChange(sides, { ...spread, seed }, 3);
      return JSON.stringify(simulation) + simulationText(simulation) + simulationSvg(simulation);
    };

    expect(told(1)).toBe(told(1));
    expect(told(2)).not.toBe(told(1));
  });

  it("opens and passes each stage when the planner's test world does", () => {
    const strategy: Spec = { ...threeStages, soak: "7s", minReady: "3s", maxInFlight: 3 };
    const head = (version: string): WorldHead => ({
      sites: someSites(17, ["eu", "us"]),
      apps: { web: { version, strategy } },
    });
    const world = new PlannerWorld();
    world.follow(head("v1"));
    world.run(400);
    expect(world.open("web")).toBeUndefined();
    const [known, before] = [world.head, world.entitled(world.head)];
    world.heads.set("next", head("v2"));
    world.head = "next";
    const start = world.startInput(known, before);
    const simulated = simulatedWorld(start, 0);
    const fleet = fleetAtStart(simulated, startReleases(simulated.start).changes);
    // A worker of that world applies a second after the hand-over, and what it applied is healthy a second later.
    const behaviour = () => ({ healthyAfterMs: 2000, breaksAfterMs: null });
    const played = playRollout({ world: simulated, behaviour, approvalMs: 0, lookMs: 1000 }, fleet);

    world.head = known;
    const from = world.now;
    world.follow(head("v2"));
    const times = new Map<string, number>();
    for (let second = 0; second < 200 && world.open("web") !== undefined; second += 1) {
      world.run(1);
      const { opened = {}, passed = {} } = world.open("web") ?? {};
      for (const [stage, at] of Object.entries(opened))
        times.set(`opened ${stage}`, Date.parse(at) - from);
      for (const [stage, at] of Object.entries(passed))
        times.set(`passed ${stage}`, Date.parse(at) - from);
    }
    const throughMs = world.now - from;

    expect(played).toMatchObject({ outcome: "done", tookMs: throughMs });
    for (const { stage, openedMs, passedMs } of played.stages) {
      expect([stage, openedMs]).toEqual([stage, times.get(`opened ${stage}`)]);
      expect([stage, passedMs]).toEqual([stage, times.get(`passed ${stage}`) ?? throughMs]);
    }
    expect(times.size).toBeGreaterThan(3);
  });

  it("waits for people as long as they take to approve", () => {
    const strategy: Spec = {
      ...threeStages,
      stages: [
        { name: "canary", count: 1 },
        { name: "rest", approval: true },
      ],
    };
    const took = (approvalMs: number): number =>
      simulateChange(change(10, strategy), { ...good, approvalMs }, 1).runs[0]?.tookMs ?? 0;

    expect(took(3_600_000) - took(0)).toBe(3_600_000);
  });

  it("is promoted by people after the same time: every stage is played, and its worst case told", () => {
    const strategy: Spec = {
      ...threeStages,
      stages: [
        { name: "canary", count: 1 },
        { name: "half", percent: 50, promotion: "manual" },
        { name: "rest" },
      ],
    };
    const simulate = (approvalMs: number): ReturnType<typeof simulateChange> =>
      simulateChange(change(10, strategy), { ...good, approvalMs }, 1);
    const [quick, slow] = [simulate(0), simulate(600_000)];

    expect(slow.runs).toMatchObject([{ outcome: "done", reasons: [] }]);
    expect((slow.takes?.p50Ms ?? 0) - (quick.takes?.p50Ms ?? 0)).toBe(600_000);
    for (const { stages, worst, unplayed } of [quick, slow]) {
      expect(stages.every(({ passedMs }) => passedMs !== null)).toBe(true);
      expect(new Set(worst.map(({ stage }) => stage))).toEqual(new Set(["canary", "half", "rest"]));
      expect(unplayed).toEqual([]);
    }
  });

  it("tells no worst case of stages of which it hands over nothing", () => {
    const stuck: Spec = {
      ...threeStages,
      stages: [{ name: "canary", count: 1 }, { name: "rest" }],
    };
    const sides = change(10, { ...stuck, maxInFlight: 0 });
    const simulation = simulateChange(sides, good, 1);

    expect(simulation.runs).toMatchObject([{ outcome: "stopped" }]);
    expect(simulation.worst).toEqual([]);
    expect(simulation.unplayed).toMatchObject([
      { app: "web", stage: "canary", sites: 1 },
      { app: "web", stage: "rest", sites: 9 },
    ]);
    const words =
      "Nothing is handed over of stage canary of web (1 site), rest of web (9 sites): what a bad";
    expect(simulationText(simulation)).toContain(words);
    expect(simulationSvg(simulation)).toContain(words);
    expect(simulationSvg(simulation)).not.toContain("breaks at most");
  });

  it("goes on without sites that do not answer, as many as assumed", () => {
    const { runs, timeline } = simulateChange(
      change(20, { ...threeStages, failureBudget: 1 }),
      { ...good, offlinePercent: 10 },
      1,
    );

    expect(runs[0]?.outcome).toBe("done");
    expect(timeline.at(-1)).toMatchObject({ done: 18, excused: 2, failed: 0 });
  });

  it("tells the first version of a fleet, and an app that leaves", () => {
    const head = side({ sites: 10, strategy: threeStages, version: "v1" });
    const empty = side({ sites: 10, strategy: threeStages, version: null });
    const first = simulateChange({ base: null, head }, good, 1);
    const leaves = simulateChange({ base: head, head: empty }, good, 1);

    expect(first.runs).toMatchObject([{ outcome: "done" }]);
    expect(first.timeline.at(-1)).toMatchObject({ done: 10 });
    expect(leaves.runs).toMatchObject([{ outcome: "done" }]);
    expect(leaves.stages.map(({ kind }) => kind)).toEqual(["removal", "removal", "removal"]);
    expect(leaves.worst).toEqual([]);
  });

  it("says that nothing begins where nothing changes", () => {
    const head = side({ sites: 3, strategy: threeStages, version: "v1" });
    const simulation = simulateChange({ base: head, head }, good, 1);

    expect(simulation).toMatchObject({ stages: [], runs: [{ outcome: "done", tookMs: 0 }] });
    expect(simulationText(simulation)).toContain("No release begins: nothing changes.");
  });
});

describe("a bad change", () => {
  it("breaks what is in flight when it never gets healthy, and more when it breaks late", () => {
    const { stages, worst } = simulateChange(change(50, threeStages), good, 1);
    const rest = stages.find(({ stage }) => stage === "rest");
    const cases = Object.fromEntries(
      worst.map(({ stage, breaks, ...one }) => [`${stage} ${breaks}`, one]),
    );
    const inFlight = resolveAmount({ percent: 20 }, rest?.sites ?? 0);

    expect(cases["canary at-once"]).toMatchObject({
      mostBroken: 1,
      everBroken: 1,
      stoppedMs: 180_000,
    });
    expect(cases["rest at-once"]).toMatchObject({ mostBroken: inFlight, brokenAtEnd: 0 });
    expect(cases["rest late"]?.everBroken).toBeGreaterThan(inFlight);
    expect(cases["rest late"]).toMatchObject({ brokenAtEnd: 0 });
  });

  it("leaves broken what no rollback takes back", () => {
    const { worst } = simulateChange(change(20, { ...threeStages, rollback: "none" }), good, 1);

    expect(worst.every(({ wholeMs, brokenAtEnd }) => wholeMs === null && brokenAtEnd > 0)).toBe(
      true,
    );
  });

  it("is played as such when it is assumed to be bad", () => {
    const bad = { ...good, badAfterMs: 60_000 };
    const simulation = simulateChange(change(20, threeStages), bad, 1);

    expect(simulation.runs).toMatchObject([{ outcome: "stopped", everBroken: 1, mostBroken: 1 }]);
    expect(simulation).toMatchObject({ takes: null, worst: [] });
    expect(simulation.stages.map(({ stage, stoppedMs }) => [stage, stoppedMs])).toEqual([
      ["canary", 60_000],
      ["early", null],
      ["rest", null],
    ]);
    expect(simulationText(simulation)).toContain("It goes no further after 1m25s: web: ");
  });
});

describe("a change that breaks late", () => {
  const fast: Spec = { ...threeStages, soak: "10s", maxInFlight: "100%", maxUnavailable: "100%" };

  it("is played until all of it has broken, when the rollout has long been through", () => {
    const sides = change(20, fast);
    const [late, through] = [3_600_000, null].map((badAfterMs) =>
      simulateChange(sides, { ...good, badAfterMs }, 1),
    );
    if (late === undefined || through === undefined) throw new Error("two are simulated");

    expect(late.takes).toEqual(through.takes);
    expect(late.runs).toMatchObject([
      { outcome: "done", everBroken: 20, mostBroken: 20, brokenAtEnd: 20 },
    ]);
    expect(late.timeline.at(-1)).toMatchObject({ done: 20, broken: 20 });
    expect(late.timeline.at(-1)?.atMs).toBeGreaterThan(3_600_000);
    expect(late.brokenSites).toHaveLength(20);
    expect(simulationText(late)).toContain(
      "Broken: 20 sites, 20 at once.\n20 sites stay broken until people act: s0, s1, s10 and 17 more.",
    );
    expect(simulationSvg(late)).toContain("20 sites broken at the end.");
    expect(through).toMatchObject({ brokenSites: [], runs: [{ everBroken: 0, brokenAtEnd: 0 }] });
  });

  it("breaks all where every stage has passed before, and the canary alone where its soak is longer", () => {
    const { runs, brokenSites } = simulateChange(
      change(20, { ...fast, rollback: "stage" }),
      { ...good, badAfterMs: 40_000 },
      1,
    );

    expect(runs).toMatchObject([{ outcome: "done", brokenAtEnd: 20 }]);
    expect(brokenSites).toHaveLength(20);
    const stopped = simulateChange(
      change(20, { ...fast, soak: "30s", rollback: "none" }),
      { ...good, badAfterMs: 40_000 },
      1,
    );
    expect(stopped.runs).toMatchObject([{ outcome: "stopped", everBroken: 1, brokenAtEnd: 1 }]);
    expect(stopped.brokenSites).toHaveLength(1);
  });
});

describe("3,000 sites", () => {
  it("are simulated in seconds, worst cases included", () => {
    const sides = change(3000, { ...threeStages, maxInFlight: "10%" });
    const before = process.cpuUsage();
    const { runs } = simulateChange(sides, good, 1);
    const { user, system } = process.cpuUsage(before);

    expect(runs).toMatchObject([{ outcome: "done" }]);
    expect((user + system) / 1e6).toBeLessThan(40);
  }, 120_000);
});
