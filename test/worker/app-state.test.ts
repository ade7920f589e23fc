import { describe, expect, it } from "vitest";
import { FleetError } from "../../src/core/errors.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import {
  type AppState,
  appReport,
  healthTimes,
  newAppState,
  noteUnseen,
  takeHealth,
} from "../../src/worker/app-state.ts";
import {
  noteFailed,
  takeOverdue,
  takeWorthTelling,
  untilNextLook,
  untilNextTry,
} from "../../src/worker/look-times.ts";
import type { AppRow } from "../../src/worker/state-store.ts";

const healthy = { status: "Healthy", message: "", unverified: 0 } as const;

describe("healthy times", () => {
  it("end with the last look, however long ago that was", () => {
    const state = newAppState("web");
    takeHealth(state, healthy, 1000);
    expect(healthTimes(state).now).toBe(0);
    takeHealth(state, healthy, 4000);
    // Nothing was seen since: no time passes.
    expect(healthTimes(state)).toEqual({ now: 3000, longest: 3000 });
  });

  it("do not grow while the app cannot be looked at, and end when that has lasted too long", () => {
    const state = newAppState("web");
    takeHealth(state, healthy, 1000);
    takeHealth(state, healthy, 2000);
    expect(noteUnseen(state, "no answer", { now: 3000, patienceMs: 5000 })).toBe(true);
    expect(healthTimes(state).now).toBe(1000);
    expect(state.health?.status).toBe("Healthy");
    expect(noteUnseen(state, "no answer", { now: 8000, patienceMs: 5000 })).toBe(true);
    expect(state.health?.status).toBe("Unknown");
    expect(healthTimes(state).now).toBe(0);
  });
});

describe("a report of an app", () => {
  const row = { release: "r", tree: "t", left: false, longestHealthyMs: 0, everHealthy: false };
  const lookedAt = (now: number, change: Partial<AppState> = {}): number | undefined => {
    const state = newAppState("web");
    // Only what is read here.
    Object.assign(state, { row, ...change });
    takeHealth(state, healthy, 1000);
    takeHealth(state, healthy, 2000);
    return appReport(state, { site: "s", isSiteBroken: false, now })?.lookedMs;
  };

  it("says how long ago it was looked at, where that was just now", () => {
    expect(lookedAt(2080)).toBe(80);
    expect(lookedAt(3000)).toBeUndefined();
  });

  it("says nothing of that where nobody can vouch for it any more", () => {
    expect(lookedAt(2080, { isToldOverdue: true })).toBeUndefined();
    expect(lookedAt(2080, { unseen: { since: 1500, reason: "no answer" } })).toBeUndefined();
  });
});

describe("the next try", () => {
  const clock = {
    ...systemClock(),
    now: () => Date.parse("2026-01-01T10:00:00Z"),
    random: () => 1,
  };
  // Of both, nothing else is asked for here.
  const context = {
    clock,
    config: { retryMs: 1000, retryMaxMs: 120_000 },
    link: { isBroken: () => false },
  } as Parameters<typeof noteFailed>[0];
  const asking = (seconds: number): FleetError =>
    new FleetError("CLUSTER_UNREACHABLE", "busy", { retry: { afterMs: seconds * 1000 } });

  it("comes when the answer asks for it, but not after more than five minutes, and that is told", () => {
    const state = newAppState("web");
    expect(noteFailed(context, state, asking(2))).toBe(2000);
    expect(state.delay).toBe("");
    expect(noteFailed(context, state, asking(60))).toBe(60_000);
    expect(state.delay).toContain("tried again at 2026-01-01T10:01:00Z (the answer asks for 60 s)");
    expect(noteFailed(context, state, asking(3600))).toBe(300_000);
    expect(state.delay).toContain("at 2026-01-01T10:05:00Z (the answer asks for 3600 s)");
    expect(noteFailed(context, state, undefined)).toBeLessThanOrEqual(120_000);
    expect(state.delay).toBe("");
  });

  it("is told of no longer once an attempt has succeeded", () => {
    const state = newAppState("web");
    noteFailed(context, state, asking(3600));
    expect(untilNextTry(context, state, "settled")).toBe(Infinity);
    expect(state.delay).toBe("");
  });
});

