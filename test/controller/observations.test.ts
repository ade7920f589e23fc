import { describe, expect, it } from "vitest";
import { bookkeeping, sharedClusters } from "../../src/controller/bookkeeping.ts";
import { Observations } from "../../src/controller/observations.ts";
import { silenceChanges } from "../../src/controller/silences.ts";
import type { WorkerReport } from "../../src/core/protocol/worker-report.ts";
import type { ControlState } from "../../src/core/rollout/planner-types.ts";
import { manualClock } from "../support/manual-clock.ts";

const start = Date.parse("2026-01-01T00:00:00Z");

function world() {
  const clock = manualClock(start);
  const silentFrom = start - 60_000;
  return { clock, observations: new Observations({ clock, heartbeatMs: 1000, silentFrom }) };
}

function report(changes: Partial<WorkerReport> = {}): WorkerReport {
  return {
    worker: "w1",
    sequence: 1,
    full: true,
    head: "",
    epoch: 1,
    sites: [{ site: "a1", reachable: true, message: "" }],
    apps: [],
    stopped: {},
    refused: "",
    ...changes,
  };
}

const web: WorkerReport["apps"][number] = {
  site: "a1",
  app: "web",
  tree: "t",
  left: false,
  release: null,
  sync: "Synced",
  health: "Healthy",
  healthyForMs: 100,
  longestHealthyMs: 100,
  everHealthy: true,
  unverified: 0,
  objects: 1,
  message: "",
};

