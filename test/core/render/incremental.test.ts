/** Whatever has become of a fleet, commit by commit: what is kept between them never shows in what comes out. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SourceFile } from "../../../src/core/model/fleet-model.ts";
import { KnownFleet } from "../../../src/core/model/known-fleet.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { planChange, planSide } from "../../../src/core/plan/plan-change.ts";
import {
  neededByLoaded,
  type RenderedFiles,
  renderWith,
} from "../../../src/core/render/render-files.ts";
import { renderApp } from "../../../src/core/render/render-fleet.ts";
import type { AppRendering } from "../../../src/core/render/placed-rendering.ts";
import type { ToolOutputs } from "../../../src/core/render/tools/tool-output.ts";
import { neededTools, type ToolRequest } from "../../../src/core/render/tools/tool-requests.ts";
import { siteFacts } from "../../../src/core/rollout/fleet-facts.ts";
import { startFromTables } from "../../support/start-from-tables.ts";
import {
  aFleet,
  appYaml,
  configMapYaml,
  documentYaml,
  fleetYaml,
  regionYaml,
  siteYaml,
  virtualSiteYaml,
} from "../../support/fleet.ts";

const patch = (data: object): object => ({ target: { kind: "ConfigMap" }, merge: { data } });
const overlay = (virtualSites: string, rest: object): object => ({
  virtualSites: [virtualSites],
  ...rest,
});
const shop = { tier: "shop", ring: "main" };
const depot = { tier: "depot", ring: "main" };
const site = (name: string, labels: Record<string, string>, spec: object = {}): string =>
  siteYaml(name, { region: "east", labels, spec: { ...spec } });
const web = (overlays: readonly object[], more: object = {}): string =>
  appYaml("web", { spec: { overlays, ...more } });
const profile = (name: string, spec: object): string =>
  documentYaml("Profile", { name }, { ...spec });
const chart = (more: object): string =>
  documentYaml(
    "App",
    { name: "chart" },
    {
      namespace: "chart",
      source: { chart: "charts/c" },
      placement: { virtualSites: ["all"] },
      ...more,
    },
  );
const definition = (scope: string): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec: {group: example.com, scope: ${scope}, names: {kind: Thing, plural: things}, versions: [{name: v1}]}
`;
const thing = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: one}\nspec: {a: 1}\n";
const fleet = (spec: object): string =>
  fleetYaml({ rollout: { strategy: "standard" }, tools: { helm: "4.2.3" }, ...spec });

/** What may stand at a path; null: nothing. The first is what stands there at the beginning, and more often later. */
const choices: Readonly<Record<string, readonly [string | null, ...(string | null)[]]>> = {
  "fleet.yaml": [
    fleet({}),
    fleet({ kubernetes: { version: "1.33" } }),
    fleet({ kubernetes: { version: "1.20" } }),
    fleet({ labels: { tier: { values: ["shop", "depot"] }, ring: {}, extra: {} } }),
    fleet({ labels: { tier: { values: ["shop"] }, ring: {} } }),
    fleet({ ignore: ["manifests/web/more.yaml"] }),
    fleetYaml({ rollout: { strategy: "standard" } }),
  ],
  "regions/east.yaml": [regionYaml("east"), regionYaml("east", { timeZone: "Asia/Tokyo" })],
  "regions/nowhere.yaml": [null, regionYaml("nowhere")],
  "sites/e1.yaml": [
    site("e1", { ...shop, ring: "canary" }),
    site("e1", { ...shop, ring: "canary", extra: "x" }),
    site("e1", { ...depot, ring: "canary" }, { values: { a: 2 } }),
    `${site("e1", { ...shop, ring: "canary" })}---\n${site("e3", depot)}`,
    site("e1", { ...shop, ring: "canary" }, { kubernetes: { version: "1.20" } }),
    site("e1", { ...shop, ring: "canary" }, { profile: "edge" }),
    site("e1", { ...shop, ring: "canary" }, { profile: "own" }),
    site("e1", { ...shop, ring: "canary" }, { timeZone: "Mars/Olympus" }),
    site("e1", { ...shop, ring: "canary" }, { profile: "nowhere" }),
  ],
  "sites/e2.yaml": [
    site("e2", depot),
    site("e2", depot, { timeZone: "Asia/Tokyo" }),
    site("e2", depot, { kubernetes: { version: "1.30" } }),
    site("e2", depot, { values: { a: 1, b: { c: 2 } } }),
    site("e2", depot).replace('"region":"east"', '"region": "east", "values": {"on": no}'),
    site("e2", depot).replace("east", "nowhere"),
    site("e2", depot).replaceAll("e2", "w2"),
    `${site("e2", depot)}---\n${site("e5", { ...shop, extra: "x" })}---\n${site("e6", depot)}`,
    site("e2", depot, { values: { a: "${site.region}" }, address: "a.example" }),
    site("e2", depot, { suspend: true }),
    site("e2", { ...depot, extra: "x" }),
    "apiVersion: flotilla.dev/v1alpha1\nkind: Site\nmetadata: {name: e2\n",
    "a: [b\n",
    null,
  ],
  "sites/moved/e2.yaml": [null, site("e2", depot), site("e4", shop), site("e6", shop)],
  "sites/w2.yaml": [site("w2", depot), site("w2", { tier: "kiosk", ring: "main" }), null],
  "virtual-sites/shops.yaml": [
    virtualSiteYaml("shops", "tier=shop"),
    virtualSiteYaml("shops", "tier in (shop,kiosk)"),
    virtualSiteYaml("shops", "extra!=x"),
    virtualSiteYaml("shops", "tier in (shop"),
  ],
  "profiles/own.yaml": [
    null,
    profile("own", { overlays: [{ labels: { a: "own" } }] }),
    profile("own", { extends: "edge", values: { b: "own" } }),
  ],
  "profiles/nowhere.yaml": [null, profile("nowhere", {})],
  "profiles/edge.yaml": [
    null,
    profile("edge", { extends: "edge", overlays: [{ labels: { a: "e" } }] }),
  ],
  "virtual-sites/extra.yaml": [virtualSiteYaml("extra", "extra=x")],
  "apps/web.yaml": [
    web([]),
    web([overlay("shops", { replicas: [{ name: "web", count: 3 }], labels: { a: "b" } })]),
    web([
      overlay("shops", { patches: [patch({ colour: "red" })] }),
      overlay("all", { images: [{ name: "example.com/web", newTag: "2" }] }),
    ]),
    web([overlay("depots", { patches: [patch({ peer: "${site.name}" })] })]),
    web([overlay("all", { patches: [patch({ peers: "${sites('tier=shop').map(s, s.name)}" })] })]),
    web([overlay("all", { patches: [patch({ to: "${site.address}" })] })]),
    web([overlay("shops", { labels: { a: "${values.b}" }, values: { b: "x" } })]),
    web([overlay("shops", { patches: [{ ...patch({}), target: { kind: "Secret" } }] })]),
    web([overlay("extra", { labels: { a: "b" } })]),
    web([overlay("all", { labels: { zone: "${has(site.timeZone) ? 'some' : 'none'}" } })]),
    web([], { source: { manifests: "manifests/web", expressions: true }, values: { a: 1 } }),
    web([], { kubernetes: { min: "1.30" } }),
    web([overlay("shops", { namespace: "moved" })], { secrets: [{ name: "db" }] }),
    web([overlay("shops", { labels: { a: "${values.b}" }, values: { b: "x" } })], {
      profile: "own",
    }),
    null,
  ],
  "apps/till.yaml": [
    appYaml("till", { virtualSites: ["shops"] }),
    appYaml("till", { virtualSites: ["shops"], manifests: "manifests/web" }),
    appYaml("till", { virtualSites: ["depots"], spec: { onRemoval: "orphan" } }),
    appYaml("till", { virtualSites: ["nowhere"] }),
    appYaml("renamed", { manifests: "manifests/till" }),
  ],
  "apps/chart.yaml": [
    null,
    chart({ values: { a: 1 } }),
    chart({ values: { at: "${site.name}" } }),
    chart({ overlays: [overlay("shops", { values: { a: 2 }, labels: { c: "d" } })] }),
  ],
  "charts/c/Chart.yaml": ["apiVersion: v2\nname: c\nversion: 1.0.0\n"],
  "charts/c/templates/a.yaml": ["{{ .Values | toJson }}\n", "# {{ .Values | toJson }}\n"],
  "manifests/web/settings.yaml": [
    configMapYaml("settings", { colour: "blue" }),
    configMapYaml("settings", { colour: "green" }),
    configMapYaml("settings", { at: "${site.name} ${has(values.a) ? string(values.a) : ''}" }),
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings\n",
    null,
  ],
  "manifests/web/more.yaml": [
    null,
    configMapYaml("more"),
    configMapYaml("settings"),
    thing,
    "apiVersion: v1\nkind: Secret\nmetadata: {name: open}\nstringData: {a: b}\n",
    "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: old}\nspec: {}\n",
  ],
  "manifests/till/settings.yaml": [
    configMapYaml("till", { currency: "EUR" }),
    `${configMapYaml("till")}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shared}\n`,
  ],
  "manifests/till/things.yaml": [null, definition("Namespaced"), definition("Cluster")],
  "manifests/web/shared.yaml": [
    null,
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shared}\n",
  ],
};

