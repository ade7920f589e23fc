import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PatchedMap } from "../../../src/core/model/patched-map.ts";
import { PerSite } from "../../../src/core/render/per-site.ts";

const site = fc.integer({ min: 0, max: 500 }).map((number) => `s${number}`);
const changes = fc.uniqueArray(fc.tuple(site, fc.option(fc.constantFrom("a", "b", "c"))), {
  selector: ([name]) => name,
  minLength: 60,
  maxLength: 200,
});
const histories = fc.array(changes, { minLength: 5, maxLength: 8 });

function sorted<T>(values: Iterable<T>): readonly string[] {
  return [...values].map((value) => JSON.stringify(value)).toSorted();
}

describe("what many sites have", () => {
  it("is after any history what a map would be, and what it was before stays", () => {
    let wasLarge = 0;
    const property = fc.property(histories, (history) => {
      let patched = new PatchedMap<string, string>(new Map());
      let perSite = PerSite.of<string>(new Map());
      const plain = new Map<string, string>();
      const before: [PatchedMap<string, string>, PerSite<string>, Map<string, string>][] = [];
      const touched = new Set<string>();
      for (const step of history) {
        const now = new Map(
          step.flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
        );
        patched = patched.with(step.map(([name]) => [name, now.get(name)]));
        perSite = perSite.with(
          step.map(([name]) => name),
          now,
        );
        for (const [name, value] of step) {
          touched.add(name);
          if (value === null) plain.delete(name);
          else plain.set(name, value);
        }
        before.push([patched, perSite, new Map(plain)]);
      }
      if (touched.size > 300) wasLarge += 1;
      for (const [map, { bySite, distinct }, expected] of before) {
        expect(sorted(map)).toEqual(sorted(expected));
        expect(sorted(bySite)).toEqual(sorted(expected));
        expect([map.size, sorted(map.keys())]).toEqual([expected.size, sorted(expected.keys())]);
        expect(sorted(distinct)).toEqual(sorted(new Set(expected.values())));
        for (const name of touched) {
          expect([map.get(name), map.has(name)]).toEqual([expected.get(name), expected.has(name)]);
        }
      }
    });
    fc.assert(property, { numRuns: 60 });
    expect(wasLarge).toBeGreaterThan(5);
  });
});
