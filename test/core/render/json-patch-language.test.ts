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

  const withPatches = (...patches: readonly object[]) => {
    const overlays = patches.map((patch) => ({
      virtualSites: ["shops"],
      patches: [{ target: { kind: "Deployment" }, ...patch }],
    }));
    const edits = { "apps/web.yaml": appYaml("web", { spec: { overlays } }) };
    return renderFleet(aModel(edits)).diagnostics;
  };
  const asserted = { op: "test", path: "/metadata/name", value: "web" };

  it("takes a list of tests for an assertion: it fails, or nothing is told of it", () => {
    expect(withPatches({ json: [asserted] })).toEqual([]);
    expect(withPatches({ json: [asserted, { ...asserted, value: "shop" }] })).toEqual([
      expect.objectContaining({
        code: "patch-failed",
        message: expect.stringContaining(
          'operation 2 (test /metadata/name): the value is "web", not "shop"',
        ),
      }),
    ]);
    expect(withPatches({ json: [asserted, { ...asserted, op: "replace" }] })).toEqual([
      expect.objectContaining({ code: "no-effect", hint: "remove it" }),
    ]);
  });

  it("takes no overlay that asserts something for one of which later ones leave nothing", () => {
    const replicas = (count: number): object => ({
      op: "add",
      path: "/spec/replicas",
      value: count,
    });
    const target = { kind: "Deployment" };
    const overlays = (first: readonly object[]): readonly object[] => [
      { virtualSites: ["shops"], patches: first },
      { virtualSites: ["shops"], patches: [{ target, json: [replicas(5)] }] },
    ];
    const told = (first: readonly object[]): readonly unknown[] => {
      const spec = { overlays: overlays(first) };
      const { diagnostics } = renderFleet(aModel({ "apps/web.yaml": appYaml("web", { spec }) }));
      return diagnostics.map(({ message }) => message);
    };
    const change = { target, json: [replicas(4)] };

    expect(told([change])).toEqual([expect.stringContaining("has no effect left at any site")]);
    expect(told([change, { target, json: [asserted] }])).toEqual([]);
  });

  it.each([
    [{ op: "add", path: "/spec/a~2", value: 1 }, "(it starts with /, and has ~ only in ~0 and ~1)"],
    [{ op: "add", path: "/long".repeat(10_000), value: 1 }, "lon…): nothing is at /long"],
    [{ op: "remove", path: `/spec/${"long".repeat(10_000)}` }, "nothing is at /spec/longlong"],
    [{ op: "remove", path: `/spec/template/spec/containers/${"1".repeat(9000)}` }, "nothing is at"],
    [{ op: "add", path: `/spec/template/spec/containers/${"1".repeat(9000)}`, value: 1 }, "…"],
  ])("tells what is wrong with a pointer, however long it is", (operation, words) => {
    const patches = [{ target: { kind: "Deployment" }, json: [operation] }];
    const overlay = { virtualSites: ["shops"], patches };
    const edits = { "apps/web.yaml": appYaml("web", { spec: { overlays: [overlay] } }) };
    const [first, ...others] = renderFleet(aModel(edits)).diagnostics;

    expect(first).toMatchObject({ code: "patch-failed" });
    expect(first?.message).toContain(words);
    expect(first?.message.length).toBeLessThan(600);
    expect(others).toEqual([]);
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