const paths = Object.keys(choices);
const edit = fc.tuple(
  fc.constantFrom(...paths),
  fc.oneof(fc.constant(0), fc.nat({ max: 10 }), fc.nat({ max: 10 })),
);
/** Edits of one commit, and in what order its files come. */
const commit = fc.tuple(fc.array(edit, { minLength: 1, maxLength: 2 }), fc.nat());

const gadgets = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "gadgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Cluster",
    names: { kind: "Gadget", plural: "gadgets" },
    versions: [{ name: "v1" }],
  },
};

/** As kustomize or Helm would have given them: a function of the request. */
function toolsFor(requests: readonly ToolRequest[]): ToolOutputs {
  return new Map(
    requests.map(({ key, chart: inputs, source }) => {
      const data = { values: JSON.stringify(inputs?.values), digest: source.digest };
      const metadata = { name: "chart" };
      const object = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
      const file = "charts/c/templates/a.yaml";
      return [
        key,
        { objects: [object, gadgets].map((each) => ({ file, object: each })), problems: [] },
      ];
    }),
  );
}

function render(files: readonly SourceFile[], known?: KnownFleet): RenderedFiles {
  const loaded = loadFleet(files, known);
  return renderWith(loaded, toolsFor(neededByLoaded(loaded)));
}

