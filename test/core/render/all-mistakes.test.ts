import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { renderLoaded } from "../../../src/core/render/render-fleet.ts";
import {
  aFleet,
  appYaml,
  configMapYaml,
  type FleetEdits,
  siteYaml,
  virtualSiteYaml,
} from "../../support/fleet.ts";

const secret =
  "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { password: hunter2 }\n";
const unknownField = siteYaml("e1", { region: "east", spec: { bogus: 1 } });
const failingPatch = {
  virtualSites: ["all"],
  patches: [
    {
      target: { kind: "ConfigMap", name: "settings" },
      json: [{ op: "replace", path: "/data/nowhere", value: "x" }],
    },
  ],
};
const crd =
  "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: widgets.example.com}, spec: {group: example.com, scope: Namespaced, names: {kind: Widget, plural: widgets}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}}\n";
const widget = "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}}\n";

/** `file:line code` of every mistake, in the order in which they are told. */
function told(edits: FleetEdits): string[] {
  const { diagnostics } = renderLoaded(loadFleet(aFleet(edits)));
  return diagnostics.map(({ file, line, code }) => `${file}:${line} ${code}`);
}

describe("all mistakes at once", () => {
  it("tells those of rendering beside those of the kinds, by file and line", () => {
    expect(
      told({
        "sites/e1.yaml": unknownField,
        "apps/web.yaml": appYaml("web", { spec: { overlays: [failingPatch] } }),
        "manifests/till/secret.yaml": secret,
      }),
    ).toEqual([
      "apps/web.yaml:4 patch-failed",
      "manifests/till/secret.yaml:4 secret-data",
      "sites/e1.yaml:4 unknown-field",
    ]);
  });

  it("tells only once of sources that start in the folder of the Fleet", () => {
    const files = aFleet().map((file) => ({ ...file, path: `fleet/${file.path}` }));
    const { diagnostics } = renderLoaded(loadFleet(files));
    expect(diagnostics.map(({ file, code }) => `${file} ${code}`)).toEqual([
      "fleet/fleet.yaml missing-source",
    ]);
  });

  it("tells of an object that two sound apps render at a sound site", () => {
    const shared = configMapYaml("one").replace("{name: one}", "{name: one, namespace: x}");
    expect(
      told({
        "sites/e1.yaml": unknownField,
        "manifests/web/one.yaml": shared,
        "manifests/till/one.yaml": shared,
      }),
    ).toEqual(["manifests/web/one.yaml:1 shared-object", "sites/e1.yaml:4 unknown-field"]);
  });

  it("tells nothing of overlays whose sites nobody knows, and the manifests' mistakes all the same", () => {
    const edits = {
      "virtual-sites/shops.yaml": virtualSiteYaml("shops", "tier==shop==x"),
      "apps/web.yaml": appYaml("web", {
        spec: { overlays: [{ ...failingPatch, virtualSites: ["shops"] }] },
      }),
    };
    const badSelector = "virtual-sites/shops.yaml:4 bad-selector";
    expect(told(edits)).toEqual([badSelector]);
    expect(told({ ...edits, "manifests/web/secret.yaml": secret })).toEqual([
      "manifests/web/secret.yaml:4 secret-data",
      badSelector,
    ]);
  });

  it("tells nothing of kinds that an app with a mistake defines", () => {
    const edits = {
      "manifests/web/widget.yaml": widget,
      "manifests/till/crd.yaml": crd,
    };
    expect(told(edits)).toEqual([]);
    expect(told({ ...edits, "apps/till.yaml": appYaml("till", { spec: { bogus: 1 } }) })).toEqual([
      "apps/till.yaml:4 unknown-field",
    ]);
    expect(told({ ...edits, "apps/till.yaml": "apiVersion: [\nkind: App\n" })).toEqual([
      "apps/till.yaml:2 yaml-syntax",
    ]);
    expect(
      told({
        ...edits,
        "manifests/till/crd.yaml": crd.replace("{name: widgets", "{name: x, name: widgets"),
      }),
    ).toEqual([expect.stringMatching(/^manifests\/till\/crd.yaml:\d+ yaml-syntax$/)]);
  });

  it("goes on without a Fleet", () => {
    expect(told({ "fleet.yaml": null, "manifests/web/secret.yaml": secret })).toEqual([
      ".:0 no-fleet",
      "manifests/web/secret.yaml:4 secret-data",
    ]);
  });

  it("tells an overlay's mistake beside one of the manifests, and not that its target is missing", () => {
    const missing = {
      virtualSites: ["all"],
      patches: [{ target: { kind: "Secret", name: "s" }, merge: { immutable: true } }],
    };
    const diagnostics = renderLoaded(
      loadFleet(
        aFleet({
          "apps/web.yaml": appYaml("web", { spec: { overlays: [failingPatch, missing] } }),
          "manifests/web/secret.yaml": secret,
        }),
      ),
    ).diagnostics.map(formatDiagnostic);
    expect(diagnostics).toEqual([
      expect.stringContaining("/data/nowhere"),
      expect.stringContaining("manifests/web/secret.yaml:4"),
    ]);
  });

  it("looks behind overlays at an object that has a mistake already, and tells none twice", () => {
    const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: Web
  labels: { tier: 7 }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: example.com/web:1
          ports: [{ containerPort: 99999 }]
`;
    const overlay = {
      virtualSites: ["all"],
      patches: [
        { target: { kind: "Deployment" }, json: [{ op: "remove", path: "/spec/nowhere" }] },
      ],
    };
    expect(
      told({
        "apps/web.yaml": appYaml("web", { spec: { overlays: [overlay] } }),
        "manifests/web/deployment.yaml": deployment,
      }),
    ).toEqual([
      "apps/web.yaml:4 patch-failed",
      "manifests/web/deployment.yaml:4 invalid-object",
      "manifests/web/deployment.yaml:5 invalid-object",
      "manifests/web/deployment.yaml:14 invalid-object",
    ]);
  });

  it("takes no mistake of an object for one that an overlay takes away", () => {
    const service = `apiVersion: v1
kind: Service
metadata: { name: Web }
spec:
  ports: [{ port: 99999 }]
`;
    const overlay = {
      virtualSites: ["all"],
      patches: [
        {
          target: { kind: "Service" },
          json: [{ op: "replace", path: "/spec/ports/0/port", value: 80 }],
        },
      ],
    };
    expect(
      told({
        "apps/web.yaml": appYaml("web", { spec: { overlays: [overlay] } }),
        "manifests/web/service.yaml": service,
      }),
    ).toEqual(["manifests/web/service.yaml:3 invalid-object"]);
  });

  it("knows two documents of one file apart", () => {
    const canary = siteYaml("e1", { region: "east", labels: { ring: "canary" } });
    const two = `${canary}---\n${siteYaml("x1", { region: "nowhere" })}`;
    const overlay = { ...failingPatch, virtualSites: ["canaries"] };
    expect(
      told({
        "sites/e1.yaml": two,
        "virtual-sites/canaries.yaml": virtualSiteYaml("canaries", "ring=canary"),
        "apps/web.yaml": appYaml("web", { spec: { overlays: [overlay] } }),
      }),
    ).toEqual(["apps/web.yaml:4 patch-failed", "sites/e1.yaml:9 dangling-reference"]);
  });

  it.each([
    [
      "beside a word of a definition",
      `# needs the CustomResourceDefinition of example.com\n${widget}`,
    ],
    ["beside a definition that is none", `${crd.replace("names:", "nomes:")}---\n${widget}`],
    ["beside a definition of another kind", `${crd.replaceAll("Widget", "Gadget")}---\n${widget}`],
  ])("loses no app for a kind that nobody knows, %s", (_, text) => {
    const result = renderLoaded(loadFleet(aFleet({ "manifests/web/widget.yaml": text })));

    expect(result.ok).toBe(false);
    expect(result.diagnostics.map(({ file, code }) => `${file} ${code}`)).toContain(
      "manifests/web/widget.yaml unknown-scope",
    );
  });

  it("gives a fleet with each of its apps, or a mistake", () => {
    const texts = [
      "",
      "# CustomResourceDefinition\n",
      crd,
      crd.replace("spec:", "spic:"),
      widget,
      secret,
    ];
    const parts = texts.flatMap((first) => texts.map((second) => `${first}---\n${second}`));
    const incomplete = parts.filter((text) => {
      const result = renderLoaded(loadFleet(aFleet({ "manifests/web/more.yaml": text })));
      if (result.ok) return result.value.apps.size !== 2;
      return !result.diagnostics.some(({ severity }) => severity === "error");
    });

    expect(incomplete).toEqual([]);
  });
});