describe("a worker", () => {
  it("is silent until its first report, since the last thing that control recorded", () => {
    const { observations } = world();
    expect(observations.silentSince("east")).toBe(start - 60_000);
    observations.accept("east", report());
    expect(observations.silentSince("east")).toBeNull();
    expect(observations.endedSilences().get("east")).toEqual([{ from: start - 60_000, to: start }]);
  });

  it("is silent after three missed heartbeats, since it was last heard", () => {
    const { clock, observations } = world();
    observations.accept("east", report());
    clock.advance(3000);
    expect(observations.silentSince("east")).toBeNull();
    clock.advance(1);
    expect(observations.silentSince("east")).toBe(start);
  });

  it("that tells of ever new sites is asked for all that there is, and the others are forgotten", () => {
    const { observations } = world();
    observations.accept("east", report());
    const batch = 50_000;
    let sequence = 1;
    let told = 0;
    let isAsked = false;
    while (!isAsked && told < 1_000_000) {
      const sites = Array.from({ length: batch }, (_, index) => ({
        site: `s${told + index}`,
        reachable: true,
        message: "",
      }));
      sequence += 1;
      told += batch;
      isAsked = observations.accept("east", report({ full: false, sequence, sites })).resend;
    }
    expect(isAsked).toBe(true);
    observations.accept("east", report({ sequence: sequence + 1 }));
    expect(observations.siteReport("east", "s0")).toBeUndefined();
    expect(observations.siteReport("east", "a1")).toBeDefined();
  });

  it("that is expected to say something is worth a pass whatever it says, from that time on", () => {
    const { clock, observations } = world();
    observations.accept("east", report());
    const heartbeat = (sequence: number) =>
      observations.accept("east", report({ full: false, sites: [], sequence })).changed;
    observations.expect({ asks: new Map([["east", start + 1500]]), readyMs: new Set() });
    clock.advance(1000);
    expect(heartbeat(2)).toBe(false);
    clock.advance(600);
    expect(heartbeat(3)).toBe(true);
    clock.advance(400);
    const worker = observations.workerOf("east", { isAhead: false, head: null });
    expect(worker.heardAt).toBe(start + 1600);
  });

  it("that says again what is known is not worth a pass", () => {
    const { clock, observations } = world();
    const expected = { asks: new Map(), readyMs: new Set([1000, 2000]) };
    observations.accept("east", report({ apps: [web] }));
    const isWorthAPass = (sequence: number, changes: Partial<typeof web>): boolean => {
      observations.expect(expected);
      const apps = [{ ...web, ...changes }];
      return observations.accept("east", report({ full: false, sequence, apps })).changed;
    };
    const healthyFor = (ms: number) => ({ healthyForMs: ms, longestHealthyMs: ms });
    const after = (waitMs: number, sequence: number, ms: number): boolean => {
      clock.advance(waitMs);
      return isWorthAPass(sequence, healthyFor(ms));
    };
    expect(after(800, 2, 900)).toBe(false);
    expect(after(100, 3, 1000)).toBe(true);
    expect(after(900, 4, 1900)).toBe(false);
    expect(after(2000, 5, 3900)).toBe(true);
    expect(after(2000, 6, 5900)).toBe(false);
    // Of the same look once more: it seems to be healthy since later than it is, until the next look tells.
    expect(after(2000, 7, 5900)).toBe(false);
    expect(after(100, 8, 8000)).toBe(true);
    expect(isWorthAPass(9, { healthyForMs: 1, longestHealthyMs: 90_000 })).toBe(true);
    expect(isWorthAPass(10, { health: "Degraded", longestHealthyMs: 90_000 })).toBe(true);
  });

  it("is not worth a pass where only the time since it was applied has grown", () => {
    const { clock, observations } = world();
    observations.accept("east", report({ apps: [{ ...web, appliedForMs: 500 }] }));
    observations.expect({ asks: new Map(), readyMs: new Set() });
    clock.advance(900);
    const apps = [{ ...web, healthyForMs: 1000, appliedForMs: 1400 }];
    const later = observations.accept("east", report({ full: false, sequence: 2, apps }));
    expect(later.changed).toBe(false);
    const untold = observations.accept("east", report({ full: false, sequence: 3, apps: [web] }));
    expect(untold.changed).toBe(true); // the healthy time began anew
  });

  it("AC-14: lets since when an app stands and since when it is healthy be two times", () => {
    const { clock, observations } = world();
    const told = { ...web, appliedForMs: 500, healthyForMs: 100 };
    observations.accept("east", report({ apps: [told] }));
    const moments = () => observations.appMoments("east", "a1", "web");
    expect(moments()).toEqual({ appliedAt: start - 500, healthySince: start - 100 });
    let sequence = 1;
    const tell = (changes: Partial<typeof web>): void => {
      clock.advance(1000);
      sequence += 1;
      const apps = [{ ...told, appliedForMs: 500 + (sequence - 1) * 1000, ...changes }];
      observations.accept("east", report({ full: false, sequence, apps }));
    };

    tell({ message: "what was seen before, and something new" });
    expect(moments()).toEqual({ appliedAt: start - 500, healthySince: start - 100 });
    tell({ health: "Degraded", healthyForMs: 0 });
    expect(moments()).toEqual({ appliedAt: start - 500, healthySince: undefined });
    tell({ healthyForMs: 200 });
    expect(moments()).toEqual({ appliedAt: start - 500, healthySince: start + 2800 });
    tell({ tree: "u", appliedForMs: 300, healthyForMs: 200 });
    expect(moments()).toEqual({ appliedAt: start + 3700, healthySince: start + 3800 });
    expect(observations.appMoments("east", "a1", "db")).toBeUndefined();
  });

  it("AC-14: keeps since when an app stands while its worker starts again, as long as it is the same version", () => {
    const { clock, observations } = world();
    observations.accept("east", report({ apps: [{ ...web, appliedForMs: 500 }] }));
    const appliedAt = () => observations.appMoments("east", "a1", "web")?.appliedAt;
    let worker = 0;
    const restart = (changes: Partial<typeof web>): void => {
      clock.advance(1000);
      worker += 1;
      observations.accept(
        "east",
        report({ worker: `next-${worker}`, apps: [{ ...web, ...changes }] }),
      );
    };

    restart({});
    restart({ health: "Degraded", healthyForMs: 0 });
    expect(appliedAt()).toBe(start - 500);
    restart({ release: "web-2" });
    expect(appliedAt()).toBeUndefined();
    observations.accept(
      "east",
      report({ worker: `next-${worker}`, sequence: 2, apps: [{ ...web, appliedForMs: 100 }] }),
    );
    restart({ tree: null });
    expect(appliedAt()).toBeUndefined();
    restart({});
    expect(appliedAt()).toBeUndefined();
  });

  it("is worth a pass whatever it says of an app until one could plan", () => {
    const { observations } = world();
    observations.accept("east", report({ apps: [web] }));
    observations.expect(null);
    const again = report({ full: false, sequence: 2, sites: [], apps: [web] });
    expect(observations.accept("east", again).changed).toBe(true);
  });

  it("is worth a pass when it says something else of a site", () => {
    const { observations } = world();
    observations.accept("east", report());
    observations.expect({ asks: new Map(), readyMs: new Set() });
    const tell = (sequence: number, reachable: boolean): boolean => {
      const sites = [{ site: "a1", reachable, message: "" }];
      return observations.accept("east", report({ full: false, sequence, sites })).changed;
    };
    expect(tell(2, true)).toBe(false);
    expect(tell(3, false)).toBe(true);
  });

  it("that cannot be placed is asked for everything, and does not count as heard", () => {
    const { clock, observations } = world();
    const partial = { full: false, sites: [] };
    expect(observations.accept("east", report(partial)).resend).toBe(true);
    expect(observations.silentSince("east")).not.toBeNull();
    observations.accept("east", report());
    clock.advance(4000);
    expect(observations.accept("east", report({ ...partial, sequence: 3 })).resend).toBe(true);
    expect(
      observations.accept("east", report({ ...partial, worker: "w2", sequence: 2 })).resend,
    ).toBe(true);
    expect(observations.silentSince("east")).toBe(start);
    expect(observations.accept("east", report({ ...partial, sequence: 2 })).resend).toBe(false);
    expect(observations.silentSince("east")).toBeNull();
  });

  it("whose answer was lost may repeat itself without harm", () => {
    const { observations } = world();
    observations.accept("east", report({ apps: [web] }));
    const again = observations.accept("east", report({ apps: [{ ...web, health: "Degraded" }] }));
    expect(again).toEqual({ resend: false, changed: false, completes: false });
    expect(observations.appReport("east", "a1", "web")?.health).toBe("Healthy");
  });

  it("makes healthy times grow until it was last heard, and no longer", () => {
    const { clock, observations } = world();
    observations.accept("east", report({ apps: [web] }));
    const healthyFor = (): number | undefined =>
      observations.sitesOf("east", new Set(["a1"]))["a1"]?.apps["web"]?.healthyForMs;
    clock.advance(2000);
    expect(healthyFor()).toBe(100);
    observations.accept("east", report({ full: false, sequence: 2, sites: [] }));
    clock.advance(50_000);
    expect(healthyFor()).toBe(2100);
  });

  it("tells how long ago it looked, which counts for when an app became healthy", () => {
    const { clock, observations } = world();
    const since = (): number | undefined =>
      observations.appMoments("east", "a1", "web")?.healthySince;
    const healthyFor = (): number | undefined =>
      observations.sitesOf("east", new Set(["a1"]))["a1"]?.apps["web"]?.healthyForMs;
    observations.accept("east", report({ apps: [{ ...web, lookedMs: 80 }] }));
    expect(since()).toBe(start - 180);
    expect(healthyFor()).toBe(180);
    clock.advance(1000);
    const apps = [{ ...web, healthyForMs: 1050, longestHealthyMs: 1050, lookedMs: 130 }];
    observations.accept("east", report({ full: false, sequence: 2, apps }));
    expect(healthyFor()).toBe(1180);
    // That it was so at a stretch is known only of what was seen.
    const seen = observations.sitesOf("east", new Set(["a1"]))["a1"]?.apps["web"];
    expect(seen?.longestHealthyMs).toBe(1050);
  });

  it("says the last of what a pass waits for, or not yet", () => {
    const { clock, observations } = world();
    for (const mirror of ["east", "west", "north"]) observations.accept(mirror, report());
    const asks = new Map([
      ["east", start + 100],
      ["west", start + 100],
      ["north", start + 900],
    ]);
    observations.expect({ asks, readyMs: new Set() });
    const tell = (mirror: string, sequence: number) =>
      observations.accept(mirror, report({ full: false, sites: [], sequence }));
    expect(tell("east", 2)).toMatchObject({ changed: false, completes: false });
    clock.advance(100);
    expect(tell("north", 2)).toMatchObject({ changed: false, completes: false });
    expect(tell("east", 3)).toMatchObject({ changed: true, completes: false });
    expect(tell("west", 2)).toMatchObject({ changed: true, completes: true });
    expect(tell("west", 3)).toMatchObject({ completes: false });
    clock.advance(800);
    expect(tell("north", 3)).toMatchObject({ changed: true, completes: true });
  });

  it("is not believed about sites that its mirror does not serve", () => {
    const { observations } = world();
    observations.accept("east", report({ sites: [{ site: "b1", reachable: true, message: "" }] }));
    expect(observations.sitesOf("east", new Set(["a1"]))).toEqual({});
  });

  it("may report sites and apps of any name", () => {
    const { observations } = world();
    const names = ["constructor", "toString"];
    const sites = names.map((site) => ({ site, reachable: true, message: "" }));
    const apps = names.map((site) => ({ ...web, site, app: "valueOf" }));
    observations.accept("east", report({ sites, apps }));
    const seen = observations.sitesOf("east", new Set(names));
    expect(Object.keys(seen)).toEqual(names);
    expect(seen["constructor"]?.apps["valueOf"]?.tree).toBe("t");
  });
});

