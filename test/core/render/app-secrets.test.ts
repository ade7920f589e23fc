import { describe, expect, it } from "vitest";
import { explainObject } from "../../../src/core/explain/explain-object.ts";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { noToolOutputs } from "../../../src/core/render/tools/tool-output.ts";
import { aFleet, appYaml, configMapYaml, type FleetEdits } from "../../support/fleet.ts";

const filesWith = (spec: object, edits: FleetEdits = {}) =>
  aFleet({ "apps/web.yaml": appYaml("web", { spec: { ...spec } }), ...edits });

const problems = (spec: object, edits: FleetEdits = {}): string[] =>
  renderFiles(filesWith(spec, edits)).diagnostics.map(
    (each) => `${formatDiagnostic(each)} [${each.code}]`,
  );

function fleetOf(spec: object, edits: FleetEdits = {}) {
  const fleet = renderFiles(filesWith(spec, edits));
  if (fleet.ok) return fleet;
  throw new Error(fleet.diagnostics.map(formatDiagnostic).join("\n"));
}

const secretAt = (spec: object, site: string) => {
  const { rendered } = fleetOf(spec);
  const variant = rendered.variants.get(rendered.apps.get("web")?.sites.get(site) ?? "");
  return variant?.objects.find(({ object }) => object.kind === "Secret");
};

describe("a Secret of the region", () => {
  it("travels as a Secret that names another one, without any data", () => {
    expect(secretAt({ secrets: [{ name: "db" }] }, "e1")).toMatchObject({
      id: "_Secret_web_db",
      object: {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "db", namespace: "web" },
        fromRegion: { name: "db" },
      },
    });
    const found = secretAt({ secrets: [{ name: "db", from: "till.db", keys: ["user"] }] }, "e1");
    expect(found?.object["fromRegion"]).toEqual({ name: "till.db", keys: ["user"] });
  });

  it("may be another one at each site, and its metadata may be changed by overlays", () => {
    const spec = {
      secrets: [{ name: "db", from: "db-${site.name}" }],
      overlays: [{ virtualSites: ["shops"], labels: { tier: "shop" }, namespace: "moved" }],
    };
    expect(secretAt(spec, "e1")?.object).toMatchObject({
      metadata: { namespace: "moved", labels: { tier: "shop" } },
      fromRegion: { name: "db-e1" },
    });
    expect(secretAt(spec, "w2")?.object).toMatchObject({ fromRegion: { name: "db-w2" } });
  });

  it("is no app by itself: one whose other objects are gone is a mistake, and nothing leaves", () => {
    const nothing = {
      "manifests/web/deployment.yaml": "# none\n",
      "manifests/web/settings.yaml": null,
    };
    const secrets = [{ name: "db" }];
    expect(problems({ secrets }, nothing)).toEqual([expect.stringMatching(/\[empty-app\]$/)]);
    const gone = { target: { name: ".*" }, merge: { $patch: "delete" } };
    const overlays = ["Deployment", "ConfigMap"].map((kind) => ({
      virtualSites: ["all"],
      patches: [{ ...gone, target: { kind } }],
    }));
    expect(problems({ secrets, overlays }).join("\n")).toMatch(/\[empty-app\]/);
  });

  it("is told by explain at the App", () => {
    const { model } = fleetOf({ secrets: [{ name: "db", from: "db-${site.name}" }] });
    const question = { app: "web", site: "e1", object: "Secret/db", field: ".fromRegion.name" };
    const answer = explainObject({ model, tools: noToolOutputs }, question);
    expect(answer.ok && answer.fields[0]?.settings[0]).toMatchObject({
      by: "secrets of the App",
      value: "db-e1",
      expression: "db-${site.name}",
      place: { file: "apps/web.yaml", line: 4 },
    });
  });

  it("changes the app's digest with its name in the region", () => {
    const digest = (from: string) =>
      fleetOf({ secrets: [{ name: "db", from }] }).rendered.apps.get("web")?.inputDigest;
    expect(digest("a")).not.toBe(digest("b"));
  });

  it.each([
    [
      "the same name twice",
      { secrets: [{ name: "db" }, { name: "db" }] },
      /^apps\/web\.yaml:4:\d+: error: Secret web\/db is in the app twice.*\[duplicate-object\]$/,
    ],
    ["a bad name", { secrets: [{ name: "Db" }] }, /error: .*"Db".*\[invalid-value\]$/],
    [
      "an expression for its own name",
      { secrets: [{ name: "${site.name}" }] },
      /`\$\{ \}` is not read in this field.*\[expression\]$/,
    ],
    [
      "an expression that gives no name",
      { secrets: [{ name: "db", from: "${site.name + '_'}" }] },
      /^apps\/web\.yaml:4:\d+: error: "e1_" is no name for a Secret \(at site e1.*\[region-secret\]$/,
    ],
    [
      "an expression that fails",
      { secrets: [{ name: "db", from: "${site.address}" }] },
      /site e1 and 3 more.*\[expression-failed\]$/,
    ],
    [
      "a patch that adds data",
      {
        secrets: [{ name: "db" }],
        overlays: [
          {
            virtualSites: ["all"],
            patches: [{ target: { kind: "Secret" }, merge: { stringData: { a: "b" } } }],
          },
        ],
      },
      /comes from the region: only its metadata can be changed, not stringData; change it in the region's cluster \[region-secret\]$/,
    ],
    [
      "a patch that takes another Secret",
      {
        secrets: [{ name: "db" }],
        overlays: [
          {
            virtualSites: ["all"],
            patches: [{ target: { kind: "Secret" }, merge: { fromRegion: { name: "root" } } }],
          },
        ],
      },
      /`fromRegion` cannot be changed by an overlay.*\[region-secret\]$/,
    ],
  ])("%s is told", (_, spec, expected) => {
    expect(problems(spec).join("\n")).toMatch(new RegExp(expected, "m"));
  });

  it("is named by the App alone: a manifest with the field is refused", () => {
    const manifest =
      "{apiVersion: v1, kind: Secret, metadata: {name: db}, fromRegion: {name: root}}\n";
    expect(problems({}, { "manifests/web/secret.yaml": manifest })).toEqual([
      'manifests/web/secret.yaml:1:54: error: a Secret has no field "fromRegion"; name a Secret of the region in `secrets` of the App [invalid-object]',
    ]);
  });

  it("beside a manifest of that name is there twice", () => {
    const text = configMapYaml("db").replace("ConfigMap", "Secret").replace("data: {}", "");
    const found = problems({ secrets: [{ name: "db" }] }, { "manifests/web/secret.yaml": text });
    expect(found).toEqual([
      expect.stringContaining(
        "Secret web/db is in the app twice; it is also at manifests/web/secret.yaml:1:1",
      ),
    ]);
  });
});
