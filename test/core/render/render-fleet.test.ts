import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import type { FleetModel } from "../../../src/core/model/fleet-model.ts";
import { renderApp, renderFleet } from "../../../src/core/render/render-fleet.ts";
import type { RenderedApp, RenderedFleet } from "../../../src/core/render/rendered.ts";
import {
  type FleetEdits,
  aFleet,
  aModel,
  appYaml,
  configMapYaml,
  fleetYaml,
  modelOf,
  siteYaml,
  virtualSiteYaml,
} from "../../support/fleet.ts";

function rendered(edits: FleetEdits = {}): RenderedFleet {
  const fleet = renderFleet(aModel(edits));
  if (fleet.ok) return fleet.value;
  throw new Error(fleet.diagnostics.map(formatDiagnostic).join("\n"));
}

const problems = (edits: FleetEdits): string[] =>
  renderFleet(aModel(edits)).diagnostics.map(formatDiagnostic);

function appOf(model: FleetModel, app: string, siteModel?: FleetModel): RenderedApp {
  const result = renderApp(model, app, siteModel && { siteModel });
  if (result.ok) return result.value.app;
  throw new Error(result.diagnostics.map(formatDiagnostic).join("\n"));
}

const overlaid = (overlays: unknown[], more: object = {}): string =>
  appYaml("web", { spec: { overlays, ...more } });
const label = (value: string, virtualSites: string[]): object => ({
  virtualSites,
  labels: { x: value },
});

