import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StepBudget } from "../../../src/core/expressions/step-budget.ts";
import { formatDiagnostic, sortDiagnostics } from "../../../src/core/model/diagnostic.ts";
import { KnownFleet } from "../../../src/core/model/known-fleet.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { SiteFacts } from "../../../src/core/render/site-facts.ts";
import {
  aFleet,
  appYaml,
  documentYaml,
  type FleetEdits,
  modelOf,
  regionYaml,
} from "../../support/fleet.ts";

const labels = { ring: "main", tier: "shop" };
const names = ["e1", "e2", "w1", "w2"];

/** Each site's values take as many steps as there are in the lists that they loop over. */
function files() {
  return aFleet(edits());
}

function edits(): FleetEdits {
  const sites = names.map((name, index) => {
    const list = JSON.stringify(Array.from({ length: 10 + index }, (_, number) => number));
    const spec = {
      region: name.startsWith("e") ? "east" : "west",
      values: { sum: `\${string(${list}.map(n, n + 1).size()) + site.name}` },
    };
    const labels = { ring: name === "e1" ? "canary" : "main", tier: "shop" };
    return [`sites/${name}.yaml`, documentYaml("Site", { name, labels }, spec)] as const;
  });
  const app = appYaml("web", {
    spec: {
      overlays: [
        {
          virtualSites: ["all"],
          annotations: { a: "${values.sum}", b: "${string(size(site.name) + values.none)}" },
        },
        { virtualSites: ["shops"], annotations: { c: "${site.name + values.gone}" } },
      ],
    },
  });
  return {
    ...Object.fromEntries(sites),
    "apps/web.yaml": app,
    "virtual-sites/depots.yaml": null,
  };
}

type Models = Pick<ReturnType<typeof modelOf>, "sites" | "regions">;

const shuffled = <T>(items: readonly T[]) =>
  fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });

describe("what expressions may take over all sites", () => {
  it("is used up by the same sites, whatever the order of sites and of who is asked for first", () => {
    const told = new Set<string>();
    const { sites: all, regions } = modelOf(files());
    const property = fc.property(shuffled([...all]), shuffled(names), (given, asked) => {
      const facts = new SiteFacts("test", { sites: new Map(given), regions }, new StepBudget(100));
      for (const name of asked) facts.of(name);
      told.add(sortDiagnostics(facts.mistakes()).map(formatDiagnostic).join("\n"));
    });
    fc.assert(property, { numRuns: 50 });

    expect(told.size).toBe(1);
    const [text = ""] = told;
    expect(text).toMatch(/^sites\/w1.yaml:4:\d+: error: the expressions here take more than 100 /);
  });

  it("is used up by the same sites, whatever was read of them before", () => {
    const told = ({ sites, regions }: Models, steps: number): string[] => {
      const facts = new SiteFacts("test", { sites, regions }, new StepBudget(steps));
      return sortDiagnostics(facts.mistakes()).map(formatDiagnostic);
    };
    const all = [60, 100, 200, 1000];
    const fromNothing = all.map((steps) => told(modelOf(files()), steps));
    expect(fromNothing.map(({ length }) => length)).toEqual([3, 2, 1, 0]);
    const readings = fc.array(fc.tuple(fc.subarray(names), fc.integer({ min: 0, max: 400 })));
    const property = fc.property(readings, (before) => {
      const { sites, regions } = modelOf(files());
      for (const [among, steps] of before) {
        const some = new Map([...sites].filter(([name]) => among.includes(name)));
        told({ sites: some, regions }, steps);
      }
      expect(all.map((steps) => told({ sites, regions }, steps))).toEqual(fromNothing);
    });
    fc.assert(property, { numRuns: 50 });
  });

  it("leaves nothing behind, where it is used up, in what is told of the sites of the next commit", () => {
    const known = new KnownFleet();
    const digestsOf = (commit: FleetEdits, steps: number, kept?: KnownFleet) => {
      const loaded = loadFleet(aFleet({ ...edits(), ...commit }), kept);
      if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
      return new SiteFacts("test", loaded.value, new StepBudget(steps)).digests();
    };
    const used = digestsOf({}, 60, known);
    const region = { "regions/north.yaml": regionYaml("north") };
    const site = {
      "sites/w2.yaml": documentYaml("Site", { name: "w2", labels }, { region: "west" }),
    };
    const after = digestsOf(site, 1000, known);
    expect(new Map(after)).toEqual(new Map(digestsOf(site, 1000)));
    expect(after.get("w1")).not.toBe(used.get("w1"));
    const later = digestsOf({ ...site, ...region }, 1000, known);
    expect(new Map(later)).toEqual(new Map(digestsOf({ ...site, ...region }, 1000)));
  });

  it("gives the same mistakes whatever the order of files", () => {
    const told = new Set<string>();
    const property = fc.property(shuffled(files()), (given) => {
      told.add(renderFiles(given).diagnostics.map(formatDiagnostic).join("\n"));
    });
    fc.assert(property, { numRuns: 30 });
    expect(told.size).toBe(1);
    expect([...told][0]).toContain("(at site e1 and 3 more)");
  });
});
