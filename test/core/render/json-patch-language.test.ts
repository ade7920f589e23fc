/** JSON patches as users write them: in overlays of an App. */
import { describe, expect, it } from "vitest";
import publicTests from "json-patch-test-suite/tests.json" with { type: "json" };
import specificationTests from "json-patch-test-suite/spec_tests.json" with { type: "json" };
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { type Json, canonicalJson, isJsonObject } from "../../../src/core/model/json.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { renderFleet } from "../../../src/core/render/render-fleet.ts";
import { type FleetEdits, aFleet, aModel, appYaml } from "../../support/fleet.ts";

interface PublicTest {
  readonly doc: Json;
  readonly patch?: readonly Readonly<Record<string, Json>>[];
  readonly expected?: Json;
  readonly error?: string;
  readonly disabled?: boolean;
}

const all = [...publicTests, ...specificationTests] as unknown as readonly PublicTest[];
const rows = all.filter(({ patch, disabled }) => patch !== undefined && disabled !== true);

/** The row's document in an object, and its patch in an overlay. */
function rowFleet({ doc, patch = [] }: PublicTest): FleetEdits {
  const inObject = (pointer: Json | undefined): Json =>
    typeof pointer === "string" ? `/spec/doc${pointer}` : (pointer ?? null);
  const json = patch.map((operation) => ({
    ...operation,
    path: inObject(operation["path"]),
    ...("from" in operation && { from: inObject(operation["from"]) }),
  }));
  const overlay = { virtualSites: ["shops"], patches: [{ target: { kind: "Doc" }, json }] };
  const object = { apiVersion: "example.com/v1", kind: "Doc", metadata: { name: "row" } };
  return {
    "apps/web.yaml": appYaml("web", { spec: { overlays: [overlay] } }),
    "manifests/web/deployment.yaml": JSON.stringify({ ...object, spec: { doc } }),
    "manifests/web/settings.yaml": definition,
  };
}

const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const definition = JSON.stringify({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "docs.example.com" },
  spec: {
    group: "example.com",
    names: { kind: "Doc", plural: "docs" },
    scope: "Namespaced",
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: anything } }],
  },
});

/** The document behind the patch; undefined: it was refused. */
function patched(row: PublicTest): Json | undefined {
  const edits = rowFleet(row);
  const loaded = loadFleet(aFleet(edits));
  const fleet = loaded.ok ? renderFleet(loaded.value) : loaded;
  if (!fleet.ok) return undefined;
  const tree = fleet.value.apps.get("web")?.sites.get("e1") ?? "";
  const objects = fleet.value.variants.get(tree)?.objects ?? [];
  const found = objects.find(({ object }) => object.kind === "Doc")?.object["spec"];
  return isJsonObject(found) ? found["doc"] : undefined;
}

describe("a JSON patch in an overlay", () => {
  it("agrees with every row of the public test suite that is in force", () => {
    const wrong = rows.filter((row) => {
      const { doc, expected = doc, error } = row;
      const value = patched(row);
      if (error !== undefined) return value !== undefined;
      return value === undefined || canonicalJson(value) !== canonicalJson(expected);
    });

    expect(wrong).toEqual([]);
    expect(rows.length).toBeGreaterThan(90);
  });

  const problems = (member: string): string[] => {
    const overlays = `  overlays:
    - virtualSites: [shops]
      patches:
        - target: { kind: ConfigMap }
          json:
            - { op: add, path: /data/a, value: "1", ${member} }
`;
    const app = `apiVersion: flotilla.dev/v1alpha1
kind: App
metadata: { name: web }
spec:
  namespace: web
  source: { manifests: manifests/web }
  placement: { virtualSites: [all] }
${overlays}`;
    return loadFleet(aFleet({ "apps/web.yaml": app })).diagnostics.map(formatDiagnostic);
  };

  it("warns of a member that RFC 6902 says to ignore, and refuses one that is a slip of another", () => {
    expect(problems("comment: why")).toEqual([
      'apps/web.yaml:13:53: warning: RFC 6902 does not know the member "comment", and ignores it; leave it out, or write it as a comment; known here: op, path, from, value',
    ]);
    expect(problems("fromm: /b")).toEqual([
      'apps/web.yaml:13:53: error: unknown field "fromm" in spec.overlays[0].patches[0].json[0]; did you mean "from"?',
    ]);
  });

  it("warns of a list without operations, which changes nothing", () => {
    const overlay = {
      virtualSites: ["shops"],
      patches: [{ target: { kind: "Deployment" }, json: [] }],
    };
    const edits = { "apps/web.yaml": appYaml("web", { spec: { overlays: [overlay] } }) };

    expect(renderFleet(aModel(edits)).diagnostics).toEqual([
      expect.objectContaining({ code: "no-effect", severity: "warning" }),
    ]);
  });
});
