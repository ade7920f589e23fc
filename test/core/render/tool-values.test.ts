/** What charts are given as values: layers, expressions, and one request for all sites that come to the same. */
import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { renderFleet } from "../../../src/core/render/render-fleet.ts";
import { neededTools } from "../../../src/core/render/tools/tool-requests.ts";
import {
  type FleetEdits,
  aModel,
  appYaml,
  documentYaml,
  fleetYaml,
  siteYaml,
} from "../../support/fleet.ts";

const chart = (spec: object, source: object = {}): FleetEdits => ({
  "fleet.yaml": fleetYaml({ tools: { helm: "4.2.3" } }),
  "apps/web.yaml": documentYaml(
    "App",
    { name: "web" },
    {
      namespace: "web",
      source: { chart: "charts/web", ...source },
      placement: { virtualSites: ["all"] },
      ...spec,
    },
  ),
  "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
  "charts/web/templates/a.yaml": "{{ .Values | toJson }}\n",
});

const valuesOf = (edits: FleetEdits): unknown[] => {
  const model = aModel(edits);
  return neededTools({ model, siteModel: model }).map((request) => request.chart?.values);
};

describe("the values of a chart", () => {
  it("are those of the App, of its overlays and of the site, and a null reaches the chart", () => {
    const overlays = [{ virtualSites: ["all"], values: { a: { y: 2 }, gone: null } }];
    expect(valuesOf(chart({ values: { a: { x: 1, y: 1 }, gone: 1 }, overlays }))).toEqual([
      { a: { x: 1, y: 2 }, gone: null },
    ]);
  });

  it("begin with those of the profile, which only apps at sites that take it are given", () => {
    const profile = {
      values: { a: "profile", b: "profile" },
      overlays: [{ values: { c: "over" } }],
    };
    const edits = {
      ...chart({ values: { b: "app", c: "app" } }),
      "profiles/kiosk.yaml": documentYaml("Profile", { name: "kiosk" }, profile),
      "sites/e1.yaml": siteYaml("e1", {
        region: "east",
        labels: { ring: "canary", tier: "shop" },
        spec: { profile: "kiosk" },
      }),
    };
    expect(valuesOf(edits)).toEqual([
      { a: "profile", b: "app", c: "over" },
      { b: "app", c: "app" },
    ]);
  });

  it("may hold expressions: sites that come to the same share a request", () => {
    const region = valuesOf(chart({ values: { region: "${site.region}" } }));
    expect(region).toEqual([{ region: "east" }, { region: "west" }]);
    expect(valuesOf(chart({ values: { name: "shop ${site.name}" } }))).toHaveLength(4);
    expect(valuesOf(chart({ values: { fleet: "${fleet.name}" } }))).toHaveLength(1);
  });

  it("that fail at a site are told where they stand, and nothing is rendered there", () => {
    const edits = chart({ values: { address: "${site.address}" } });
    expect(valuesOf(edits)).toEqual([]);
    const told = renderFleet(aModel(edits)).diagnostics.map(formatDiagnostic).join("\n");
    expect(told).toMatch(/^apps\/web\.yaml:\d+:\d+: error: .*site e1 and 3 more/m);
  });

  it("belong to charts and expressions, `helm` and `expressions` to their kind of source", () => {
    expect(() => aModel(chart({}, { expressions: true }))).toThrow("is for plain manifests only");
    const plain = { "apps/web.yaml": appYaml("web", { spec: { values: { a: "1" } } }) };
    expect(renderFleet(aModel(plain)).ok).toBe(true);
  });
});
