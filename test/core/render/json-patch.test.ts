import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import publicTests from "json-patch-test-suite/tests.json" with { type: "json" };
import specificationTests from "json-patch-test-suite/spec_tests.json" with { type: "json" };
import { type Json, canonicalJson } from "../../../src/core/model/json.ts";
import { type PatchOperation, applyJsonPatch } from "../../../src/core/render/json-patch.ts";

const apply = (document: Json, ...patch: PatchOperation[]): unknown => {
  const result = applyJsonPatch(document, patch);
  return result.ok ? result.value : `${result.operation}: ${result.message}`;
};

/** A row of the public test suite; without `expected`, the patch must be refused or (a `test`) only succeed. */
interface PublicTest {
  readonly comment?: string;
  readonly doc: Json;
  readonly patch?: readonly PatchOperation[];
  readonly expected?: Json;
  readonly error?: string;
  readonly disabled?: boolean;
}

describe("applyJsonPatch", () => {
  it("agrees with every row of the public test suite that is in force", () => {
    const all = [...publicTests, ...specificationTests] as unknown as readonly PublicTest[];
    const rows = all.filter(({ patch, disabled }) => patch !== undefined && disabled !== true);

    const wrong = rows.filter(({ doc, patch = [], expected, error }) => {
      const result = applyJsonPatch(doc, patch);
      if (!result.ok) return error === undefined;
      const isOther =
        expected !== undefined && canonicalJson(result.value) !== canonicalJson(expected);
      return error !== undefined || isOther;
    });

    expect(wrong).toEqual([]);
    expect(rows.length).toBeGreaterThan(90);
  });

  // Appendix A of RFC 6902, and the corners that implementations differ in.
  it.each<[string, Json, PatchOperation[], Json]>([
    [
      "A.1 adding an object member",
      { foo: "bar" },
      [{ op: "add", path: "/baz", value: "qux" }],
      { baz: "qux", foo: "bar" },
    ],
    [
      "A.2 adding an array element",
      { foo: ["bar", "baz"] },
      [{ op: "add", path: "/foo/1", value: "qux" }],
      { foo: ["bar", "qux", "baz"] },
    ],
    [
      "A.3 removing an object member",
      { baz: "qux", foo: "bar" },
      [{ op: "remove", path: "/baz" }],
      { foo: "bar" },
    ],
    [
      "A.4 removing an array element",
      { foo: ["bar", "qux", "baz"] },
      [{ op: "remove", path: "/foo/1" }],
      { foo: ["bar", "baz"] },
    ],
    [
      "A.5 replacing a value",
      { baz: "qux", foo: "bar" },
      [{ op: "replace", path: "/baz", value: "boo" }],
      { baz: "boo", foo: "bar" },
    ],
    [
      "A.6 moving a value",
      { foo: { bar: "baz", waldo: "fred" }, qux: { corge: "grault" } },
      [{ op: "move", from: "/foo/waldo", path: "/qux/thud" }],
      { foo: { bar: "baz" }, qux: { corge: "grault", thud: "fred" } },
    ],
    [
      "A.7 moving an array element",
      { foo: ["all", "grass", "cows", "eat"] },
      [{ op: "move", from: "/foo/1", path: "/foo/3" }],
      { foo: ["all", "cows", "eat", "grass"] },
    ],
    [
      "A.8 testing a value",
      { baz: "qux", foo: ["a", 2, "c"] },
      [
        { op: "test", path: "/baz", value: "qux" },
        { op: "test", path: "/foo/1", value: 2 },
      ],
      { baz: "qux", foo: ["a", 2, "c"] },
    ],
    [
      "A.10 adding a nested member object",
      { foo: "bar" },
      [{ op: "add", path: "/child", value: { grandchild: {} } }],
      { foo: "bar", child: { grandchild: {} } },
    ],
    [
      "A.14 escaping",
      { "/": 9, "~1": 10 },
      [{ op: "test", path: "/~01", value: 10 }],
      { "/": 9, "~1": 10 },
    ],
    [
      "A.16 adding an array value",
      { foo: ["bar"] },
      [{ op: "add", path: "/foo/-", value: ["abc", "def"] }],
      { foo: ["bar", ["abc", "def"]] },
    ],
    [
      "the whole document is replaced",
      { foo: "bar" },
      [{ op: "replace", path: "", value: [1] }],
      [1],
    ],
    ["the empty key is a key", {}, [{ op: "add", path: "/", value: 1 }], { "": 1 }],
    [
      "a test compares objects without the order of their keys",
      { a: { b: 1, c: 2 } },
      [{ op: "test", path: "/a", value: { c: 2, b: 1 } }],
      { a: { b: 1, c: 2 } },
    ],
    [
      "a copy is independent of what it was copied from",
      { a: { b: 1 } },
      [
        { op: "copy", from: "/a", path: "/c" },
        { op: "add", path: "/c/b", value: 2 },
      ],
      { a: { b: 1 }, c: { b: 2 } },
    ],
    ["a value is moved onto itself", { a: 1 }, [{ op: "move", from: "/a", path: "/a" }], { a: 1 }],
    [
      "null is a value",
      { a: 1 },
      [
        { op: "replace", path: "/a", value: null },
        { op: "test", path: "/a", value: null },
      ],
      { a: null },
    ],
    [
      "add replaces a member that exists",
      { a: 1 },
      [{ op: "add", path: "/a", value: 2 }],
      { a: 2 },
    ],
    [
      "digits are a key of an object",
      { a: {} },
      [{ op: "add", path: "/a/0", value: 1 }],
      { a: { "0": 1 } },
    ],
  ])("%s", (_title, ...[document, patch, expected]) => {
    const before = structuredClone(document);

    expect(apply(document, ...patch)).toEqual(expected);
    expect(document).toEqual(before);
  });

  it.each<[string, Json, PatchOperation, string]>([
    [
      "A.9 a test that fails",
      { baz: "qux" },
      { op: "test", path: "/baz", value: "bar" },
      'the value is "qux", not "bar"',
    ],
    [
      "A.12 adding to a parent that is not there",
      { foo: "bar" },
      { op: "add", path: "/baz/bat", value: "qux" },
      "nothing is at /baz",
    ],
    [
      "A.15 comparing a string with a number",
      { "~1": 10 },
      { op: "test", path: "/~01", value: "10" },
      'the value is 10, not "10"',
    ],
    ["removing what is not there", { a: 1 }, { op: "remove", path: "/b" }, "nothing is at /b"],
    [
      "replacing what is not there",
      { a: [] },
      { op: "replace", path: "/a/0", value: 1 },
      "nothing is at /a/0",
    ],
    [
      "a position beyond the end",
      { a: [1] },
      { op: "add", path: "/a/2", value: 1 },
      "position 2 is beyond",
    ],
    [
      "a position with a leading zero",
      { a: [1, 2] },
      { op: "add", path: "/a/01", value: 1 },
      '"01" is not a position',
    ],
    [
      "a negative position",
      { a: [1, 2] },
      { op: "add", path: "/a/-1", value: 1 },
      '"-1" is not a position',
    ],
    [
      "the end of a list, for removing",
      { a: [1] },
      { op: "remove", path: "/a/-" },
      "nothing is at /a/-",
    ],
    [
      "a child of a scalar",
      { a: "text" },
      { op: "add", path: "/a/b", value: 1 },
      "/a is no object or list",
    ],
    [
      "a pointer without its slash",
      { a: 1 },
      { op: "replace", path: "a", value: 1 },
      "not a JSON pointer",
    ],
    ["a bad escape", { a: 1 }, { op: "replace", path: "/~2", value: 1 }, "not a JSON pointer"],
    [
      "moving a value into itself",
      { a: { b: 1 } },
      { op: "move", from: "/a", path: "/a/b/c" },
      "moved into itself",
    ],
    ["an unknown operation", { a: 1 }, { op: "spam", path: "/a" }, "not an operation"],
    ["add without a value", { a: 1 }, { op: "add", path: "/b" }, "needs a value"],
    ["copy without from", { a: 1 }, { op: "copy", path: "/b" }, 'needs "from"'],
    [
      "an inherited member",
      {},
      { op: "test", path: "/toString", value: 1 },
      "nothing is at /toString",
    ],
  ])("refuses %s, naming the operation", (_title, ...[document, patch, message]) => {
    const ok: PatchOperation = { op: "test", path: "", value: document };

    expect(apply(document, ok, patch)).toMatch(/^1: /);
    expect(apply(document, ok, patch)).toContain(message);
  });

  it("copies what is large, but not without end", () => {
    const into = Array.from({ length: 18 }, (_, index) => ({
      op: "copy",
      from: "/data",
      path: `/data/${index}`,
    }));
    const text = { op: "copy", from: "/text", path: "/data/-" };
    const large = "x".repeat(1_000_000);

    expect(apply({ data: { a: 1 } }, ...into)).toMatch(/^1[56]: the patch copies too much$/);
    expect(apply({ data: [], text: large }, text)).toEqual({ data: [large], text: large });
    expect(apply({ data: [], text: large }, text, text)).toBe("1: the patch copies too much");
  });

  it("comes to what its operations come to one by one, and leaves the document and the values alone", () => {
    const tokens = fc.array(fc.constantFrom("a", "b", "0", "1", "-"), { maxLength: 3 });
    const pointer = tokens.map((all) => all.map((token) => `/${token}`).join(""));
    const value = fc.constantFrom<Json>(1, { a: {} }, { b: [{ a: 1 }] }, [], [[1], { a: 2 }]);
    const op = fc.constantFrom("add", "add", "replace", "remove", "move", "copy", "copy");
    const operation = fc.record({ op, path: pointer, from: pointer, value });
    const document: Json = { a: { a: { b: 1 }, b: [1, 2] }, b: [{ a: [] }, { b: {} }] };
    const before = canonicalJson(document);

    fc.assert(
      fc.property(fc.array(operation, { minLength: 20, maxLength: 60 }), (operations) => {
        const written = canonicalJson(operations);
        const good: PatchOperation[] = [];
        let expected: Json = document;
        for (const each of operations) {
          const next = applyJsonPatch(expected, [each]);
          if (!next.ok || canonicalJson(next.value).length > 2_000) continue;
          good.push(each);
          expected = next.value;
        }

        expect(canonicalJson(apply(document, ...good) as Json)).toBe(canonicalJson(expected));
        expect(canonicalJson(document)).toBe(before);
        expect(canonicalJson(operations)).toBe(written);
      }),
    );
  });
});
