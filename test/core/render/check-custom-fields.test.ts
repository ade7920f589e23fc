import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { type FleetEdits, aFleet, appYaml } from "../../support/fleet.ts";

/** A definition whose versions have these schemas (YAML, in flow style) of `spec`. */
const definition = (versions: Readonly<Record<string, string>>): string => {
  const each = Object.entries(versions).map(
    ([name, spec]) => `
    - name: ${name}
      served: true
      storage: ${name === "v1"}
      schema: {openAPIV3Schema: {type: object, properties: {spec: ${spec}}}}`,
  );
  return `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  names: {kind: Thing, plural: things}
  scope: Namespaced
  versions:${each.join("")}
`;
};
const thing = (spec: string, version = "v1"): string =>
  `apiVersion: example.com/${version}\nkind: Thing\nmetadata: {name: t}\nspec: ${spec}\n`;
const found = (edits: FleetEdits): string[] =>
  renderFiles(aFleet(edits)).diagnostics.map((each) => `${formatDiagnostic(each)} [${each.code}]`);
const problems = (schema: string, spec: string): string[] =>
  found({
    "manifests/web/crd.yaml": definition({ v1: schema }),
    "manifests/web/thing.yaml": thing(spec),
  });
const object = (properties: string): string => `{type: object, properties: ${properties}}`;

