import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FleetModel } from "../../../src/core/model/fleet-model.ts";
import { NamedEntries, type NamedPart } from "../../../src/core/model/named-entries.ts";
import { siteGroups, SiteGroups } from "../../../src/core/select/site-groups.ts";

describe("groups of sites", () => {
  it("keep what was joined last, and not all that was ever joined", () => {
    const names = Array.from({ length: 9 }, (_, number) => `s${number}`);
    const groups = SiteGroups.of(
      names.map((name) => ({ virtualSites: new Set(), profile: undefined, sites: [name] })),
    );
    const all = Array.from({ length: 2 ** 9 }, (_, bits) =>
      names.flatMap((_name, number) => ((bits >> number) & 1 ? number : [])),
    ).filter(({ length }) => length > 1);
    const joined = all.map((numbers) => groups.sitesOf(numbers));
    const again = all.toReversed().map((numbers) => groups.sitesOf(numbers));

    expect(again.toReversed()).toEqual(joined);
    const same = all.filter((_, index) => again.at(-1 - index) === joined[index]).length;
    expect(same).toBeGreaterThan(0);
    expect(same).toBeLessThanOrEqual(200);
  });

  it("keep as many as they may when these are asked for again", () => {
    const names = Array.from({ length: 201 }, (_, number) => `s${number}`);
    const groups = SiteGroups.of(
      names.map((name) => ({ virtualSites: new Set(), profile: undefined, sites: [name] })),
    );
    const pairs = Array.from({ length: 200 }, (_, number) => [number, number + 1]);
    const joined = pairs.map((numbers) => groups.sitesOf(numbers));
    for (const [index, numbers] of pairs.entries()) {
      expect(groups.sitesOf(numbers)).toBe(joined[index]);
    }
  });

  it("are after any history of sites what they are from nothing", () => {
    const site = fc.record({
      tier: fc.constantFrom("shop", "depot", "none"),
      ring: fc.constantFrom("canary", "main"),
      profile: fc.constantFrom(undefined, "Edge"),
    });
    const step = fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e"), fc.option(site), {
      maxKeys: 3,
      noNullPrototype: true,
    });
    let kept = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 8 }), (steps) => {
        const virtualSites = placedAt({
          all: undefined,
          shops: "tier=shop",
          canaries: "ring=canary",
        });
        let parts: ReadonlyMap<string, NamedPart<Located>> = new Map();
        let sites: NamedEntries<Located> | undefined;
        let before: SiteGroups | undefined;
        for (const changes of steps) {
          const now = new Map(parts);
          for (const [name, change] of Object.entries(changes)) {
            now.delete(name);
            if (change === null) continue;
            now.set(name, [[name, { value: siteOf(name, change) } as Located]]); // nothing else of it is asked
          }
          parts = now;
          sites = NamedEntries.of([...parts.values()], sites);
          if (sites === undefined) throw new Error("a name stands twice");
          const groups = siteGroups(virtualSites, sites);
          expect(toldOf(groups)).toEqual(toldOf(siteGroups(new Map(virtualSites), new Map(sites))));
          for (const one of groups.groups) {
            for (const name of one.sites) expect(groups.numbers.get(name)).toBe(one.number);
          }
          expect(groups.numbers.size).toBe(sites.size);
          if (groups.groups.some((one) => before?.groups.includes(one))) kept += 1;
          before = groups;
        }
      }),
      { numRuns: 300 },
    );
    expect(kept).toBeGreaterThan(100);
  });
});

type Located = FleetModel["sites"] extends ReadonlyMap<string, infer T> ? T : never;

function siteOf(
  name: string,
  { profile, ...labels }: { tier: string; ring: string; profile: string | undefined },
): Located["value"] {
  const spec = { region: "eu", ...(profile !== undefined && { profile }) };
  return { apiVersion: "flotilla.dev/v1alpha1", kind: "Site", metadata: { name, labels }, spec };
}

function placedAt(
  selectors: Readonly<Record<string, string | undefined>>,
): FleetModel["virtualSites"] {
  const entries = Object.entries(selectors).map(([name, selector]) => [
    name,
    { value: { spec: selector === undefined ? { all: true } : { selector } } },
  ]);
  return new Map(entries as [string, never][]); // nothing else of them is asked
}

/** Groups in their order, and what they join to. */
function toldOf(groups: SiteGroups): unknown {
  const numbers = groups.groups.map(({ number }) => number);
  return [
    groups.groups.map(({ virtualSites, profile, sites }) => [[...virtualSites], profile, sites]),
    groups.sitesOf(numbers),
    groups.sitesOf(numbers.slice(1)),
  ];
}
