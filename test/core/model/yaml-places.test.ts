import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseYaml, type YamlDocument } from "../../../src/core/model/parse-yaml.ts";
import { readYaml } from "../../../src/core/render/read-yaml.ts";

function documentOf(text: string): YamlDocument {
  const [document] = parseYaml({ path: "x.yaml", text }).documents;
  if (document === undefined) throw new Error("no document");
  return document;
}

/** The text of a file from a place on. */
function textFrom(text: string, place: { readonly line: number; readonly column: number }): string {
  return text.split("\n")[place.line - 1]?.slice(place.column - 1) ?? "";
}

const letter = fc.constantFrom("a", "b", "=", "!", "(", "\\", '"', "'", "é", "~", "1");
const value = fc.array(letter, { minLength: 1, maxLength: 20 }).map((letters) => letters.join(""));

describe("the place of a character in a text value", () => {
  it("is exact in single quotes", () => {
    fc.assert(
      fc.property(value, fc.nat(), (text, number) => {
        const index = number % text.length;
        const yaml = `spec:\n  key: '${text.replaceAll("'", "''")}'\n`;
        const document = documentOf(yaml);
        expect(document.value).toEqual({ spec: { key: text } });
        expect(textFrom(yaml, document.textAt(["spec", "key"], index))[0]).toBe(text[index]);
      }),
    );
  });

  it("is exact in double quotes, with escapes", () => {
    fc.assert(
      fc.property(value, fc.nat(), (text, number) => {
        const index = number % text.length;
        const quoted = JSON.stringify(text).replaceAll("é", "\\xe9").replaceAll("~", "\\u007e");
        const yaml = `- key: ${quoted}\n`;
        const document = documentOf(yaml);
        expect(document.value).toEqual([{ key: text }]);
        const rest = textFrom(yaml, document.textAt([0, "key"], index)).replace(/"$/, "");
        const first = /^(\\x..|\\u....|\\?.)/.exec(rest)?.[0] ?? "";
        expect(JSON.parse(`"${first.replace("\\x", "\\u00")}"`)).toBe(text[index]);
      }),
    );
  });

  it("is exact in plain text", () => {
    const yaml = "key: a in (b, c) # why\n";
    expect(documentOf(yaml).textAt(["key"], 6)).toMatchObject({ line: 1, column: 12 });
  });

  it.each([
    ["key: |\n  a\n  b\n", 6],
    ["key: >-\n  a\n  b\n", 6],
    ["key: 'a\n  b'\n", 6],
    ["x: &x abc\nkey: *x\n", 6],
  ])("is the start of the value where it cannot be told: %j", (yaml, column) => {
    expect(documentOf(yaml).textAt(["key"], 2)).toMatchObject({ column });
  });
});

describe("a byte order mark", () => {
  it("is no character of the first line", () => {
    const text = "\uFEFFa: { b: 'x' }\nc: 1\n";
    const file = { path: "x.yaml", text };
    for (const document of [documentOf(text), readYaml(file).documents[0]]) {
      expect(document?.value).toEqual({ a: { b: "x" }, c: 1 });
      expect(document?.keyAt(["a"])).toEqual({ file: "x.yaml", line: 1, column: 1 });
      expect(document?.textAt(["a", "b"], 0)).toEqual({ file: "x.yaml", line: 1, column: 10 });
      expect(document?.keyAt(["c"])).toEqual({ file: "x.yaml", line: 2, column: 1 });
    }
  });
});

describe("the place of a field", () => {
  const yaml = "a:\n  - b: 1\n    c: {d: 2}\n";

  it.each([
    [["a", 0, "b"], 2, 8],
    [["a", 0, "c", "d"], 3, 12],
    [["a", 0], 2, 5],
    [["a", 0, "c", "zzz"], 3, 8],
    [[], 1, 1],
  ])("%j is at line %i, column %i", (path, line, column) => {
    expect(documentOf(yaml).at(path)).toEqual({ file: "x.yaml", line, column });
  });

  it("of its key is another", () => {
    expect(documentOf(yaml).keyAt(["a", 0, "c", "d"])).toMatchObject({ line: 3, column: 9 });
    expect(documentOf(yaml).keyAt(["a"])).toMatchObject({ line: 1, column: 1 });
  });

  it("follows aliases to their anchors", () => {
    const text = "x: &x\n  deep: 1\nkey: *x\n";
    expect(documentOf(text).at(["key", "deep"])).toMatchObject({ line: 2, column: 9 });
  });

  it("counts lines of every document from the start of the file, with either line ending", () => {
    const text = "a: 1\r\n---\r\nb:\r\n  c: 2\r\n";
    const second = parseYaml({ path: "x.yaml", text }).documents[1];
    expect(second?.at(["b", "c"])).toMatchObject({ line: 4, column: 6 });
  });
});