describe("a scalar of a custom resource", () => {
  it("is refused where its definition has text and YAML has made it something else", () => {
    const schema = object(
      "{tags: {type: array, items: {type: string}}, parts: {type: array, items: {type: object, properties: {name: {type: string}}}}}",
    );
    expect(problems(schema, "{tags: [yes, 0123, ok], parts: [{name: no}]}")).toEqual([
      "manifests/web/thing.yaml:4:15: error: Thing web/t: spec.tags[0] must be text, not the boolean true; quote it [invalid-object]",
      "manifests/web/thing.yaml:4:20: error: Thing web/t: spec.tags[1] must be text, not the number 83; quote it [invalid-object]",
      "manifests/web/thing.yaml:4:46: error: Thing web/t: spec.parts[0].name must be text, not the boolean false; quote it [invalid-object]",
    ]);
  });

  it.each([
    ["{type: integer}", '"5"', "spec.a must be a whole number, not text"],
    ["{type: integer}", "1.5", "spec.a must be a whole number, not the number 1.5"],
    ["{type: integer, format: int32}", "true", "spec.a must be a whole number"],
    ["{type: number}", '"5"', "spec.a must be a number, not text"],
    ["{type: boolean}", '"yes"', "spec.a must be true or false, not text"],
    ["{type: boolean}", "1", "spec.a must be true or false, not the number 1"],
    ["{type: string, nullable: true}", "5", "spec.a must be text"],
    ["{type: string, format: date-time}", "5", "spec.a must be text"],
  ])("is refused by its type: %s of %s", (type, value, words) => {
    expect(problems(object(`{a: ${type}}`), `{a: ${value}}`)).toEqual([
      expect.stringContaining(`manifests/web/thing.yaml:4:11: error: Thing web/t: ${words}`),
    ]);
  });

  it.each([
    ["{type: object, additionalProperties: {type: string}}", "{x: 5}"],
    [
      "{type: object, properties: {z: {type: integer}}, additionalProperties: {type: string}}",
      "{x: 5, z: 5}",
    ],
    [
      "{type: object, x-kubernetes-preserve-unknown-fields: true, properties: {x: {type: string}}}",
      "{x: 5, z: 5}",
    ],
    [
      "{type: object, x-kubernetes-embedded-resource: true, properties: {kind: {type: string}, x: {type: string}}}",
      "{apiVersion: v1, kind: A, metadata: {name: n}, x: 5}",
    ],
  ])("is looked at below %s", (schema, value) => {
    expect(problems(object(`{a: ${schema}}`), `{a: ${value}}`)).toEqual([
      expect.stringContaining("spec.a.x must be text, not the number 5"),
    ]);
  });

  it.each([
    ["{x-kubernetes-int-or-string: true}", "5"],
    ["{x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}", "5"],
    ["{x-kubernetes-preserve-unknown-fields: true}", "{x: 5, z: yes}"],
    ["{type: object, x-kubernetes-preserve-unknown-fields: true}", "{x: 5}"],
    ["{type: object}", "{x: 5}"],
    ["{type: object, additionalProperties: true}", "{x: 5}"],
    ["{type: object, properties: {z: {type: string}}}", "{x: 5}"],
    ["{type: string}", "null"],
    ["{type: string, nullable: true}", "null"],
    ["{type: number}", "5"],
    ["{type: integer}", "5.0"],
    ["{type: string}", '"yes"'],
    ["{type: string}", "ok"],
    ["{type: array, items: true}", "[5]"],
    ["{}", "5"],
  ])("may be what an API server takes: %s of %s", (schema, value) => {
    expect(problems(object(`{a: ${schema}}`), `{a: ${value}}`)).toEqual([]);
  });

  it("is held against the version of its object", () => {
    const versions = { v1: object("{a: {type: string}}"), v2: object("{a: {type: integer}}") };
    const at = (version: string): string[] =>
      found({
        "manifests/web/crd.yaml": definition(versions),
        "manifests/web/thing.yaml": thing("{a: 5}", version),
      });
    expect(at("v1")).toHaveLength(1);
    expect(at("v2")).toEqual([]);
    expect(at("v3")).toEqual([]);
  });

  it("is looked at behind all overlays, and told where it was written", () => {
    const edits = (a: unknown, written: string): FleetEdits => {
      const target = { kind: "Thing", name: "t" };
      const overlays = [{ virtualSites: ["shops"], patches: [{ target, merge: { spec: { a } } }] }];
      return {
        "apps/web.yaml": appYaml("web", { spec: { overlays } }),
        "manifests/web/crd.yaml": definition({ v1: object("{a: {type: string}}") }),
        "manifests/web/thing.yaml": thing(`{a: ${written}}`),
      };
    };
    expect(found(edits(5, "ok"))).toEqual([
      expect.stringMatching(/^apps\/web\.yaml:4:\d+: error: Thing web\/t: spec\.a must be text/),
    ]);
  });

  it("may be anything where two definitions of its kind say two things", () => {
    const texts = object("{a: {type: string}}");
    const numbers = object("{a: {type: integer}}");
    const both = (other: string): string[] =>
      found({
        "manifests/web/crd.yaml": definition({ v1: texts }),
        "manifests/web/thing.yaml": thing("{a: 5}"),
        "apps/other.yaml": appYaml("other"),
        "manifests/other/crd.yaml": definition({ v1: other }),
      }).filter((each) => each.includes("must be text"));
    expect(both(texts)).toHaveLength(1);
    expect(both(numbers)).toEqual([]);
  });

  it.each([
    [
      {
        target: { kind: "CustomResourceDefinition" },
        json: [{ op: "add", path: "/spec/x", value: 1 }],
      },
      0,
    ],
    [{ target: { name: "things.example.com" }, merge: { spec: { scope: "Cluster" } } }, 0],
    [
      { target: { kind: "CustomResourceDefinition" }, merge: { metadata: { labels: { a: "b" } } } },
      1,
    ],
    [{ target: { kind: "ConfigMap" }, merge: { spec: {} } }, 1],
    [{ target: { name: "t" }, merge: { spec: {} } }, 1],
  ])("may be anything where an overlay changes what definitions say: %#", (patch, count) => {
    const overlays = [{ virtualSites: ["shops"], patches: [patch] }];
    const edits = {
      "apps/web.yaml": appYaml("web", { spec: { overlays } }),
      "manifests/web/crd.yaml": definition({ v1: object("{a: {type: string}}") }),
      "manifests/web/thing.yaml": thing("{a: 5}"),
    };
    expect(found(edits).filter((each) => each.includes("must be text"))).toHaveLength(count);
  });

  it("is told twenty times of an object, and where thousands are wrong", () => {
    const schema = object("{a: {type: array, items: {type: string}}}");
    const many = Array.from({ length: 5000 }, (_, index) => index).join(", ");
    expect(problems(schema, `{a: [${many}]}`)).toHaveLength(20);
  });
});
