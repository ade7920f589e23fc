import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type Json, type JsonObject, canonicalJson } from "../../../src/core/model/json.ts";
import { emitYaml } from "../../../src/core/render/emit-yaml.ts";
import { readEmitted } from "../../../src/core/render/read-emitted.ts";

const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({
    unit: fc.constantFrom(" ", "\n", "\t", "a", "-", ":", "#", "'", '"', "|", "[", "{", "\\", "1"),
  }),
  fc.constantFrom("", "true", "null", "1e3", "|", "|-", "- a", "a: b", "a:", "100m", "constructor"),
);
const { tree } = fc.letrec<{ tree: unknown; scalar: unknown }>((tie) => ({
  scalar: fc.oneof(text, fc.integer(), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null)),
  tree: fc.oneof(
    { depthSize: "small" },
    tie("scalar"),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(text, tie("tree"), { maxKeys: 4 }),
  ),
}));
const objects = fc
  .dictionary(text, tree, { minKeys: 1, maxKeys: 5 })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);

/** As a reader of all YAML has it. */
function other(yaml: string): string {
  return canonicalJson(parse(yaml) as Json); // YAML without tags gives Json
}

describe("readEmitted", () => {
  it("reads whatever was emitted", () => {
    fc.assert(
      fc.property(objects, (object) => {
        const yaml = emitYaml(object);
        fc.pre(!yaml.includes("__proto__"));
        expect(canonicalJson(readEmitted(yaml) ?? null)).toBe(canonicalJson(object));
      }),
      { numRuns: 1000 },
    );
  });

  it("gives of any other text nothing, or what a reader of all YAML gives", () => {
    const edits = fc.array(
      fc.record({
        at: fc.nat(300),
        cut: fc.nat(3),
        put: fc.constantFrom(
          "",
          " ",
          "  ",
          "\n",
          "- ",
          ": ",
          '"',
          "|",
          "#",
          "a",
          "\t",
          "\\",
          "&a ",
        ),
      }),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(objects, edits, (object, changes) => {
        let yaml = emitYaml(object);
        for (const { at, cut, put } of changes) {
          const from = at % (yaml.length + 1);
          yaml = yaml.slice(0, from) + put + yaml.slice(from + cut);
        }
        const read = readEmitted(yaml);
        expect(read === undefined || canonicalJson(read) === other(yaml)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["nothing", ""],
    ["no newline at its end", "a: 1"],
    ["another order of keys", "b: 1\na: 2\n"],
    ["a key twice", "a: 1\na: 2\n"],
    ["another style", "a: 'b'\n"],
    ["a comment", "a: 1 # b\n"],
    ["an anchor", "a: &b 1\nc: *b\n"],
    ["several documents", "a: 1\n---\nb: 2\n"],
    ["an object in one line", '{"a": 1}\n'],
    ["a name that is not one's own", "__proto__: 1\n"],
  ])("gives nothing of a text with %s", (_, yaml) => {
    expect(readEmitted(yaml)).toBeUndefined();
  });
});
