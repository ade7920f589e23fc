import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../src/core/model/json.ts";
import { parseYaml, type YamlFile } from "../../../src/core/model/parse-yaml.ts";
import { readPlainYaml } from "../../../src/core/model/read-plain-yaml.ts";
import { siteYaml } from "../../support/fleet.ts";

/** What the reader of all YAML makes of a text: a comment with no letter in it keeps any other from reading it. */
function readAny(text: string): YamlFile {
  return parseYaml({ path: "a.yaml", text: `${text}\n# 😀\n` });
}

type Path = readonly (string | number)[];

function pathsIn(value: Json, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, item]: [string, Json]) =>
    pathsIn(item, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return [path, ...inner];
}

function placesIn({ documents }: YamlFile): unknown {
  return documents.map((one) =>
    pathsIn(one.value).map((path) => [
      path,
      one.at(path),
      one.keyAt(path),
      one.textAt(path, 1),
      one.sourceAt(path),
    ]),
  );
}

function valuesOf({ documents, diagnostics }: YamlFile): unknown {
  const read = documents.map(({ file, value, isBroken, twofold }) => [
    file,
    isBroken,
    twofold,
    // With the order of keys.
    JSON.stringify(value),
  ]);
  return { read, diagnostics };
}

/** True where the text is read the fast way; throws where that gives something else than the other. */
function isReadAlike(text: string): boolean {
  const fast = readPlainYaml(text);
  if (fast === undefined) return false;
  const [own, any] = [parseYaml({ path: "a.yaml", text }), readAny(text)];
  expect(valuesOf(own)).toEqual(valuesOf(any));
  expect(placesIn(own)).toEqual(placesIn(any));
  return true;
}

const words = ["a", "b1", "x-y", "a.b/c", "no", "y", "True", "true", "null", "~", "0", "-1", "-0"];
const numbers = [
  "1.5",
  "1.0",
  "010",
  "1e3",
  "0x1F",
  "1_0",
  "12:30",
  ".5",
  "+1",
  "1.",
  "9007199254740993",
];
const quoted = [
  '"a b"',
  "'it'",
  "'it''s'",
  '"\\n"',
  '""',
  "''",
  '"a"b',
  "'${site.name}'",
  '"a: b"',
];
const odd = [
  "- a",
  "&a b",
  "*a",
  "!!str a",
  "| ",
  ">",
  "?",
  "a: b",
  "a #b",
  "# a",
  "a # b",
  "a, b",
  "%a",
  "@a",
  "`a",
  "a, b",
  "a[b] {c} (d, e)",
  "it's",
  "äö, ü",
  "a  b",
  "a: ",
  "http://a.b",
  'a "b"',
  "a &b *c !d",
  "a%",
];
const flow = [
  "{}",
  "[]",
  "{a: 1, b: {c: [x, y]}}",
  '{"a":1,"b":"c"}',
  "{a:1}",
  "[a, ]",
  "{a: 1, a: 2}",
];
const more = [
  "[a b, 'c', \"d\"]",
  "{no: 1}",
  '{"no": 1}',
  "{a: }",
  "[a: b]",
  "{a}",
  "[[1], {x: true}]",
  "{ a: 1 }",
];
const scalar = fc.oneof(
  fc.constantFrom("a", "b c", "1", "{a: [b]}"),
  fc.constantFrom(...words, ...numbers, ...quoted, ...odd, ...flow, ...more),
);
const key = fc.constantFrom(
  "a",
  "b",
  "c.d/e",
  "kind",
  "spec",
  "no",
  "null",
  '"a"',
  "'b'",
  "1",
  "__proto__",
);
const line = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .tuple(fc.constantFrom(0, 0, 2, 2, 4, 3, 1), key, fc.option(scalar))
      .map(
        ([indent, name, value]) =>
          `${" ".repeat(indent)}${name}:${value === null ? "" : ` ${value}`}`,
      ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom("---", "--- ", "...", "", "  ", "# c", "    # c", "\t", "- a", "a"),
  },
);
const document = fc.array(line, { minLength: 1, maxLength: 4 }).map((lines) => lines.join("\n"));

const known = [
  siteYaml("e1", {
    region: "east",
    labels: { ring: "canary" },
    spec: { values: { a: "${site.name}" } },
  }),
  "kind: Site\nspec:\n  description: Königstraße, Zürich (2nd floor)\n  region: north's\n",
  "apiVersion: flotilla.dev/v1alpha1\nkind: Site\nmetadata:\n  name: e1\n  labels: {tier: shop, size: '2'}\nspec:\n  region: east # near\n",
  'kind: Site\nmetadata: {"name":"site-1","labels":{"share":"s1"}}\nspec: {"region":"eu"}\n---\n# second\nkind: Site\nspec:\n  a:\n    b: 1.5\n',
];
const mutated = fc
  .tuple(
    fc.constantFrom(...known),
    fc.array(
      fc.tuple(
        fc.nat(200),
        fc.nat(2),
        fc.constantFrom(...Array.from(" \n:-#'\"{}[],&*!|>%@`~?a1.$\\\t_0yé")),
      ),
      {
        minLength: 1,
        maxLength: 2,
      },
    ),
  )
  .map(([text, edits]) =>
    edits.reduce(
      (edited, [at, removed, added]) => edited.slice(0, at) + added + edited.slice(at + removed),
      text,
    ),
  );

describe("plain YAML", () => {
  it.each(known)("is read the fast way: %j", (text) => {
    expect(isReadAlike(text)).toBe(true);
  });

  it.each([
    ["a key that stands twice", "a: 1\nb: 2\na: 3\n"],
    ["a word that is a truth value to some", "a: no\n"],
    ["a number with a leading zero", "a: 010\n"],
    ["a key without a value", "a:\n"],
    ["a text over two lines", "a: b\n  c\n"],
    ["an empty document", "a: 1\n---\n"],
    ["a list", "- a\n"],
    ["another indentation", "a:\n    b: 1\n  c: 2\n"],
    ["nothing", ""],
    ["more than 200 levels on a line", `a: ${"[".repeat(200)}${"]".repeat(200)}\n`],
    [
      "more than 200 levels in lines",
      Array.from({ length: 201 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join("") +
        `${" ".repeat(201)}b: 1\n`,
    ],
  ])("is none, and left to the reader of all YAML: %s", (_, text) => {
    expect(readPlainYaml(text)).toBeUndefined();
  });

  it("gives what a reader of all YAML gives, values and places, or nothing", () => {
    let read = 0;
    const property = fc.property(fc.oneof(document, mutated), (text) => {
      if (isReadAlike(text)) read += 1;
    });
    fc.assert(property, { numRuns: 6000 });
    expect(read).toBeGreaterThan(200);
  }, 120_000);
});