/** Everything that can be seen of a rendered fleet. */
function seen(fleetFiles: RenderedFiles): unknown {
  if (!fleetFiles.ok) return fleetFiles;
  const { model, rendered, diagnostics } = fleetFiles;
  const places = [...model.sites, ...model.apps].map(([name, one]) => [name, one.at(["spec"])]);
  const facts = [...siteFacts(model)];
  return {
    diagnostics,
    places,
    facts,
    apps: [...rendered.apps.values()].map(seenApp).concat(variants()),
  };

  function variants(): unknown {
    const all = [...rendered.variants.values()].toSorted((a, b) => (a.tree < b.tree ? -1 : 1));
    return all.map(({ tree, objects }) => [tree, objects, objects.map(({ yaml }) => yaml)]);
  }
}

function seenApp({ sites, movedTo, ...app }: AppRendering["app"]): unknown {
  const moved = [...movedTo].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { ...app, moved, sites: [...sites], size: sites.size, first: sites.get("e1") ?? null };
}

/** What going from one to the other does, in words and bytes; null where one of them has mistakes. */
function planned(before: RenderedFiles, after: RenderedFiles): unknown {
  const [base, head] = [planSide("base", before), planSide("head", after)];
  if (!base.ok || !head.ok || !before.ok || !after.ok) return null;
  return planChange({ ...base.side, tools: toolsAt(before, after) }, head.side, 0);
}

type Valid = Extract<RenderedFiles, { ok: true }>;

/** What the tools of one commit give at the sites of both. */
function toolsAt({ model, tools }: Valid, { model: siteModel }: Valid): ToolOutputs {
  return new Map([...tools, ...toolsFor(neededTools({ model, siteModel }))]);
}

/** An app as one commit has it, at the sites of another. */
function older(before: RenderedFiles, after: RenderedFiles): unknown {
  if (!before.ok || !after.ok || !before.model.apps.has("web")) return null;
  const { model } = before;
  const tools = toolsAt(before, after);
  const rendered = renderApp(model, "web", { siteModel: after.model, tools });
  return rendered.ok ? seenApp(rendered.value.app) : rendered.diagnostics;
}

function shuffled(files: readonly SourceFile[], seed: number): SourceFile[] {
  const rank = ({ path }: SourceFile): number =>
    path.split("").reduce((sum, char) => (sum * 31 + char.charCodeAt(0) + seed) % 9973, seed);
  return files.toSorted((a, b) => rank(a) - rank(b));
}

