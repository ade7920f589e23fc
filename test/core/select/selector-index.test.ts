import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Labels } from "../../../src/core/model/fleet-model.ts";
import { SelectorIndex } from "../../../src/core/select/selector-index.ts";
import {
  matchesSelector,
  parseSelector,
  type Selector,
} from "../../../src/core/select/selector.ts";
import { cpuTime } from "../../support/cpu-time.ts";

function selector(text: string): Selector {
  const parsed = parseSelector(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.selector;
}

const key = fc.constantFrom("a", "b", "c");
const value = fc.constantFrom("1", "2", "3", "x");
const requirement = fc.oneof(
  fc.tuple(key, fc.constantFrom("=", "!="), value).map((parts) => parts.join("")),
  fc
    .tuple(key, fc.constantFrom("in", "notin"), fc.array(value, { minLength: 1, maxLength: 3 }))
    .map(([k, operator, values]) => `${k} ${operator} (${values.join()})`),
  fc
    .tuple(key, fc.constantFrom(">", "<"), fc.constantFrom("1", "2"))
    .map((parts) => parts.join("")),
  key,
  key.map((k) => `!${k}`),
);
const selectors = fc.array(
  fc.array(requirement, { maxLength: 4 }).map((all) => selector(all.join())),
  { maxLength: 12 },
);
const labels: fc.Arbitrary<Labels> = fc.dictionary(key, value, { noNullPrototype: true });

describe("an index of selectors", () => {
  it("finds those that match, in order", () => {
    fc.assert(
      fc.property(selectors, labels, (all, own) => {
        const matching = all.flatMap((one, position) =>
          matchesSelector(one, own) ? position : [],
        );
        expect(new SelectorIndex(all).matching(own)).toEqual(matching);
      }),
      { numRuns: 2000 },
    );
  });

  it("asks each about all sites that it matches, and about none that lack the value it wants", () => {
    fc.assert(
      fc.property(selectors, fc.array(labels), (all, sites) => {
        const asked = new SelectorIndex(all).asked(sites);
        for (const [position, one] of all.entries()) {
          const matching = sites.filter((own) => matchesSelector(one, own)).length;
          expect(asked[position]).toBeGreaterThanOrEqual(matching);
          expect(asked[position]).toBeLessThanOrEqual(sites.length);
          const [wanted, ...others] = one.requirements;
          if (wanted?.operator !== "=" || others.length > 0) continue;
          expect(asked[position]).toBe(matching);
        }
      }),
    );
  });

  it.each([
    ["one each", (i: number) => `id=x${i}`],
    ["a few each, all of one tier", (i: number) => `tier=shop,id in (x${i},x${i + 1})`],
    ["a label of its own each", (i: number) => `x${i}`],
  ])("asks about sites of %s as often as there are", (_, text) => {
    const ask = (count: number): void => {
      const all = Array.from({ length: count }, (_each, i) => i);
      const index = new SelectorIndex(all.map((i) => selector(text(i))));
      for (const i of all) index.matching({ tier: "shop", id: `x${i}`, [`x${i}`]: "" });
    };
    ask(1000);
    const short = Math.max(1, ...[1, 2, 3].map(() => cpuTime(() => ask(1000))));

    expect(cpuTime(() => ask(10_000))).toBeLessThan(40 * short);
  });
});
