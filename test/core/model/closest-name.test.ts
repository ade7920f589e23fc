import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closestName, KnownNames } from "../../../src/core/model/closest-name.ts";
import { cpuTime } from "../../support/cpu-time.ts";

const known = ["region", "description", "location", "suspend", "maxInFlight"];

/** By its definition: each way to get from one to the other. */
function distanceOf(a: string, b: string): number {
  const known = new Map<string, number>();
  const from = (i: number, j: number): number => {
    if (i === 0 || j === 0) return i + j;
    const key = `${i} ${j}`;
    const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
    const distance =
      known.get(key) ??
      Math.min(
        from(i - 1, j) + 1,
        from(i, j - 1) + 1,
        from(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
        isSwap ? from(i - 2, j - 2) + 1 : Infinity,
      );
    known.set(key, distance);
    return distance;
  };
  return from(a.length, b.length);
}

describe("closestName", () => {
  it.each([
    ["regoin", "region"],
    ["Region", "region"],
    ["suspended", "suspend"],
    ["maxinflight", "maxInFlight"],
    ["descripton", "description"],
  ])("%s probably means %s", (typed, meant) => {
    expect(closestName(typed, known)).toBe(meant);
  });

  it.each(["bogusField", "x", "", "zone"])("has no guess for %j", (typed) => {
    expect(closestName(typed, known)).toBeUndefined();
  });

  it.each([
    ["ab", "ac"],
    ["ac", "aax"],
    ["a", "axx", "b"],
  ])("gives the same answer in whatever order %s, … come", (...names) => {
    expect(closestName("ax", names)).toBe(closestName("ax", names.toReversed()));
  });

  it("gives the first of the names with the fewest letters to change", () => {
    const names = fc.string({ unit: fc.constantFrom("a", "b", "C"), maxLength: 9 });
    fc.assert(
      fc.property(names, fc.array(names, { maxLength: 60 }), (typed, all) => {
        const farthest = Math.max(1, Math.min(3, Math.floor(typed.length / 3)));
        const [nearest] = all
          .map((name) => ({ name, distance: distanceOf(typed.toLowerCase(), name.toLowerCase()) }))
          .filter(({ distance }) => distance <= farthest)
          .toSorted((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));

        expect(closestName(typed, all)).toBe(nearest?.name);
      }),
      { numRuns: 2000 },
    );
  });

  it("takes no longer in eight times as many names, near or not", () => {
    const timeIn = (count: number): number => {
      const names = new KnownNames(Array.from({ length: count }, (_, i) => `shop-${100_000 + i}`));
      names.closest("shop-100000");
      return cpuTime(() => {
        for (let i = 0; i < 100; i++) {
          expect(names.closest(`shap-${100_000 + i}`)).toBe(`shop-${100_000 + i}`);
          expect(names.closest(`shop-zz${i}zz`)).toBeUndefined();
        }
      });
    };
    timeIn(5000);
    const short = Math.max(1, ...[1, 2, 3].map(() => timeIn(5000)));

    expect(timeIn(40_000)).toBeLessThan(4 * short);
  });

  it("has no guess for what is too long for a name, in no time", () => {
    const long = "ab".repeat(100_000);

    expect(closestName(`x${long}y`, [`y${long}x`])).toBeUndefined();
  });
});
