import { describe, expect, it } from "vitest";
import { healthTimes, newAppState, noteUnseen, takeHealth } from "../../src/worker/app-state.ts";

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