describe("a silence", () => {
  const control = (startedAt: string | null, silences: [string, string][] = []): ControlState =>
    ({
      head: null,
      epoch: 1,
      holds: [],
      sites: {},
      apps: { web: { current: {}, bad: [], open: startedAt === null ? [] : [{ startedAt }] } },
      workers: { east: { silences: silences.map(([from, to]) => ({ from, to })) } },
    }) as never; // only what is read here
  const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString();
  const silence = (from: number, to: number) =>
    new Map([["east", [{ from: start + from * 1000, to: start + to * 1000 }]]]);

  it("is recorded when a release was open in it, joined with those known, without older ones", () => {
    const known: [string, string][] = [
      [at(-90), at(-80)],
      [at(5), at(12)],
    ];
    const [change] = silenceChanges(control(at(0), known), silence(10, 20));
    expect(change).toMatchObject({
      path: "workers/east.json",
      record: { silences: [{ from: at(5), to: at(20) }] },
    });
  });

  it("is not recorded when no release was open in it, or when it is known already", () => {
    expect(silenceChanges(control(null), silence(10, 20))).toEqual([]);
    expect(silenceChanges(control(at(30)), silence(10, 20))).toEqual([]);
    expect(silenceChanges(control(at(0), [[at(10), at(20)]]), silence(10, 20))).toEqual([]);
  });
});