type Edits = Readonly<Record<string, string | null>>;

/** Plays commits, each as it is after all edits so far, and compares what is kept with what is made from nothing. */
const beginning: Edits = Object.fromEntries(
  paths.map((path) => [path, choices[path]?.[0] ?? null]),
);

class History {
  readonly #known = new KnownFleet();
  /** What starts have written. */
  readonly #disk = new Map<string, string>();
  #stands: Edits = beginning;
  #last: { kept: RenderedFiles; fresh: RenderedFiles } | undefined;
  valid = 0;
  plans = 0;

  /** What is seen of the fleet then, with what is kept, at a start with what earlier ones wrote, and from nothing. */
  commit(
    edits: Edits,
    order = 0,
  ): { readonly kept: string; readonly started: string; readonly fresh: string } {
    this.#stands = { ...this.#stands, ...edits };
    const kept = render(shuffled(aFleet(this.#stands), order), this.#known);
    const fresh = render(aFleet(this.#stands));
    const before = this.#last ?? { kept, fresh };
    this.#last = { kept, fresh };
    if (kept.ok) this.valid += 1;
    if (planned(before.kept, kept) !== null) this.plans += 1;
    const started = startFromTables(aFleet(this.#stands), this.#disk, (loaded) =>
      toolsFor(neededByLoaded(loaded)),
    );
    return {
      kept: allOf(before.kept, kept),
      started: allOf(before.fresh, started),
      fresh: allOf(before.fresh, fresh),
    };
  }
}

function allOf(before: RenderedFiles, after: RenderedFiles): string {
  return JSON.stringify([seen(after), planned(before, after), older(before, after)]);
}

const choice = (path: string, holding: string): Edits => {
  const text = choices[path]?.find((each) => each?.includes(holding));
  if (text === undefined) throw new Error(`nothing in ${path} holds ${holding}`);
  return { [path]: text };
};

/** Commits in which something counts that stands elsewhere than in what is kept. */
const histories: Readonly<Record<string, readonly Edits[]>> = {
  "a site takes a profile, whose overlays stand in front of those of the app": [
    {
      ...choice("apps/web.yaml", "${site.name}"),
      "profiles/own.yaml": profile("own", {
        overlays: [{ labels: { a: "own" } }, { labels: { b: "own" } }],
      }),
    },
    choice("sites/e2.yaml", "tier"),
    choice("sites/e1.yaml", '"own"'),
    { "sites/e2.yaml": null },
  ],
  "an expression names the kind of an object, and a definition its scope": [
    {
      ...choice("apps/web.yaml", '"expressions":true'),
      "manifests/web/more.yaml": thing.replace("kind: Thing", "kind: ${'Thi' + 'ng'}"),
      ...choice("manifests/till/things.yaml", "Namespaced"),
    },
    choice("manifests/till/things.yaml", "Cluster"),
  ],
  "an overlay loses its only site": [
    { ...choice("apps/web.yaml", '"extra"'), ...choice("sites/e1.yaml", '"extra"') },
    choice("sites/e1.yaml", '"tier":"shop","ring":"canary"}'),
  ],
  "a region's data change what an app reads": [
    choice("apps/web.yaml", "site.timeZone"),
    choice("regions/east.yaml", "Tokyo"),
  ],
  "the Fleet says which Kubernetes its sites have": [
    { "apps/web.yaml": web([], { kubernetes: { min: "1.30" } }) },
    choice("fleet.yaml", "1.33"),
    choice("fleet.yaml", "1.20"),
  ],
  "a file is gone, then broken, while a name leads nowhere": [
    { ...choice("apps/till.yaml", "nowhere"), "sites/e2.yaml": null },
    choice("sites/e2.yaml", "a: [b"),
  ],
  "two apps come to have the same object": [
    choice("manifests/till/settings.yaml", "shared"),
    choice("manifests/web/shared.yaml", "shared"),
    { "manifests/till/settings.yaml": configMapYaml("till") },
  ],
  "a definition changes the scope of another app's object": [
    { ...choice("manifests/till/things.yaml", "Namespaced"), "manifests/web/more.yaml": thing },
    choice("manifests/till/things.yaml", "Cluster"),
    { "manifests/till/things.yaml": null },
  ],
  "the vocabulary comes to lack what an expression selects by": [
    {
      ...choice("apps/web.yaml", '"expressions":true'),
      "manifests/web/more.yaml": configMapYaml("more", { n: "${sites('extra').map(s, s.name)}" }),
      "virtual-sites/extra.yaml": null,
    },
    fleetWith({ labels: { tier: {}, ring: {}, extra: {} } }),
    fleetWith({ labels: { tier: {}, ring: {} } }),
  ],
  "a profile changes that no site takes": [
    choice("profiles/own.yaml", '"own"'),
    { "profiles/own.yaml": profile("own", { extends: "edge" }) },
    { "profiles/own.yaml": null },
  ],
  "a site takes a profile of Flotilla's, and the fleet adds to it": [
    choice("sites/e1.yaml", '"edge"'),
    choice("profiles/edge.yaml", '"edge"'),
    { "profiles/edge.yaml": null },
  ],
  "a site joins and leaves others at which an app has another namespace, or a warning": [
    choice("apps/web.yaml", '"moved"'),
    choice("sites/moved/e2.yaml", '"e4"'),
    choice("sites/moved/e2.yaml", '"e6"'),
    { "sites/moved/e2.yaml": null },
    { "apps/web.yaml": web([overlay("shops", { replicas: [{ name: "none", count: 3 }] })]) },
    choice("sites/moved/e2.yaml", '"e4"'),
    {
      "apps/web.yaml": web([
        overlay("shops", { labels: { a: "b" } }),
        overlay("all", { labels: { a: "c" } }),
      ]),
    },
    { "sites/moved/e2.yaml": null },
  ],
  "a region and a profile come and go that sites name": [
    { ...choice("sites/e2.yaml", "nowhere"), ...choice("regions/nowhere.yaml", "nowhere") },
    { ...choice("sites/e1.yaml", '"nowhere"'), ...choice("profiles/nowhere.yaml", "nowhere") },
    { "regions/nowhere.yaml": null },
    choice("regions/nowhere.yaml", "nowhere"),
    { "profiles/nowhere.yaml": null },
  ],
  "the fleet gets another name": [
    {},
    {
      "fleet.yaml": documentYaml("Fleet", { name: "other" }, { rollout: { strategy: "standard" } }),
    },
  ],
};

function fleetWith(spec: object): Edits {
  return { "fleet.yaml": fleet(spec) };
}

describe("a fleet that changes commit by commit", () => {
  it.each(Object.entries(histories))("gives what each gives from nothing: %s", (_, commits) => {
    const history = new History();
    for (const edits of [...commits, ...commits.toReversed()]) {
      const { kept, started, fresh } = history.commit(edits);
      expect(kept).toBe(fresh);
      expect(started).toBe(fresh);
    }
  });

  it.each([
    ["a profile of Flotilla's", choice("sites/e1.yaml", '"edge"')],
    ["a chart with a definition", choice("apps/chart.yaml", '"a":1')],
  ])("gives what has not changed as the same object, beside %s", (_, edits) => {
    const known = new KnownFleet();
    const first = render(aFleet({ ...beginning, ...edits }), known);
    const manifest = { "manifests/till/settings.yaml": configMapYaml("settings", { more: "1" }) };
    const second = render(aFleet({ ...beginning, ...edits, ...manifest }), known);
    if (!first.ok || !second.ok) throw new Error(JSON.stringify([first, second]));

    expect(second.rendered.apps.get("till")).not.toBe(first.rendered.apps.get("till"));
    expect(second.rendered.apps.get("web")).toBe(first.rendered.apps.get("web"));
  });

  it("gives the same bytes, mistakes and plans as each commit gives from nothing", () => {
    let valid = 0;
    let plans = 0;
    fc.assert(
      fc.property(fc.array(commit, { minLength: 3, maxLength: 10 }), (commits) => {
        const history = new History();
        for (const [edits, order] of commits) {
          const texts = edits.map(([path, index]) => {
            const all = choices[path] ?? [null];
            return [path, all[index % all.length] ?? null];
          });
          const { kept, started, fresh } = history.commit(Object.fromEntries(texts), order);
          expect(kept).toBe(fresh);
          expect(started).toBe(fresh);
        }
        valid += history.valid;
        plans += history.plans;
      }),
      { numRuns: 100 },
    );
    expect(valid).toBeGreaterThan(100);
    expect(plans).toBeGreaterThan(40);
  }, 240_000);
});