describe("renderFleet", () => {
  it("gives every site the variant of its overlays, with owner and app on each object", () => {
    const { apps, variants } = rendered({ "apps/web.yaml": overlaid([label("1", ["shops"])]) });
    const { e1, e2, w1, w2 } = Object.fromEntries(apps.get("web")?.sites ?? []);

    expect([e1, e2]).toEqual([w1, w2]);
    expect(e1).not.toBe(e2);
    expect(Object.keys(Object.fromEntries(apps.get("till")?.sites ?? []))).toEqual(["e1", "w1"]);
    for (const { objects } of variants.values()) {
      for (const { object, yaml } of objects) {
        expect(object.metadata["labels"]).toHaveProperty(["flotilla.dev/app"]);
        expect(yaml).toMatch(/flotilla.dev\/owner: test\/(web|till)\n/);
        expect(yaml.match(/flotilla.dev\/app/g)).toHaveLength(1);
      }
    }
  });

  it("renders once per shape, however many sites there are", () => {
    const sites = Object.fromEntries(
      Array.from({ length: 3000 }, (_, index) => {
        const tier = ["shop", "depot", "kiosk"][index % 3] ?? "";
        const text = siteYaml(`s${index}`, { region: "east", labels: { ring: "main", tier } });
        return [`sites/s${index}.yaml`, text];
      }),
    );
    const model = aModel({
      ...sites,
      "apps/web.yaml": overlaid([label("1", ["shops"]), label("2", ["depots"])]),
      "manifests/web/many.yaml": Array.from({ length: 100 }, (_, index) =>
        configMapYaml(`m${index}`),
      ).join("---\n"),
    });

    const result = renderApp(model, "web");

    expect(result.ok && result.value.variants.size).toBe(3);
    expect(result.ok && result.value.app.sites.size).toBe(3004);
  });

  it("shares what overlays do not touch, and one variant between shapes that come out alike", () => {
    const result = renderApp(
      aModel({
        "apps/web.yaml": overlaid([
          { virtualSites: ["shops"], replicas: [{ name: "web", count: 3 }] },
          { virtualSites: ["depots"], replicas: [{ name: "web", count: 3 }] },
          { virtualSites: ["canaries"], replicas: [{ name: "web", count: 5 }] },
        ]),
        "virtual-sites/canaries.yaml": virtualSiteYaml("canaries", "ring=canary"),
      }),
      "web",
    );
    const settings = result.ok
      ? [...result.value.variants.values()].map(({ objects }) =>
          objects.find(({ id }) => id.includes("settings")),
        )
      : [];

    expect(settings).toHaveLength(2);
    expect(settings[0]).toBe(settings[1]);
  });

  it("gives the same bytes whatever the order of files and sites", () => {
    const files = aFleet({ "apps/web.yaml": overlaid([label("1", ["shops"])]) });
    const expected = JSON.stringify(bytesOf(modelOf(files)));

    fc.assert(
      fc.property(fc.shuffledSubarray(files, { minLength: files.length }), (shuffled) => {
        expect(JSON.stringify(bytesOf(modelOf(shuffled)))).toBe(expected);
      }),
      { numRuns: 30 },
    );
  });

  it("collects the mistakes of all apps, each with its place", () => {
    const found = problems({
      "manifests/web/settings.yaml": "apiVersion: v1\nkind: ConfigMap\n",
      "manifests/till/settings.yaml":
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: Yg==}\n",
    });

    expect(found).toEqual([
      expect.stringMatching(/^manifests\/till\/settings.yaml:4:1: error: Secret a would be stored/),
      expect.stringMatching(/^manifests\/web\/settings.yaml:1:1: error: "metadata" is missing/),
    ]);
  });

  it("refuses an app without objects, at the place of its source", () => {
    expect(problems({ "manifests/till/settings.yaml": "# nothing left\n" })).toEqual([
      expect.stringMatching(/^apps\/till.yaml:4:\d+: error: the files of till hold no object/),
    ]);
  });

  it("refuses an object that two apps render at one site, naming both places and a site", () => {
    const shared = (namespace: string): FleetEdits => ({
      "manifests/web/settings.yaml": configMapYaml(`a, namespace: ${namespace}`),
      "manifests/till/settings.yaml": configMapYaml("a, namespace: shared"),
    });

    expect(problems(shared("shared"))).toEqual([
      expect.stringMatching(
        /^manifests\/web\/settings.yaml:1:1: error: apps till \(manifests\/till\/settings.yaml:1:1\) and web both render ConfigMap shared\/a at site e1/,
      ),
    ]);
    expect(problems(shared("own"))).toEqual([]);
    expect(
      problems({
        ...shared("shared"),
        "apps/web.yaml": appYaml("web", { virtualSites: ["depots"] }),
      }),
    ).toEqual([]);
  });

  it("refuses objects that are too large for a cluster and warns of large ones, also after overlays", () => {
    const data = (kib: number): FleetEdits => ({
      "manifests/till/settings.yaml": configMapYaml("till", { text: "x".repeat(kib * 1024) }),
    });

    expect(problems(data(1025))).toEqual([
      expect.stringMatching(/error: ConfigMap till\/till has 10\d\d KiB/),
    ]);
    expect(problems(data(600))).toEqual([
      expect.stringMatching(/warning: ConfigMap till\/till has 60\d KiB/),
    ]);
    expect(problems(data(500))).toEqual([]);
    const merge = { data: { more: "y".repeat(600 * 1024) } };
    const overlay = {
      virtualSites: ["shops"],
      patches: [{ target: { kind: "ConfigMap" }, merge }],
    };
    expect(
      problems({
        ...data(500),
        "apps/till.yaml": appYaml("till", {
          virtualSites: ["shops"],
          spec: { overlays: [overlay] },
        }),
      }),
    ).toContainEqual(expect.stringMatching(/error: ConfigMap till\/till has 1\d\d\d KiB/));
  });

  it.each<[string, FleetEdits]>([
    ["its files are empty", { "manifests/till/settings.yaml": "# nothing here any more\n" }],
    [
      "its file holds an empty list",
      { "manifests/till/settings.yaml": "{apiVersion: v1, kind: List, items: []}" },
    ],
    [
      "a patch deletes all of them",
      {
        "apps/till.yaml": appYaml("till", {
          virtualSites: ["shops"],
          spec: {
            overlays: [
              {
                virtualSites: ["shops"],
                patches: [{ target: { kind: "ConfigMap" }, merge: { $patch: "delete" } }],
              },
            ],
          },
        }),
      },
    ],
  ])(
    "Sveltos #1218: refuses an app without objects, which would leave everywhere: %s",
    (_, edits) => {
      expect(problems(edits)).toEqual([
        expect.stringMatching(/^apps\/till.yaml:4:\d+: error: .* no object/),
      ]);
    },
  );

  it("refuses a Secret whose data an overlay brings", () => {
    const overlay = {
      virtualSites: ["shops"],
      patches: [{ target: { kind: "Secret" }, merge: { stringData: { k: "hunter2" } } }],
    };
    const found = problems({
      "manifests/till/settings.yaml": "{apiVersion: v1, kind: Secret, metadata: {name: s}}",
      "apps/till.yaml": appYaml("till", { virtualSites: ["shops"], spec: { overlays: [overlay] } }),
    });

    expect(found).toEqual([
      expect.stringMatching(/^apps\/till.yaml:4:\d+: error: .*would be stored in plain text/),
    ]);
    expect(found.join()).not.toContain("hunter2");
  });
});