describe("a cluster", () => {
  it("that is recorded for one site is not recorded for another, and it is told", () => {
    const { observations } = world();
    const sites = ["a1", "a2"].map((site) => ({ site, reachable: true, message: "", uid: "u" }));
    observations.accept("east", report({ sites }));
    const east = { mirror: "east" };
    const state = {
      head: null,
      epoch: 1,
      holds: [],
      apps: {},
      workers: {},
      sites: { a1: east, a2: east },
    };
    const { changes } = bookkeeping(state, observations);
    expect(changes).toMatchObject([{ path: "sites/a1.json", record: { uid: "u" } }]);
    const recorded = { ...state, sites: { a1: { ...east, uid: "u" }, a2: east } };
    expect(bookkeeping(recorded, observations).changes).toEqual([]);
    expect(sharedClusters(recorded, observations)).toEqual([
      expect.stringMatching(/^site a2 reaches the cluster of site a1 \(u\)/),
    ]);
  });

  it("that an operator named is recorded as the worker tells it, and nobody else may have it by such a word", () => {
    const { observations } = world();
    observations.accept(
      "east",
      report({ sites: [{ site: "a1", reachable: true, message: "", uid: "u" }] }),
    );
    const named = (formerUid: string) => ({ mirror: "east", formerUid });
    const sites = { a1: named("typo"), a2: named("u"), a3: named("v") };
    const state = { head: null, epoch: 1, holds: [], apps: {}, workers: {}, sites };
    const { changes } = bookkeeping(state, observations);
    expect(changes.map(({ path, record }) => [path, record])).toEqual([
      ["sites/a1.json", { mirror: "east", uid: "u" }],
      ["sites/a2.json", { mirror: "east" }],
    ]);
  });
});
