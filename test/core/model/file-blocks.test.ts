import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blocksOf } from "../../../src/core/model/file-blocks.ts";
import type { SourceFile } from "../../../src/core/model/fleet-model.ts";
import { KnownFleet } from "../../../src/core/model/known-fleet.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { aFleet, appYaml, siteYaml } from "../../support/fleet.ts";

const file = (number: number, text: string): SourceFile => ({
  path: `sites/s${number}.yaml`,
  text,
});

function sorted(files: readonly SourceFile[]): readonly SourceFile[] {
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Some of these files come, go or change; a long one stands for a file of many sites. */
const edits = fc.array(
  fc.tuple(
    fc.nat({ max: 600 }),
    fc.constantFrom<string | null>("a", "b", "long ".repeat(1000), null),
  ),
  { minLength: 1, maxLength: 3 },
);

const fewFiles = sorted(Array.from({ length: 500 }, (_, number) => file(number, "a")));

describe("files in blocks", () => {
  it("are the files, in the same blocks whatever they were before", () => {
    fc.assert(
      fc.property(fc.array(edits, { minLength: 1, maxLength: 6 }), (commits) => {
        const files = new Map(fewFiles.map((each) => [each.path, each]));
        let before = blocksOf(fewFiles, []);
        for (const commit of commits) {
          for (const [number, text] of commit) {
            const { path } = file(number, "");
            if (text === null) files.delete(path);
            else files.set(path, file(number, text));
          }
          const all = sorted([...files.values()]);
          const blocks = blocksOf(all, before);
          expect(blocks.flat()).toEqual(all);
          expect(blocks).toEqual(blocksOf(all, []));
          // A file that changes may end its block, or end it no more.
          const fresh = blocks.filter((block) => !before.includes(block));
          expect(fresh.length).toBeLessThanOrEqual(commit.length * 2);
          before = blocks;
        }
      }),
      { numRuns: 50 },
    );
  });

  it("are few of them, and large files stand in none with files behind them", () => {
    const blocks = blocksOf(fewFiles, []);
    expect(blocks.length).toBeGreaterThan(2);
    expect(blocks.length).toBeLessThan(50);
    const large = Array.from({ length: 10 }, (_, number) => file(number, "long ".repeat(1000)));
    expect(blocksOf(large, []).map(({ length }) => length)).toEqual(Array(10).fill(1));
  });
});

describe("a fleet with a file for each site", () => {
  const names = Array.from({ length: 300 }, (_, number) => `s${number}`);
  const site = (name: string, tier: string): string =>
    siteYaml(name, { region: "east", labels: { tier, ring: "main" } });
  const siteFiles = Object.fromEntries(
    names.map((name) => [`sites/${name}.yaml`, site(name, "shop")]),
  );

  it("is what it is from nothing, with all mistakes, when files come, go and change", () => {
    const known = new KnownFleet();
    let fleet: Record<string, string | null> = siteFiles;
    const commits: Record<string, string | null>[] = [
      {},
      { "sites/s7.yaml": site("s7", "depot") },
      { "sites/s7.yaml": null, "sites/new.yaml": site("new", "depot") },
      { "sites/s8.yaml": site("s9", "shop") },
      { "sites/s8.yaml": "a: [b\n", "sites/s280.yaml": site("s280", "shop").replace("east", "no") },
      { "fleet.yaml": null },
      { "apps/more.yaml": appYaml("more", { manifests: "sites" }) },
      siteFiles,
    ];
    for (const commit of commits) {
      fleet = { ...fleet, ...commit };
      const [kept, fresh] = [loadFleet(aFleet(fleet), known), loadFleet(aFleet(fleet))];
      expect([kept.ok, kept.diagnostics]).toEqual([fresh.ok, fresh.diagnostics]);
      if (!kept.ok || !fresh.ok) continue;
      expect([...kept.value.sites.keys()]).toEqual([...fresh.value.sites.keys()]);
      expect(kept.value.sites.get("s7")?.value).toEqual(fresh.value.sites.get("s7")?.value);
    }
  });

  it("has the sites that it had when a file changes that holds none of them", () => {
    const known = new KnownFleet();
    const before = loadFleet(aFleet({ ...siteFiles, "sites/notes.txt": "a" }), known);
    const after = loadFleet(aFleet({ ...siteFiles, "sites/notes.txt": "b" }), known);
    if (!before.ok || !after.ok) throw new Error("the fleet has mistakes");
    expect(after.value.sites).toBe(before.value.sites);
    expect(after.diagnostics).toBe(before.diagnostics);
  });

  it("has the apps, virtual sites and regions that it had when one of its sites changes", () => {
    const known = new KnownFleet();
    const before = loadFleet(aFleet(siteFiles), known);
    const changed = { ...siteFiles, "sites/s0.yaml": site("s0", "depot") };
    const after = loadFleet(aFleet(changed), known);
    if (!before.ok || !after.ok) throw new Error("the fleet has mistakes");
    expect(after.value.sites).not.toBe(before.value.sites);
    for (const kind of ["apps", "virtualSites", "regions", "strategies"] as const) {
      expect([kind, after.value[kind] === before.value[kind]]).toEqual([kind, true]);
    }
  });
});
