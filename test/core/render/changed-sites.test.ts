import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SourceFile } from "../../../src/core/model/fleet-model.ts";
import { KnownFleet } from "../../../src/core/model/known-fleet.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import {
  type RenderedFiles,
  renderFiles,
  renderWith,
} from "../../../src/core/render/render-files.ts";
import { noToolOutputs } from "../../../src/core/render/tools/tool-output.ts";
import type { Variant } from "../../../src/core/render/rendered.ts";
import { aFleet, appYaml, configMapYaml, siteYaml } from "../../support/fleet.ts";
import { startFromTables } from "../../support/start-from-tables.ts";

const site = fc.record(
  {
    tier: fc.constantFrom("shop", "depot"),
    ring: fc.constantFrom("canary", "main"),
    address: fc.option(fc.constantFrom("a.example", "b.example"), { nil: undefined }),
    values: fc.option(
      fc.constantFrom<object>(
        { a: 1 },
        { a: 2, unread: 1 },
        { m: { x: 1, y: 2 } },
        { a: "${site.name}" },
        { a: "${has(site.address) ? site.address : site.name}" },
      ),
      { nil: undefined },
    ),
  },
  { noNullPrototype: true },
);
type SiteChoice = typeof site extends fc.Arbitrary<infer T> ? T : never;
type Sites = Readonly<Record<string, SiteChoice>>;

const names = ["e1", "e2", "n1", "n2", "w1", "w2"];

/** e1 and w1 are there in any case: a selector of the strategy and the virtual sites need some site. */
const first = fc
  .tuple(
    fc.dictionary(fc.constantFrom("e2", "n1", "n2", "w2"), site, {
      minKeys: 3,
      noNullPrototype: true,
    }),
    site,
    site,
  )
  .map(([others, e1, w1]): Sites => ({ ...others, e1, w1 }));

/** One or two sites that come, or are others. */
const change = fc.dictionary(fc.constantFrom(...names), fc.option(site), {
  minKeys: 1,
  maxKeys: 2,
  noNullPrototype: true,
});

function changed(sites: Sites, changes: Readonly<Record<string, SiteChoice | null>>): Sites {
  const kept = { ...sites, ...changes };
  return Object.fromEntries(
    Object.entries(kept).flatMap(([name, choice]): [string, SiteChoice][] => {
      const known = choice ?? (["e1", "w1"].includes(name) ? sites[name] : undefined);
      return known === undefined ? [] : [[name, known]];
    }),
  );
}

const data = (merge: object): object => ({
  patches: [{ target: { kind: "ConfigMap", name: "settings" }, merge: { data: merge } }],
});

const workload = (spec: object): object => ({
  patches: [{ target: { kind: "Deployment", name: "web" }, merge: { spec } }],
});

const podLabel = (app: string): object => workload({ template: { metadata: { labels: { app } } } });

/** Objects that an API server refuses, at some sites or at all: warnings. */
const refused = [
  workload({ replica: 1 }),
  workload({ replicas: "${site.labels.tier == 'shop' ? 'two' : 'three'}" }),
  podLabel("${site.labels.tier == 'shop' ? 'web' : 'other'}"),
  podLabel("other"),
  workload({ selector: { matchLabels: { app: "${site.labels.ring}-${site.name}" } } }),
];

/**
 * What overlays do: set the same fields, so that some of them take back what others did; move; read values and peers; give
 * what is refused.
 */