describe("renderApp", () => {
  it("takes the app from one model and the sites from another", () => {
    const old = aModel({ "apps/web.yaml": overlaid([label("1", ["shops"])]) });
    const newer = aModel({
      "sites/e2.yaml": siteYaml("e2", { region: "east", labels: { ring: "main", tier: "shop" } }),
      "sites/n1.yaml": siteYaml("n1", { region: "east", labels: { ring: "main", tier: "depot" } }),
      "sites/w2.yaml": null,
      "manifests/web/settings.yaml": configMapYaml("settings", { colour: "red" }),
    });
    const before = appOf(old, "web").sites;
    const after = appOf(old, "web", newer).sites;

    expect([...after.keys()]).toEqual(["e1", "e2", "n1", "w1"]);
    expect(after.get("e2")).toBe(before.get("e1"));
    expect(after.get("n1")).toBe(before.get("w2"));
  });
});

describe("inputDigest", () => {
  const digest = (edits: FleetEdits = {}): string => appOf(aModel(edits), "web").inputDigest;

  it.each<[string, FleetEdits]>([
    [
      "a strategy",
      { "apps/web.yaml": appYaml("web", { spec: { rollout: { strategy: "standard" } } }) },
    ],
    ["onRemoval", { "apps/web.yaml": appYaml("web", { spec: { onRemoval: "orphan" } }) }],
    [
      "site data",
      {
        "sites/e1.yaml": siteYaml("e1", {
          region: "east",
          labels: { ring: "main", tier: "depot" },
        }),
      },
    ],
    [
      "a new site",
      {
        "sites/n1.yaml": siteYaml("n1", { region: "east", labels: { ring: "main", tier: "shop" } }),
      },
    ],
    ["another app", { "manifests/till/settings.yaml": configMapYaml("till", { currency: "USD" }) }],
    [
      "a virtual site that it does not name",
      { "virtual-sites/depots.yaml": virtualSiteYaml("depots", "ring=main") },
    ],
  ])("is not changed by %s", (_title, edits) => {
    expect(digest(edits)).toBe(digest());
  });

  it.each<[string, FleetEdits]>([
    ["a manifest", { "manifests/web/settings.yaml": configMapYaml("settings", { colour: "red" }) }],
    ["an overlay", { "apps/web.yaml": overlaid([label("1", ["shops"])]) }],
    ["placement", { "apps/web.yaml": appYaml("web", { virtualSites: ["shops"] }) }],
    [
      "the selector of a virtual site that it names",
      { "virtual-sites/all.yaml": virtualSiteYaml("all", "ring in (canary,main)") },
    ],
    [
      "the fleet's name, which is on every object",
      {
        "fleet.yaml": fleetYaml({ rollout: { strategy: "standard" } }).replace('"test"', '"other"'),
      },
    ],
  ])("is changed by %s", (_title, edits) => {
    expect(digest(edits)).not.toBe(digest());
  });

  it("is changed by a CRD of another app that tells how the app's objects are merged", () => {
    const widget =
      "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: web}}";
    const crd = (keys: string): FleetEdits => ({
      "manifests/web/settings.yaml": widget,
      "manifests/till/crd.yaml": `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: widgets.example.com}, spec: {group: example.com, scope: Namespaced, names: {kind: Widget}, versions: [{name: v1, schema: {openAPIV3Schema: {x-keys: ${keys}}}}]}}`,
    });

    expect(digest(crd("a"))).not.toBe(digest(crd("b")));
  });
});

function bytesOf(model: FleetModel): unknown {
  const fleet = renderFleet(model);
  if (!fleet.ok) return fleet;
  return {
    apps: [...fleet.value.apps.values()].map((app) => ({ ...app, sites: [...app.sites] })),
    variants: [...fleet.value.variants.values()].map(({ tree, objects }) => [
      tree,
      objects.map(({ yaml }) => yaml),
    ]),
  };
}
