import { describe, expect, it } from "vitest";
import { behaviourOf } from "../../../src/core/simulate/fleet-behaviour.ts";

const sites = Array.from({ length: 4000 }, (_, index) => `site-${index}`);
const assumed = {
  seed: 7,
  healthyAfter: { p50Ms: 20_000, p95Ms: 120_000 },
  failureRate: 0.05,
  offlinePercent: 0,
  start: "2026-11-27T00:00:00.000Z",
  approvalMs: 0,
  badAfterMs: null,
};

describe("how simulated sites behave", () => {
  it("has the assumed percentiles and share of failures, over many sites", () => {
    const behaviour = behaviourOf(assumed);
    const fates = sites.map((site) => behaviour({ app: "web", site }));
    const times = fates.map(({ healthyAfterMs }) => healthyAfterMs).toSorted((a, b) => a - b);
    const failing = fates.filter(({ breaksAfterMs }) => breaksAfterMs === 0).length;

    expect((times[2000] ?? 0) / 20_000).toBeCloseTo(1, 0.5);
    expect((times[3800] ?? 0) / 120_000).toBeCloseTo(1, 0.5);
    expect(failing / 4000).toBeGreaterThan(0.035);
    expect(failing / 4000).toBeLessThan(0.065);
  });

  it("is the same for a seed, and another for another seed or app", () => {
    const fateOf = (seed: number, app: string) =>
      behaviourOf({ ...assumed, seed })({ app, site: "oslo" });

    expect(fateOf(1, "web")).toEqual(fateOf(1, "web"));
    expect(fateOf(2, "web")).not.toEqual(fateOf(1, "web"));
    expect(fateOf(1, "shop")).not.toEqual(fateOf(1, "web"));
  });
});
