import { describe, expect, it } from "vitest";
import { SiteGroups } from "../../../src/core/select/site-groups.ts";

describe("groups of sites", () => {
  it("keep what was joined last, and not all that was ever joined", () => {
    const names = Array.from({ length: 9 }, (_, number) => `s${number}`);
    const groups = new SiteGroups(
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
    const groups = new SiteGroups(
      names.map((name) => ({ virtualSites: new Set(), profile: undefined, sites: [name] })),
    );
    const pairs = Array.from({ length: 200 }, (_, number) => [number, number + 1]);
    const joined = pairs.map((numbers) => groups.sitesOf(numbers));
    for (const [index, numbers] of pairs.entries()) {
      expect(groups.sitesOf(numbers)).toBe(joined[index]);
    }
  });
});
