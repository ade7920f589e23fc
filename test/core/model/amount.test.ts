import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAmount, resolveAmount } from "../../../src/core/model/amount.ts";

describe("parseAmount", () => {
  it.each([
    [3, { count: 3 }],
    [0, { count: 0 }],
    ["10%", { percent: 10 }],
    ["0%", { percent: 0 }],
    ["100%", { percent: 100 }],
  ])("reads %j", (value, amount) => {
    expect(parseAmount(value)).toEqual(amount);
  });

  it.each([-1, 1.5, NaN, "10", "101%", "-1%", "1.5%", "%", " 5%"])("refuses %j", (value) => {
    expect(parseAmount(value)).toBeUndefined();
  });
});

describe("resolveAmount", () => {
  it.each([
    [10, 37, 3],
    [10, 9, 1],
    [0, 37, 0],
    [100, 37, 37],
    [33, 3, 1],
    [50, 3, 1],
    [29, 100, 29],
  ])("%i % of %i is %i", (percent, total, sites) => {
    expect(resolveAmount({ percent }, total)).toBe(sites);
  });

  it("keeps a count as it is", () => {
    expect(resolveAmount({ count: 5 }, 3)).toBe(5);
    expect(resolveAmount({ count: 0 }, 3)).toBe(0);
  });

  it("never gives more than all, and at least one unless it is 0 %", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 20_000 }),
        (percent, total) => {
          const sites = resolveAmount({ percent }, total);
          expect(sites).toBeGreaterThanOrEqual(1);
          expect(sites).toBeLessThanOrEqual(total);
        },
      ),
    );
  });
});
