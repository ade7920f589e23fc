import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { parseYaml } from "../../../src/core/model/parse-yaml.ts";

const told = (text: string): readonly string[] =>
  parseYaml({ path: "a.yaml", text }).diagnostics.map(formatDiagnostic);

describe("the values that aliases stand for", () => {
  const list = (count: number): string => `[${"1,".repeat(count)}1]`;
  const tooMany = "aliases stand for more than 10000 values; write the values out";

  it("are bounded in number, however few aliases there are", () => {
    const aliases = "*big, ".repeat(99);
    expect(told(`big: &big ${list(100_000)}\nall: [${aliases}]\n`)).toEqual([
      `a.yaml:2:7: error: ${tooMany}`,
    ]);
  });

  it("are bounded in number over all aliases", () => {
    const big = `big: &big ${list(4000)}\n`;
    expect(told(`${big}a: *big\nb: { c: *big }\n`)).toEqual([]);
    expect(told(`${big}a: *big\nb: { c: *big }\nd: *big\ne: *big\n`)).toEqual([
      `a.yaml:4:4: error: ${tooMany}`,
    ]);
  });
});

describe("the documents of a file", () => {
  const documents = (count: number, text: string): string => `${text}---\n`.repeat(count) + text;

  it.each([
    ["plain ones", "a: b\n", 40_000],
    ["others", "a: [[b]]\n", 40_000],
    ["empty ones", "", 20_001],
  ])("are bounded in number: %s", (_, text, line) => {
    expect(told(documents(19_999, text))).toEqual([]);
    expect(told(documents(100_000, text))).toEqual([
      `a.yaml:${line}:1: error: more than 20000 documents in one file; split it`,
    ]);
  });
});

describe("mistakes in the syntax of a file", () => {
  it("are told up to a hundred, and how many more there are", () => {
    const twice = Array.from({ length: 2500 }, () => "a: 1\n").join("");
    const found = told(twice);
    expect(found).toHaveLength(101);
    expect(found.at(-1)).toBe(
      "a.yaml:102:1: error: 2399 more mistakes follow; mend the ones before them first",
    );
    expect(told("a: [\n---\n".repeat(500))).toHaveLength(101);
  });
});
