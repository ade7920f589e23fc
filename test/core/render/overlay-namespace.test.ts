import { describe, expect, it } from "vitest";
import { explainObject } from "../../../src/core/explain/explain-object.ts";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { noToolOutputs } from "../../../src/core/render/tools/tool-output.ts";
import { aFleet, appYaml, configMapYaml, type FleetEdits } from "../../support/fleet.ts";

const filesWith = (overlays: readonly object[], edits: FleetEdits = {}) =>
  aFleet({ "apps/web.yaml": appYaml("web", { spec: { overlays } }), ...edits });

const problems = (overlays: readonly object[], edits: FleetEdits = {}): string[] =>
  renderFiles(filesWith(overlays, edits)).diagnostics.map(formatDiagnostic);

function fleetOf(overlays: readonly object[], edits: FleetEdits = {}) {
  const fleet = renderFiles(filesWith(overlays, edits));
  if (fleet.ok) return fleet;
  throw new Error(fleet.diagnostics.map(formatDiagnostic).join("\n"));
}

const variantAt = (overlays: readonly object[], site: string) => {
  const { rendered } = fleetOf(overlays);
  return rendered.variants.get(rendered.apps.get("web")?.sites.get(site) ?? "");
};

const idsAt = (overlays: readonly object[], site: string) =>
  variantAt(overlays, site)?.objects.map(({ id }) => id);

describe("an overlay's namespace", () => {
  it("moves the app at its sites only, and may come of an expression", () => {
    const overlays = [{ virtualSites: ["shops"], namespace: "shop-${site.name}" }];
    expect(idsAt(overlays, "e1")).toEqual([
      "_ConfigMap_shop-e1_settings",
      "apps_Deployment_shop-e1_web",
    ]);
    expect(idsAt(overlays, "e2")).toEqual(["_ConfigMap_web_settings", "apps_Deployment_web_web"]);
    expect(fleetOf(overlays).rendered.apps.get("web")?.movedTo).toEqual(
      new Map([
        ["e1", "shop-e1"],
        ["w1", "shop-w1"],
      ]),
    );
  });

  it("is the last thing that an overlay does; what later ones name is found where it is now", () => {
    const target = { kind: "ConfigMap", namespace: "web" };
    const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" } };
    const overlays = [
      {
        virtualSites: ["all"],
        namespace: "moved",
        patches: [{ target, merge: { data: { a: "1" } } }],
      },
      { virtualSites: ["all"], patches: [{ merge: { ...settings, data: { b: "2" } } }] },
    ];
    const [map] = variantAt(overlays, "e1")?.objects ?? [];
    expect(map?.object).toMatchObject({
      metadata: { namespace: "moved" },
      data: { a: "1", b: "2" },
    });
  });

  it("is told by explain, also of the fields of an object that was moved", () => {
    const overlays = [
      { virtualSites: ["all"], labels: { a: "b" } },
      { virtualSites: ["all"], namespace: "moved" },
    ];
    const { model } = fleetOf(overlays);
    const ask = (field: string) => {
      const question = { app: "web", site: "e1", object: "ConfigMap/moved/settings", field };
      const answer = explainObject({ model, tools: noToolOutputs }, question);
      return answer.ok && answer.fields[0]?.settings.map(({ by, value }) => [by, value]);
    };
    expect(ask(".metadata.namespace")).toEqual([
      ["overlay 2: namespace", "moved"],
      ["namespace of the App", "web"],
    ]);
    expect(ask(".metadata.labels.a")).toEqual([["overlay 1: labels", "b"]]);
    expect(ask(".data.colour")).toEqual([["manifest", "blue"]]);
  });

  it("that brings two objects of one name together is a mistake", () => {
    const two = configMapYaml("settings").replace("{name", "{namespace: other, name");
    expect(
      problems([{ virtualSites: ["all"], namespace: "moved" }], { "manifests/web/two.yaml": two }),
    ).toEqual([
      "apps/web.yaml:4:150: error: manifests/web/two.yaml:1:1: ConfigMap moved/settings is in the app twice; it is also at manifests/web/settings.yaml:1:1; rename one of them, or write two Apps",
    ]);
  });

  it.each([
    ["Web", /^apps\/web\.yaml:4:\d+: error: .*namespace/],
    ["flotilla-system", /error: .*flotilla-system/],
    ["${site.name + '_'}", /error: the expression must give the name of a namespace here/],
    ["web", /warning: overlay 1 changes nothing at any site; remove it/],
  ])("%s is told", (namespace, expected) => {
    const found = problems([{ virtualSites: ["all"], namespace }]);
    expect(found[0]).toMatch(expected);
  });

  it("of two apps may bring one object to both: that is told as ever, at its place", () => {
    const text = configMapYaml("till");
    const found = problems([{ virtualSites: ["all"], namespace: "till" }], {
      "manifests/web/settings.yaml": text,
    });
    expect(found).toEqual([
      expect.stringMatching(/^manifests\/web\/settings\.yaml:1:1: error: .*till/),
    ]);
  });
});
