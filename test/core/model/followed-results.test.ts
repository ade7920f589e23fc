/** What is made of a fleet's entries commit by commit is what each commit makes from nothing. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FollowedFindings, FollowedResults } from "../../../src/core/model/followed-results.ts";
import { NamedEntries, type NamedPart } from "../../../src/core/model/named-entries.ts";

interface Thing {
  readonly size: number;
}

/** Commits: files by path, each with its things by name, of so many names; null: the file goes. */
function historiesOf(names: number) {
  const things = fc.uniqueArray(
    fc.tuple(fc.nat({ max: names - 1 }).map(String), fc.nat({ max: 3 })),
    { selector: ([name]) => name, maxLength: 5 },
  );
  const paths = fc.constantFrom("a", "b", "c", "d", "e", "f", "g");
  const commit = fc.dictionary(paths, fc.option(things), {
    minKeys: 1,
    maxKeys: 2,
    noNullPrototype: true,
  });
  return fc.array(commit, { minLength: 4, maxLength: 20 });
}

/** The parts after each step, in the order of their files: those of files that stay are the same objects. */
function partsOf(
  history: readonly Readonly<Record<string, readonly [string, number][] | null>>[],
): NamedPart<Thing>[][] {
  const standing = new Map<string, NamedPart<Thing>>();
  return history.map((step) => {
    for (const [path, things] of Object.entries(step)) {
      if (things === null) standing.delete(path);
      else
        standing.set(
          path,
          things.map(([name, size]) => [name, { size }] as const),
        );
    }
    return [...standing].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, part]) => part);
  });
}

function fromNothing(parts: readonly NamedPart<Thing>[]): ReadonlyMap<string, Thing> | undefined {
  const all = parts.flat();
  const map = new Map(all);
  return map.size < all.length ? undefined : map;
}

describe("entries of many files", () => {
  it("are after any history what the files say, in their order, and tell what has changed", () => {
    let twice = 0;
    let kept = 0;
    fc.assert(
      fc.property(historiesOf(30), (history) => {
        const known: [NamedEntries<Thing>, ReadonlyMap<string, Thing>][] = [];
        for (const parts of partsOf(history)) {
          const plain = fromNothing(parts);
          const entries = NamedEntries.of(parts, known.at(-1)?.[0]);
          expect(entries === undefined).toBe(plain === undefined);
          if (entries === undefined || plain === undefined) {
            twice += 1;
            continue;
          }
          known.push([entries, plain]);
          expect([...entries]).toEqual([...plain]);
          expect([entries.size, [...entries.keys()], [...entries.values()]]).toEqual([
            plain.size,
            [...plain.keys()],
            [...plain.values()],
          ]);
          for (let name = 0; name < 30; name++) {
            expect(entries.get(String(name))).toBe(plain.get(String(name)));
            expect(entries.has(String(name))).toBe(plain.has(String(name)));
          }
          expect(entries.isOf([...parts])).toBe(true);
          for (const [earlier, were] of known) {
            const names = new Set([...were.keys(), ...plain.keys()]);
            const others = [...names].filter((name) => were.get(name) !== plain.get(name));
            expect([...entries.changedSince(earlier)].toSorted()).toEqual(others.toSorted());
            if (others.length < names.size) kept += 1;
          }
        }
      }),
      { numRuns: 200 },
    );
    expect(twice).toBeGreaterThan(50);
    expect(kept).toBeGreaterThan(500);
  });
});

describe("results that follow entries", () => {
  it("are what they are from nothing, whatever else they go by, and are asked of nothing else", () => {
    let asked = 0;
    let all = 0;
    const findings = new FollowedFindings<Thing, string>();
    const sums = new FollowedResults<Thing, number>();
    const sum = (things: Iterable<Thing>): number =>
      [...things].reduce((total, { size }) => total + size, 0);
    const property = fc.property(
      historiesOf(1000),
      fc.array(fc.constantFrom(1, 2), { minLength: 20, maxLength: 20 }),
      (history, limits) => {
        let last: NamedEntries<Thing> | undefined;
        for (const [index, parts] of partsOf(history).entries()) {
          const plain = fromNothing(parts);
          const entries = NamedEntries.of(parts, last);
          if (entries === undefined || plain === undefined) continue;
          last = entries;
          const limit = limits[index] ?? 1;
          const find = ({ size }: Thing, name: string): string | undefined =>
            size > limit ? `${name} ${size}` : undefined;
          const found = findings.get(entries, [limit], (thing, name) => {
            asked += 1;
            return find(thing, name);
          });
          all += plain.size;
          const expected = [...plain].flatMap(([name, thing]) => {
            const one = find(thing, name);
            return one === undefined ? [] : [[name, one]];
          });
          expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
          expect(findings.get(entries, [limit], () => "other")).toBe(found);
          const total = sums.get(entries, [], {
            make: () => sum(entries.values()),
            follow: (before, { names, before: were, now }) =>
              before +
              sum(names.flatMap((name) => now.get(name) ?? [])) -
              sum(names.flatMap((name) => were.get(name) ?? [])),
          });
          expect(total).toBe(sum(plain.values()));
        }
      },
    );
    fc.assert(property, { numRuns: 200 });
    expect(asked).toBeLessThan(all * 0.75);
  });

  it("keep nothing of the entries before the last ones", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void; // what the flag gives
    const findings = new FollowedFindings<Thing, Thing>();
    const fixed: NamedPart<Thing> = ["a", "b", "c"].map((name) => [name, { size: 1 }] as const);
    const earlier: WeakRef<object>[] = [];
    let last: NamedEntries<Thing> | undefined;
    for (let commit = 0; commit <= 20; commit++) {
      if (last !== undefined) earlier.push(new WeakRef(last));
      last = NamedEntries.of([fixed, [["new", { size: commit }]]], last);
      if (last === undefined) throw new Error("a name stands twice");
      expect(findings.get(last, [], (thing) => thing).get("new")).toEqual({ size: commit });
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
    collect();
    expect(earlier.filter((each) => each.deref() !== undefined)).toEqual([]);
    expect(last?.get("a")).toEqual({ size: 1 });
  });
});