const effects = [
  data({ k: "1" }),
  data({ k: "2" }),
  data({ k: "blue" }),
  data({ k: "${site.labels.tier == 'shop' ? 'blue' : '1'}" }),
  data({ k: "${site.labels.ring}", l: null }),
  data({ l: "${has(site.address) ? site.address : 'none'}" }),
  data({ l: "${string(has(values.a) ? values.a : 0)}" }),
  data({ m: "${has(values.m) && has(values.m.x) ? 'x' : 'no x'}" }),
  data({ p: "${sites('ring=canary').map(s, s.name).join()}" }),
  data({ q: "${sites('tier=shop').exists(s, has(s.values.a)) ? 'some' : 'none'}" }),
  data({ r: "${site.address}" }),
  { annotations: { a: "1" } },
  { annotations: { a: "2", b: "${site.name}" } },
  { namespace: "moved" },
  { namespace: "moved-${site.labels.tier}" },
  { namespace: "web" },
  { images: [{ name: "example.com/web", newTag: "2" }] },
  { images: [{ name: "example.com/none", newTag: "2" }] },
  { values: { a: 3 } },
  { values: { m: { x: "${site.name}" }, unread: 1 } },
  ...refused,
  { name: "both", values: { n: 1 }, annotations: { n: "${string(values.n)}" } },
];

const overlay: fc.Arbitrary<Overlay> = fc
  .tuple(fc.constantFrom("all", "all", "shops", "depots"), fc.constantFrom(...effects))
  .map(([virtualSite, effect]) => ({ virtualSites: [virtualSite], ...effect }));

interface Overlay extends Record<string, unknown> {
  readonly virtualSites: readonly string[];
}

/** Another overlay in place of one of them, mostly for the same sites. */
const edit = fc.oneof(
  { weight: 2, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.tuple(fc.nat({ max: 2 }), overlay, fc.nat({ max: 3 })) },
);

const app = fc.record({
  overlays: fc.array(overlay, { minLength: 1, maxLength: 5 }),
  expressions: fc.constantFrom(undefined, true),
  secret: fc.constantFrom("fixed", "ofSites", "absent", undefined),
  values: fc.constantFrom(undefined, { a: 7 }, { b: 7 }),
});
type AppChoice = typeof app extends fc.Arbitrary<infer T> ? T : never;

function edited(
  web: AppChoice,
  change: typeof edit extends fc.Arbitrary<infer T> ? T : never,
): AppChoice {
  if (change === undefined) return web;
  const [index, overlay, elsewhere] = change;
  const overlays = web.overlays.map((known, at) => {
    if (at !== index) return known;
    return elsewhere === 0 ? overlay : { ...overlay, virtualSites: known.virtualSites };
  });
  return { ...web, overlays };
}

function webYaml({ overlays, expressions, secret, values }: AppChoice): string {
  return appYaml("web", {
    spec: {
      source: { manifests: "manifests/web", ...(expressions === true && { expressions }) },
      overlays,
      ...(values !== undefined && { values }),
      ...(secret !== undefined && {
        plainSecrets: [{ name: "licence-canary" }, { name: "licence-main" }],
      }),
    },
  });
}

function secretYaml({ secret, expressions }: AppChoice): string | null {
  if (secret === undefined || secret === "absent") return null;
  const isOfSites = secret === "ofSites" && expressions === true;
  const name = isOfSites ? "licence-${site.labels.ring}" : "licence-main";
  const plain = "apiVersion: v1\nkind: Secret\nstringData: {key: free}\n";
  return `${plain}metadata: {name: "${name}"}\n`;
}

function filesOf(sites: Sites, choice: AppChoice): SourceFile[] {
  const absent = names.map((name) => [`sites/${name}.yaml`, null]);
  const texts = Object.entries(sites).map(([name, { tier, ring, address, values }]) => {
    const region = name.startsWith("w") ? "west" : "east";
    const spec = {
      ...(address !== undefined && { address }),
      ...(values !== undefined && { values }),
    };
    return [`sites/${name}.yaml`, siteYaml(name, { region, labels: { tier, ring }, spec })];
  });
  return aFleet({
    ...Object.fromEntries([...absent, ...texts]),
    "apps/web.yaml": webYaml(choice),
    "manifests/web/secret.yaml": secretYaml(choice),
    "manifests/web/settings.yaml": configMapYaml("settings", { k: "blue" }),
  });
}

