import { describe, expect, it } from "vitest";
import { effectsOf, effectTimes } from "../../src/demo/effect-times.ts";
import type { HandOver } from "../../src/demo/hand-overs.ts";

const handOver = (site: string, at: number, app = "web"): HandOver => ({
  site,
  app,
  at,
  source: "c1",
});
const write = (site: string, at: number, app = "web") => ({ site, app, at });

describe("the time to effect", () => {
  it("lasts from the hand-over to the last write of it at the site", () => {
    const effects = effectsOf([handOver("oslo", 100)], [write("oslo", 150), write("oslo", 180)]);
    expect(effects).toEqual([{ ...handOver("oslo", 100), appliedAt: 180 }]);
  });

  it("takes neither what was written before nor what belongs to another app, site or hand-over", () => {
    const handOvers = [handOver("oslo", 200), handOver("oslo", 100), handOver("rome", 100)];
    const writes = [
      write("oslo", 90),
      write("oslo", 120),
      write("oslo", 130, "till"),
      write("oslo", 230),
    ];
    expect(effectsOf(handOvers, writes).map(({ at, appliedAt }) => [at, appliedAt])).toEqual([
      [100, 120],
      [200, 230],
    ]);
  });

  it("is given as percentiles that were measured, by nearest rank", () => {
    const effects = Array.from({ length: 10 }, (_, index) => ({
      ...handOver(`s${index}`, 0),
      appliedAt: (10 - index) * 10,
    }));
    expect(effectTimes(effects)).toEqual({ p50: 50, p85: 90, p99: 100, max: 100 });
    expect(effectTimes(effects.slice(9))).toEqual({ p50: 10, p85: 10, p99: 10, max: 10 });
    expect(effectTimes([])).toBeNull();
  });
});
