import { describe, expect, it } from "vitest";
import { parseYaml } from "../../../src/core/model/parse-yaml.ts";
import { readYaml } from "../../../src/core/render/read-yaml.ts";

const read = (text: string): ReturnType<typeof readYaml> => readYaml({ path: "a.yaml", text });
const valueOf = (scalar: string): unknown => read(`a: ${scalar}\n`).documents[0]?.value;
const problems = (text: string): string[] =>
  read(text).diagnostics.map(
    ({ line, column, code, message }) => `${line}:${column} ${code} ${message}`,
  );

describe("readYaml", () => {
  it.each([
    ["yes", true],
    ["Off", false],
    ["y", true],
    ["N", false],
    ["0644", 420],
    ["0o644", 420],
    ["0x1F", 31],
    ["0b101", 5],
    ["089", 89],
    ["1_000", 1000],
    ["+5", 5],
    ["-0", 0],
    ["1e3", 1000],
    [".5", 0.5],
    ["1.10", 1.1],
    ["~", null],
    ["", null],
    ["12:30:45", "12:30:45"],
    ["2024-01-01", "2024-01-01"],
    ["1.2.3", "1.2.3"],
    ['"0644"', "0644"],
    ["'yes'", "yes"],
    ["!!str 5", "5"],
    ['!!int "7"', 7],
    ["${site.name}", "${site.name}"],
    ["9007199254740991", 9_007_199_254_740_991],
  ])("reads %s as kubectl does", (scalar, value) => {
    expect(valueOf(scalar)).toStrictEqual({ a: value });
  });

  it.each([
    ["9007199254740993", "would lose digits"],
    ["-12345678901234567890", "would lose digits"],
    [".inf", "has no form in JSON"],
    [".NaN", "has no form in JSON"],
    ["!!int x", "cannot be read as !!int"],
    ["!!binary aGk=", "the tag !!binary is not supported"],
    ['!!binary "aGk="', "the tag !!binary is not supported"],
    ["!!timestamp 2026-01-01", "the tag !!timestamp is not supported"],
    ["!Ref x", "cannot be read as what its tag says"],
    ['"a\\ud800"', "half of a character"],
  ])("refuses %s, which JSON cannot hold exactly", (scalar, why) => {
    expect(problems(`a: ${scalar}\n`)).toEqual([expect.stringContaining(why)]);
  });

  it("says what to write where a tag is not supported", () => {
    const { diagnostics } = read('a: 1\nb:\n  c: !!binary "aGk="\n');
    expect(diagnostics).toEqual([
      {
        file: "a.yaml",
        line: 3,
        column: 15,
        severity: "error",
        code: "yaml-syntax",
        message: "the tag !!binary is not supported",
        hint: "leave the tag out: Kubernetes takes base64 as plain text",
      },
    ]);
  });

  it("gives each document with the places of its fields, and skips empty ones", () => {
    const { documents, diagnostics } = read(
      "# only a comment\n---\na: 1\n---\n---\nb:\n  - c: 2\n",
    );

    expect(diagnostics).toEqual([]);
    expect(documents.map(({ value }) => value)).toEqual([{ a: 1 }, { b: [{ c: 2 }] }]);
    expect(documents[1]?.at(["b", 0, "c"])).toEqual({ file: "a.yaml", line: 7, column: 8 });
    expect(documents[1]?.keyAt(["b", 0, "c"])).toEqual({ file: "a.yaml", line: 7, column: 5 });
    expect(documents[1]?.at(["b", 0, "missing"])).toEqual({ file: "a.yaml", line: 7, column: 5 });
  });

  it("reads JSON with duplicate keys and tabs as strictly as YAML", () => {
    expect(read('{\n\t"a": {"b": "\\ud83d\\ude80"}\n}\n').documents[0]?.value).toEqual({
      a: { b: "🚀" },
    });
    expect(problems('{"a": 1, "a": 2}')).toEqual(['1:10 yaml-syntax duplicate key "a"']);
  });

  it("merges `<<` with the explicit key and the first source winning", () => {
    const { documents } = read("x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], c: 3}\n");

    expect(documents[0]?.value).toMatchObject({ z: { a: 1, b: 1, c: 3 } });
  });

  it("tells duplicate keys where the second one stands, also if they differ only in quotes", () => {
    expect(problems("a: 1\n'a': 2\n")).toEqual(['2:1 yaml-syntax duplicate key "a"']);
    expect(problems("1: x\n'1': y\n")).toEqual(['2:1 yaml-syntax duplicate key "1"']);
  });

  it("keeps a key named __proto__ as data", () => {
    const value = read("a: {__proto__: {b: 1}}\n").documents[0]?.value;

    expect(JSON.stringify(value)).toBe('{"a":{"__proto__":{"b":1}}}');
  });

  it("takes an alias for the anchor before it, also where it is read again later", () => {
    const { documents } = read("a: &x 1\nb: &y [*x]\nc: &x 2\nd: *y\ne: *x\n");

    expect(documents[0]?.value).toEqual({ a: 1, b: [1], c: 2, d: [1], e: 2 });
  });

  it("expands aliases up to a budget, and never without end", () => {
    const level = (name: string, of: string): string =>
      `${name}: &${name} [${`*${of},`.repeat(9)}]\n`;
    const bomb = `a: &a [x]\n${level("b", "a")}${level("c", "b")}${level("d", "c")}${level("e", "d")}${level("f", "e")}`;

    expect(problems(bomb)).toEqual([expect.stringContaining("yaml-limit aliases expand to more")]);
    expect(problems("a: &a [*a]\n")).toEqual([expect.stringContaining("contains itself")]);
    expect(problems("a: *b\n")).toEqual([expect.stringContaining("names no anchor")]);
  });

  it("tells of a merged alias that leads nowhere, or too far, that and no more", () => {
    expect(problems("a: {<<: *b}\n")).toEqual([
      expect.stringContaining("1:9 yaml-syntax this alias"),
    ]);
    const doubled = Array.from(
      { length: 30 },
      (_, index) => `x${index + 1}: &x${index + 1} {<<: [*x${index}, *x${index}]}\n`,
    );
    expect(problems(["x0: &x0 {k: v}\n", ...doubled].join(""))).toEqual([
      expect.stringContaining("yaml-limit aliases expand to more than"),
    ]);
    expect(problems("a: {<<: 5}\n")).toEqual([
      expect.stringContaining("1:5 yaml-syntax `<<` needs"),
    ]);
  });

  it.each([
    ["[".repeat(50_000), "1:201"],
    [`${"- ".repeat(5000)}x`, "1:401"],
    [`${"{a: ".repeat(300)}${"}".repeat(300)}`, "1:801"],
    [`a: ${'["]",'.repeat(3000)}1${"]".repeat(3000)}`, "1:999"],
    [`${"? ".repeat(300)}a`, "1:401"],
    [`a: 1\n---\nb: ${"[".repeat(201)}${"]".repeat(201)}`, "3:203"],
  ])("refuses what is nested too deeply where it gets too deep", (text, place) => {
    const { documents, diagnostics } = read(text);

    expect(documents).toEqual([]);
    expect(diagnostics).toEqual([
      {
        file: "a.yaml",
        line: Number(place.split(":")[0]),
        column: Number(place.split(":")[1]),
        severity: "error",
        code: "yaml-limit",
        message: "nested deeper than 200 levels",
      },
    ]);
  });

  it("reads 200 levels", () => {
    expect(problems(`${"[".repeat(200)}1${"]".repeat(200)}`)).toEqual([]);
    expect(problems(`${"- ".repeat(200)}x`)).toEqual([]);
  });

  it.each([
    ["a script with brackets", `a: |\n${'  printf "\\033[1m%s\\033[0m\\n" {\n'.repeat(500)}`],
    ["documents with brackets in texts", 'a: {r: "[0, 1)"}\n---\n'.repeat(500)],
    ["brackets in comments", `a: 1 # [\n${"# {\n".repeat(500)}`],
    ["brackets in plain texts", `a:\n${"  - b[{\n".repeat(500)}`],
    ["a block scalar far to the right", `a: |1\n${" ".repeat(1000)}- x\n`],
    ["a value far to the right", `a:\n${" ".repeat(1000)}b: 1\n`],
  ])("counts no level for %s", (_, text) => {
    expect(problems(text)).toEqual([]);
  });

  it("takes time for deep nesting that grows with no more than the length", () => {
    const cpuOf = (length: number): number => {
      const start = process.cpuUsage();
      read(`a: ${'["]",'.repeat(length)}1${"]".repeat(length)}`);
      const { user, system } = process.cpuUsage(start);
      return user + system;
    };
    cpuOf(10_000);
    // 50 times as long; what grows with the square would take 2,500 times as long.
    expect(cpuOf(500_000)).toBeLessThan(300 * Math.max(cpuOf(10_000), 1000));
  });

  it("says which quote is missing, where the text begins", () => {
    expect(problems('a: "x\n')).toEqual(['1:4 yaml-syntax the closing " is missing']);
    expect(problems("a: 1\nb:\n  - 'x\n  - y\nc: {d: e}\n")).toEqual([
      "3:5 yaml-syntax the closing ' is missing",
    ]);
    expect(problems('"a: b\nc: d\n')).toEqual(['1:1 yaml-syntax the closing " is missing']);
    expect(problems('a: [b, &c "\n')).toEqual(['1:11 yaml-syntax the closing " is missing']);
    expect(problems('a: "\\q\nb')).toEqual(['1:4 yaml-syntax the closing " is missing']);
    const [own] = parseYaml({ path: "a.yaml", text: "a: b\n---\nc: 'd\n\n" }).diagnostics;
    expect(own).toMatchObject({ line: 3, column: 4, hint: expect.stringContaining("to the end") });
  });

  it("says what is missing between the items of a list on one line", () => {
    expect(problems("a: [b{c}]\n")).toEqual([
      "1:6 yaml-syntax a comma or colon is missing between flow sequence items",
    ]);
  });

  it("says what to do about a mistake in the syntax", () => {
    expect(read("a:\n\tb: 1\n").diagnostics).toEqual([
      expect.objectContaining({ line: 2, column: 1, hint: "indent with spaces" }),
    ]);
  });

  it.each(["a: {b: ${x}, c: 1}", "a: [${x}]", "a: {${x}: b}", "a: ${x ? {'b': 1} : {}}"])(
    "says of %s that an expression needs quotes",
    (text) => {
      const hint = "put what holds `${…}` into quotes";
      expect(read(text).diagnostics).toEqual([expect.objectContaining({ hint })]);
      expect(parseYaml({ path: "a.yaml", text }).diagnostics).toEqual([
        expect.objectContaining({ hint }),
      ]);
    },
  );

  it("tells a mistake in the syntax once, not with all that follows from it on its line", () => {
    expect(problems(`{"a": 1}\n{${'"b": {"c": [1]}, '.repeat(20)}"d": 2}\n`)).toEqual([
      expect.stringContaining("2:1 yaml-syntax"),
    ]);
  });

  it("reads the other documents of a file with a broken one", () => {
    const { documents, diagnostics } = read("a: [\n---\nb: 1\n");

    expect(diagnostics[0]).toMatchObject({
      file: "a.yaml",
      code: "yaml-syntax",
      severity: "error",
    });
    expect(documents.map(({ value }) => value)).toContainEqual({ b: 1 });
  });
});
