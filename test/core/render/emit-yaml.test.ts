import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { emitYaml } from "../../../src/core/render/emit-yaml.ts";
import { readYaml } from "../../../src/core/render/read-yaml.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";
import { rendererNumber } from "../../../src/core/render/rendered.ts";

const golden: JsonObject = {
  metadata: { name: "web", labels: { on: "yes", version: "1.10", build: "0644", plain: "a-b" } },
  kind: "ConfigMap",
  apiVersion: "v1",
  data: {
    script: "#!/bin/sh\necho hi\n\n  indented\n",
    "no-newline": "a\nb",
    kept: "a\n\n",
    blank: "a\n \nb",
    unicode: "größe 🚢\u2028",
    image: "registry.example/app:1.2.3@sha256:00ff",
    quantity: "100m",
    exponent: "1e3",
    time: "12:30:45",
    empty: "",
    colon: "key: value",
    hash: "a #b",
  },
  list: [1, -1.5, true, null, "null", [], {}, [["x"]], { a: 1, b: [{ c: 2 }] }, "l1\nl2"],
};

describe("emitYaml", () => {
  it("gives bytes that change only together with rendererNumber", () => {
    expect({ rendererNumber, yaml: emitYaml(golden) }).toMatchInlineSnapshot(`
      {
        "rendererNumber": 1,
        "yaml": "apiVersion: v1
      kind: ConfigMap
      metadata:
        labels:
          build: "0644"
          "on": "yes"
          plain: a-b
          version: "1.10"
        name: web
      data:
        blank: "a\\n \\nb"
        colon: "key: value"
        empty: ""
        exponent: "1e3"
        hash: "a #b"
        image: registry.example/app:1.2.3@sha256:00ff
        kept: |+
          a

        no-newline: |-
          a
          b
        quantity: 100m
        script: |
          #!/bin/sh
          echo hi

            indented
        time: "12:30:45"
        unicode: "größe 🚢\\u2028"
      list:
      - 1
      - -1.5
      - true
      - null
      - "null"
      - []
      - {}
      - - - x
      - a: 1
        b:
        - c: 2
      - |-
          l1
          l2
      ",
      }
    `);
  });

  it("does not depend on the order of keys", () => {
    const reversed = (value: JsonObject): JsonObject =>
      Object.fromEntries(Object.entries(value).toReversed());

    expect(emitYaml(reversed(golden))).toBe(emitYaml(golden));
  });

  it("is read back exactly by YAML 1.1 and YAML 1.2 readers, whatever the object", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "grapheme" }),
      fc.string({
        unit: fc.constantFrom(" ", "\n", "\t", "\r", "a", "-", ":", "#", "'", '"', "|", "%"),
      }),
      fc.stringMatching(/^[-+.0-9a-fA-Fxob_:TZ ]{0,12}$/),
      fc.constantFrom(
        "y",
        "N",
        "on",
        "OFF",
        "~",
        "null",
        "<<",
        "=",
        "!!str a",
        "&a",
        "*a",
        "---",
        "...",
      ),
    );
    const { tree } = fc.letrec<{ tree: unknown; scalar: unknown }>((tie) => ({
      scalar: fc.oneof(
        text,
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
      ),
      tree: fc.oneof(
        { depthSize: "small" },
        tie("scalar"),
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(text, tie("tree"), { maxKeys: 4 }),
      ),
    }));

    fc.assert(
      fc.property(fc.dictionary(text, tree, { maxKeys: 5 }), (value) => {
        const object = JSON.parse(JSON.stringify(value)) as JsonObject; // no -0, as in any JSON
        const yaml = emitYaml(object);
        for (const version of ["1.1", "1.2"] as const) {
          expect(parse(yaml, { version, merge: false })).toStrictEqual(object);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("is read back exactly by the reader of manifests, for objects as users write them", () => {
    expect(readYaml({ path: "x.yaml", text: emitYaml(golden) }).documents[0]?.value).toStrictEqual(
      golden,
    );
  });

  it("writes keys too long to stand before a colon", () => {
    const object = { ["k".repeat(3000)]: { a: ["b", { c: "d" }] } };

    expect(parse(emitYaml(object))).toStrictEqual(object);
  });
});