/** All mistakes and warnings, and everything that sites get, to the byte, and where from. */
function contentOf(fleet: RenderedFiles): unknown {
  const { diagnostics } = fleet;
  if (!fleet.ok) return { diagnostics };
  const { rendered } = fleet;
  const variants = [...rendered.variants].map(([tree, { objects }]): [string, unknown] => [
    tree,
    objects.map(({ yaml }) => yaml),
  ]);
  const apps = [...rendered.apps.values()].map((each) => ({ ...each, sites: [...each.sites] }));
  return { diagnostics, apps, variants: new Map(variants) };
}

const warnings = [
  "reads the value",
  "effect left",
  "changes nothing",
  "has no Secret",
  "which its pods do not have",
  "(at site",
  " more)",
];

/** So that nothing of this is missing in all of them. */
function whatIsIn(fleet: RenderedFiles, started: RenderedFiles): readonly string[] {
  const told = fleet.diagnostics.flatMap(({ message }) =>
    warnings.filter((warning) => message.includes(warning)),
  );
  if (!fleet.ok || !started.ok) return told;
  const isMoved = (fleet.rendered.apps.get("web")?.movedTo.size ?? 0) > 0;
  const isFromTable = started.rendered.tables?.length === 0;
  return [
    "rendered",
    ...(isMoved ? ["moved"] : []),
    ...(isFromTable ? ["from a table"] : []),
    ...told,
  ];
}

