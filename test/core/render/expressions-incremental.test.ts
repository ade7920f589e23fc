import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Rendering } from "../../../src/controller/rendering.ts";
import type { SourceFile } from "../../../src/core/model/fleet-model.ts";
import { KnownFleet } from "../../../src/core/model/known-fleet.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { planChange, planSide } from "../../../src/core/plan/plan-change.ts";
import {
  type RenderedFiles,
  renderFiles,
  renderWith,
} from "../../../src/core/render/render-files.ts";
import type { Variant } from "../../../src/core/render/rendered.ts";
import { noToolOutputs } from "../../../src/core/render/tools/tool-output.ts";
import { renderApp } from "../../../src/core/render/render-fleet.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { startFromTables } from "../../support/start-from-tables.ts";
import { aFleet, appYaml, configMapYaml, siteYaml, virtualSiteYaml } from "../../support/fleet.ts";

/** What may be read, in ways that must not be mixed up. */
const texts = [
  "${site.name}",
  "${site.labels.tier}",
  "${site.labels['ring'] + site.region}",
  "${has(site.address) ? site.address : 'none'}",
  "${values.map(k, k).join(' ')}",
  "${string(has(values.a) ? values.a : 0)}",
  "${has(values.m) && has(values.m.x) ? 'x' : 'no x'}",
  "${sites('tier=shop').map(s, s.name + (has(s.address) ? s.address : '')).join(',')}",
  "${sites('ring=' + site.labels.ring).filter(s, s.name != site.name).map(s, s.name).join(',')}",
  "${sites('tier').exists(s, has(s.values.a)) ? 'some' : 'none'}",
  "${region.name}/${fleet.name}",
];

const values = fc.option(
  fc.record(
    { a: fc.integer({ min: 0, max: 2 }), m: fc.constantFrom({ x: 1 }, { y: 1 }, null) },
    { requiredKeys: [] },
  ),
  { nil: undefined },
);

const site = fc.record(
  {
    region: fc.constantFrom("east", "west"),
    tier: fc.constantFrom("shop", "depot"),
    ring: fc.constantFrom("canary", "main"),
    address: fc.option(fc.constantFrom("a.example", "b.example"), { nil: undefined }),
    values,
  },
  { noNullPrototype: true },
);
type SiteChoice = typeof site extends fc.Arbitrary<infer T> ? T : never;

/** e1 and w1 are there in any case: a selector of the strategy and the virtual sites need some site. */
const sites = fc
  .tuple(
    fc.dictionary(fc.constantFrom("e2", "w2", "n1", "n2", "n3"), site, { noNullPrototype: true }),
    site,
    site,
  )
  .map(([others, e1, w1]) => ({ ...others, e1, w1 }));

function siteText(name: string, { region, tier, ring, address, values: own }: SiteChoice): string {
  const spec = {
    ...(address !== undefined && { address }),
    ...(own !== undefined && { values: own }),
  };
  return siteYaml(name, { region, labels: { tier, ring, only: name }, spec });
}

/** `only`: the app is at this site alone; else at all. */
function fleetOf(
  chosen: Readonly<Record<string, SiteChoice>>,
  data: readonly string[],
  only?: string,
): SourceFile[] {
  const written = Object.fromEntries(data.map((text, index) => [`t${index}`, text]));
  const patch = { target: { kind: "ConfigMap" }, merge: { data: written } };
  const absent = { "sites/e2.yaml": null, "sites/w2.yaml": null };
  return aFleet({
    ...absent,
    ...Object.fromEntries(
      Object.entries(chosen).map(([name, choice]) => [
        `sites/${name}.yaml`,
        siteText(name, choice),
      ]),
    ),
    ...(only !== undefined && {
      "virtual-sites/only.yaml": virtualSiteYaml("only", `only=${only}`),
    }),
    "apps/web.yaml": appYaml("web", {
      virtualSites: [only === undefined ? "all" : "only"],
      spec: {
        source: { manifests: "manifests/web", expressions: true },
        values: { a: 7 },
        overlays: [
          { virtualSites: ["shops"], values: { m: { z: "${site.name.size()}" } } },
          { virtualSites: ["all"], patches: [patch] },
        ],
      },
    }),
    "manifests/web/settings.yaml": configMapYaml("settings", { first: data[0] ?? "" }),
  });
}

const someTexts = fc.subarray(texts, { minLength: 1 });

/** Sites with their trees; undefined where the fleet has mistakes. */
function treesOf(files: readonly SourceFile[]): Record<string, string> | undefined {
  const fleet = renderFiles(files);
  return fleet.ok ? Object.fromEntries(fleet.rendered.apps.get("web")?.sites ?? []) : undefined;
}

/** Everything that sites get, to the byte. */
function treesIn({ rendered }: Extract<RenderedFiles, { ok: true }>): unknown {
  const variants = [...rendered.variants].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [...rendered.apps].map(([name, { sites: trees, inputDigest }]) => [
    name,
    inputDigest,
    [...trees],
    variants.map(([tree, { objects }]) => [tree, objects.map(({ yaml }) => yaml)]),
  ]);
}