const row: AppRow = {
  site: "s1",
  app: "web",
  owner: "demo/web",
  namespace: "web",
  tree: "t1",
  release: null,
  left: false,
  isMixed: false,
  everHealthy: false,
  longestHealthyMs: 0,
  health: "",
  childSet: "",
  childParts: 0,
};

describe("the report of an app", () => {
  const report = (state: AppState, now: number) =>
    appReport(state, { site: "s1", isSiteBroken: false, now });

  it("AC-14: tells since when the tree stands apart from since when it is healthy", () => {
    const state = newAppState("web");
    state.row = row;
    state.appliedAt = 1000;
    takeHealth(state, healthy, 4000);
    takeHealth(state, healthy, 6000);
    expect(report(state, 8000.5)).toMatchObject({ appliedForMs: 7000, healthyForMs: 2000 });

    takeHealth(state, { ...healthy, status: "Degraded" }, 9000);
    expect(report(state, 9000)).toMatchObject({ appliedForMs: 8000, healthyForMs: 0 });
  });

  it("does not tell since when a tree stands that an earlier process applied, or that is none", () => {
    const state = newAppState("web");
    state.row = row;
    expect(report(state, 8000)).not.toHaveProperty("appliedForMs");
    state.appliedAt = 1000;
    state.row = { ...row, tree: null, left: true };
    expect(report(state, 8000)).not.toHaveProperty("appliedForMs");
  });
});

describe("the next look", () => {
  it("comes soon while an app settles, and seldom enough once it is well", () => {
    const state = newAppState("web");
    const next = (now: number): number =>
      untilNextLook(state, { now, settleMs: 1000, minReadyMs: 0 });
    expect(next(0)).toBe(Number.POSITIVE_INFINITY);
    state.row = row;
    state.target = { app: "web", tree: "t1" };
    expect(next(5000)).toBe(1000);

    let looks = 0;
    let now = 10_000;
    for (; now <= 25_000; now += next(now)) {
      takeHealth(state, healthy, now);
      // A break is seen before the app would count as well for much longer than it was.
      expect(next(now)).toBeLessThanOrEqual(Math.max(1000, healthTimes(state).now / 2));
      looks += 1;
    }
    expect(looks).toBeLessThanOrEqual(8);
  });

  it("comes just when it has been well for as long as its hand-over asks", () => {
    const state = newAppState("web");
    state.row = row;
    state.target = { app: "web", tree: "t1" };
    for (const minReadyMs of [1500, 10_000, 60_000]) {
      state.healthySince = null;
      let now = 100_000;
      let looks = 0;
      for (; healthTimes(state).now < minReadyMs; looks += 1) {
        takeHealth(state, healthy, now);
        now += untilNextLook(state, { now, settleMs: 1000, minReadyMs });
      }
      expect(healthTimes(state).now).toBe(minReadyMs);
      expect(takeWorthTelling(state, minReadyMs)).toBe(true);
      expect(looks).toBeLessThanOrEqual(13);
    }
  });

  it("is told when it comes after it was overdue, and else ever rarer", () => {
    const state = newAppState("web");
    takeHealth(state, healthy, 0);
    takeHealth(state, healthy, 100_000);
    expect(takeWorthTelling(state, 0)).toBe(true);
    takeHealth(state, healthy, 110_000);
    expect(takeWorthTelling(state, 0)).toBe(false);

    expect(takeOverdue([state], true)).toEqual(["web"]);
    takeHealth(state, healthy, 120_000);
    expect(takeWorthTelling(state, 0)).toBe(true);
    expect(takeWorthTelling(state, 0)).toBe(false);
  });

  it("comes sooner after a change, while it is not well", () => {
    const state = newAppState("web");
    state.row = row;
    state.target = { app: "web", tree: "t1" };
    state.appliedAt = 1000;
    const next = (now: number) => untilNextLook(state, { now, settleMs: 1000, minReadyMs: 0 });
    expect([next(1000), next(1800), next(5000)]).toEqual([250, 400, 1000]);
  });

  it("comes by no settling of its own where that takes too long", () => {
    const state = newAppState("web");
    state.row = row;
    state.target = { app: "web", tree: "t1" };
    expect(untilNextLook(state, { now: 11 * 60_000, settleMs: 1000, minReadyMs: 0 })).toBe(
      Number.POSITIVE_INFINITY,
    );
  });
});