describe("an app of which only some sites have changed", () => {
  it("comes to what it comes to from nothing, with all mistakes and warnings", () => {
    const seen = new Map<string, number>();
    const property = fc.property(
      app,
      first,
      fc.array(fc.tuple(change, edit), { minLength: 2, maxLength: 5 }),
      (first, at, then) => {
        const known = new KnownFleet();
        const disk = new Map<string, string>();
        let [sites, web] = [at, first];
        let variants: unknown[] = [];
        for (const [changes, overlay] of [[{}, undefined] as const, ...then]) {
          sites = changed(sites, changes);
          web = edited(web, overlay);
          const files = filesOf(sites, web);
          const kept = renderWith(loadFleet(files, known), noToolOutputs);
          const before = new Set(variants);
          variants = kept.ok ? [...kept.rendered.variants.values()] : [];
          if (overlay !== undefined && variants.some((each) => before.has(each))) {
            seen.set("kept", (seen.get("kept") ?? 0) + 1);
          }
          const started = startFromTables(files, disk);
          const cold = renderFiles(files);
          expect(contentOf(kept)).toEqual(contentOf(cold));
          expect(contentOf(started)).toEqual(contentOf(cold));
          for (const what of whatIsIn(cold, started)) seen.set(what, (seen.get(what) ?? 0) + 1);
        }
      },
    );
    fc.assert(property, { numRuns: 100 });
    const often = [...warnings, "moved", "from a table", "kept"];
    for (const what of often) expect([what, (seen.get(what) ?? 0) > 20]).toEqual([what, true]);
    expect(seen.get("rendered")).toBeGreaterThan(200);
  }, 240_000);

  it("is what it was at all other sites, also where it is warned of", () => {
    const web: AppChoice = {
      overlays: [{ virtualSites: ["all"], ...podLabel("${site.name}") }],
      expressions: undefined,
      secret: undefined,
      values: undefined,
    };
    const shop: SiteChoice = {
      tier: "shop",
      ring: "canary",
      address: undefined,
      values: undefined,
    };
    const known = new KnownFleet();
    const rendered = (sites: Sites): { told: string[]; objects: ReadonlyMap<string, unknown> } => {
      const fleet = renderWith(loadFleet(filesOf(sites, web), known), noToolOutputs);
      if (!fleet.ok) throw new Error(JSON.stringify(fleet.diagnostics));
      const { apps, variants } = fleet.rendered;
      const trees = [...(apps.get("web")?.sites ?? [])];
      return {
        told: fleet.diagnostics.flatMap(({ message }) => /\(at.*/.exec(message) ?? []),
        objects: new Map(trees.map(([site, tree]) => [site, variants.get(tree)?.objects])),
      };
    };
    const first = rendered({ e2: shop, n1: shop, w1: shop });
    const second = rendered({ e1: shop, e2: shop, n1: shop, w1: shop });

    expect([first.told, second.told]).toEqual([
      ["(at site e2 and 2 more)"],
      ["(at site e1 and 3 more)"],
    ]);
    const isSame = [...second.objects].map(([site, own]) => [
      site,
      own === first.objects.get(site),
    ]);
    expect(isSame).toEqual([
      ["e1", false],
      ["e2", true],
      ["n1", true],
      ["w1", true],
    ]);
  });

  it("is what it was where an overlay does not hold that has changed", () => {
    const shop: SiteChoice = {
      tier: "shop",
      ring: "canary",
      address: undefined,
      values: undefined,
    };
    const sites: Sites = { e1: shop, n1: shop, w1: shop, e2: { ...shop, tier: "depot" } };
    const known = new KnownFleet();
    const variantsWith = (colour: string): readonly (Variant | undefined)[] => {
      const overlays = [
        { virtualSites: ["all"], ...data({ l: "${site.name}" }) },
        { virtualSites: ["depots"], ...data({ k: colour }) },
      ];
      const web = { overlays, expressions: undefined, secret: undefined, values: undefined };
      const fleet = renderWith(loadFleet(filesOf(sites, web), known), noToolOutputs);
      if (!fleet.ok) throw new Error(JSON.stringify(fleet.diagnostics));
      const { apps, variants } = fleet.rendered;
      return [...(apps.get("web")?.sites.values() ?? [])].map((tree) => variants.get(tree));
    };
    const first = variantsWith("1");
    const isSame = variantsWith("2").map((variant, index) => variant === first[index]);
    expect(isSame).toEqual([true, false, true, true]);
  });

  it("has the warning of an overlay while later ones take it back at all of its sites", () => {
    const web: AppChoice = {
      overlays: [
        { virtualSites: ["all"], ...data({ l: "${site.name}" }) },
        { virtualSites: ["all"], ...data({ k: "1" }) },
        { virtualSites: ["depots"], ...data({ k: "2" }) },
        { virtualSites: ["all"], annotations: { a: "1" } },
      ],
      expressions: undefined,
      secret: undefined,
      values: undefined,
    };
    const shop: SiteChoice = {
      tier: "shop",
      ring: "canary",
      address: undefined,
      values: undefined,
    };
    const depot: SiteChoice = { ...shop, tier: "depot" };
    const allDepots: Sites = { e1: depot, e2: depot, n1: depot, n2: depot, w1: depot, w2: depot };
    const { n2: _gone, ...fewer } = allDepots;
    const known = new KnownFleet();
    const disk = new Map<string, string>();
    const told = (sites: Sites): string[] => {
      const files = filesOf(sites, web);
      const fleets = [
        renderWith(loadFleet(files, known), noToolOutputs),
        startFromTables(files, disk),
      ];
      return fleets.map(
        ({ diagnostics }) =>
          diagnostics.find(({ message }) => message.includes("effect left"))?.message ?? "none",
      );
    };
    const warning = "overlay 2 has no effect left at any site: later ones set the same anew";
    const [no, yes] = [
      ["none", "none"],
      [warning, warning],
    ];

    expect(told({ ...allDepots, n2: shop })).toEqual(no);
    expect(told(allDepots)).toEqual(yes);
    expect(told({ ...allDepots, w1: shop })).toEqual(no);
    expect(told({ ...allDepots, e1: shop })).toEqual(no);
    expect(told({ ...allDepots, n2: shop })).toEqual(no);
    expect(told(fewer)).toEqual(yes);
  });
});