describe("rendering what expressions read", () => {
  it("gives every site what it gets alone, however many share the work", () => {
    let rendered = 0;
    fc.assert(
      fc.property(sites, someTexts, (chosen, data) => {
        const files = fleetOf(chosen, data);
        const trees = treesOf(files);
        if (trees === undefined) return;
        rendered += 1;
        for (const name of Object.keys(chosen)) {
          const alone = treesOf(fleetOf(chosen, data, name));
          expect([name, alone]).toEqual([name, { [name]: trees[name] }]);
        }
      }),
      { numRuns: 60 },
    );
    expect(rendered).toBeGreaterThan(40);
  }, 120_000);

  it("gives after any history of commits what it gives from nothing", async () => {
    const history = fc.array(fc.tuple(sites, someTexts), { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const commits = steps.map(([chosen, data]) => fleetOf(chosen, data));
        const kept = new Rendering((commit) => Promise.resolve(commits[Number(commit)] ?? []), {
          tools: { render: () => Promise.resolve(new Map()) },
          clock: systemClock(),
          onReady: () => undefined,
          signal: new AbortController().signal,
        });
        for (const [index, files] of commits.entries()) {
          const head = await kept.followed(String(index));
          const cold = renderFiles(files);
          expect(head.ok).toBe(cold.ok);
          if (!head.ok || !cold.ok) continue;
          expect(head.value.apps).toEqual(cold.rendered.apps);
          const older = await kept.app("web", "0", String(index));
          const first = renderFiles(commits[0] ?? []);
          const fresh = first.ok && renderApp(first.model, "web", { siteModel: cold.model });
          expect(older?.sites).toEqual(
            fresh !== false && fresh.ok ? fresh.value.app.sites : undefined,
          );
        }
      }),
      { numRuns: 30 },
    );
  });

  it("gives after any history of sites what they give from nothing, with all warnings", () => {
    let rendered = 0;
    let warned = 0;
    let fromTables = 0;
    fc.assert(
      fc.property(someTexts, fc.array(sites, { minLength: 3, maxLength: 6 }), (data, steps) => {
        const known = new KnownFleet();
        const disk = new Map<string, string>();
        for (const chosen of steps) {
          const files = fleetOf(chosen, data);
          const kept = renderWith(loadFleet(files, known), noToolOutputs);
          const started = startFromTables(files, disk);
          const cold = renderFiles(files);
          expect(kept.diagnostics).toEqual(cold.diagnostics);
          expect(started.diagnostics).toEqual(cold.diagnostics);
          if (!kept.ok || !started.ok || !cold.ok) continue;
          rendered += 1;
          if (kept.diagnostics.length > 0) warned += 1;
          if (started.rendered.tables?.length === 0) fromTables += 1;
          expect(treesIn(kept)).toEqual(treesIn(cold));
          expect(treesIn(started)).toEqual(treesIn(cold));
        }
      }),
      { numRuns: 60 },
    );
    expect(rendered).toBeGreaterThan(120);
    expect(warned).toBeGreaterThan(30);
    expect(fromTables).toBeGreaterThan(10);
  }, 120_000);

  it.each([
    ["its own site alone", "", "e1"],
    [
      "others that a site is one of",
      "${sites('ring=canary').map(s, s.address).join()}",
      "e1 e2 w1",
    ],
    ["others that a site is none of", "${sites('ring=main').map(s, s.name).join()}", "e1"],
    [
      "others that an expression names",
      "${sites('ring=' + 'main').map(s, s.name).join()}",
      "e1 e2 w1",
    ],
  ])("renders an app that speaks of %s anew where that matters", (_, text, anew) => {
    const canary: SiteChoice = {
      region: "east",
      tier: "shop",
      ring: "canary",
      address: "a.example",
      values: undefined,
    };
    const main = { ...canary, ring: "main" as const, tier: "depot" as const };
    const known = new KnownFleet();
    const variantsOf = (e1: SiteChoice): ReadonlyMap<string, Variant | undefined> => {
      const files = fleetOf({ e1, e2: main, w1: main }, ["${site.name} ${site.address}", text]);
      const fleet = renderWith(loadFleet(files, known), noToolOutputs);
      if (!fleet.ok) throw new Error(JSON.stringify(fleet.diagnostics));
      const { apps, variants } = fleet.rendered;
      const trees = [...(apps.get("web")?.sites ?? [])];
      return new Map(trees.map(([site, tree]) => [site, variants.get(tree)]));
    };
    const before = variantsOf(canary);
    const after = variantsOf({ ...canary, address: "b.example" });
    const changed = [...after.keys()].filter((site) => before.get(site) !== after.get(site));
    expect(changed.join(" ")).toBe(anew);
  });

  it("shows in the plan what a peer's change does, as a release of the sites that name it", () => {
    const shop: SiteChoice = {
      region: "east",
      tier: "shop",
      ring: "canary",
      address: "a.example",
      values: undefined,
    };
    const depot: SiteChoice = { ...shop, tier: "depot", ring: "main" };
    const before = { e1: shop, w1: { ...shop, region: "west" as const }, e2: depot };
    const after = { ...before, w1: { ...before.w1, address: "b.example" as const } };
    const joins =
      "${site.labels.tier == 'shop' ? sites('tier=shop').map(s, s.address).join(',') : 'none'}";
    const base = planSide("base", renderFiles(fleetOf(before, [joins])));
    const head = planSide("head", renderFiles(fleetOf(after, [joins])));
    if (!base.ok || !head.ok) throw new Error("a fleet has mistakes");
    const plan = planChange(base.side, head.side, 0);

    expect(plan.releases.map(({ app, kind, sites: count }) => [app, kind, count])).toEqual([
      ["web", "site", 2],
    ]);
    expect(plan.sites.map((each) => each.site)).toEqual(["e1", "w1"]);
  });
});
