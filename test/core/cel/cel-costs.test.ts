/** Expressions and regular expressions that explode: refused by counting, which no machine's speed has a part in. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CelEnvironment } from "../../../src/core/cel/cel-environment.ts";
import { regexSize } from "../../../src/core/cel/regex-size.ts";
import { fillableJson, fillJson } from "../../../src/core/expressions/fill-json.ts";
import { StepBudget } from "../../../src/core/expressions/step-budget.ts";

const functions = { sites: { listOf: "any" } } as const;
const environment = new CelEnvironment(
  { values: "data", l: { listOf: "any" }, t: "string" },
  { functions, maxSteps: 100_000 },
);
const facts = {
  values: { a: "x" },
  l: Array.from({ length: 100 }, (_, i) => i),
  t: "ab".repeat(20_000),
};
const run = (text: string) => {
  const compiled = environment.compile(text);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.program.evaluate(facts, { sites: () => [] });
};

describe("the size of a regular expression", () => {
  it.each([
    ["", 1],
    ["abc", 4],
    ["a+b*c?", 4],
    ["[a-z0-9]+", 2],
    ["[]a]", 2],
    ["[^\\]]b", 3],
    ["\\{3\\}", 4],
    ["a{3}", 4],
    ["a{2,5}", 6],
    ["a{2,}", 4],
    ["(ab){10}", 31],
    ["((a{9}){9}){9}", 820],
    ["x(a|b){100}y", 403],
    ["\\pL", 52],
    ["\\p{Greek}{2}", 103],
  ])("%s: %i", (pattern, size) => {
    expect(regexSize(pattern)).toBe(size);
  });

  it("is told of any text, in time", () => {
    const parts = fc.constantFrom(
      "(",
      ")",
      "[",
      "]",
      "{9}",
      "{1,",
      "}",
      "a",
      "\\",
      "\\p",
      "é",
      "*",
      "|",
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 200 }), (all) => {
        expect(regexSize(all.join(""))).toBeGreaterThanOrEqual(1);
      }),
    );
    expect(regexSize("[".repeat(100_000))).toBeGreaterThan(1);
  });
});

describe("a regular expression", () => {
  it.each([
    "t.matches('[ab]*a[ab]{300}[cd]')",
    "t.matches('^(a?){1000}a{1000}$')",
    "t.matches('(\\\\pL|\\\\pN|.){1,300}[cd]')",
    "t.matches('(a|b)?(a|b)?' + t)",
    "l.all(x, l.all(y, t.matches('^a')))",
    "l.exists(x, 'a'.matches('[a-z]{900}')) || true",
  ])("%s would take too long, and is refused before it runs", (text) => {
    const before = process.cpuUsage();
    expect(run(text)).toEqual({
      ok: false,
      problem: { message: "the expression takes more than 100000 steps", offset: 0 },
      steps: 100_001,
    });
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(3_000_000);
  });

  it("of the usual kind costs little, also over a long text", () => {
    expect(run("t.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')")).toMatchObject({ value: true });
    const address = "'10.20.30.40'.matches('^([0-9]{1,3}\\\\.){3}[0-9]{1,3}$')";
    expect(run(address)).toMatchObject({ ok: true, value: true });
    expect(run(address).steps).toBeLessThan(150);
    expect(run("'x'.matches('(')")).toMatchObject({
      ok: false,
      problem: { message: expect.stringContaining("missing closing )") },
    });
  });
});

/** Expressions that grow: each takes what another one made. */
const { grown } = fc.letrec<{ grown: string; list: string; text: string }>((tie) => ({
  grown: fc.oneof(tie("list"), tie("text")),
  list: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.constant("l"),
    tie("list").map((inner) => `${inner}.map(x, [x, x])`),
    tie("list").map((inner) => `${inner}.map(x, ${inner})`),
    tie("list").map((inner) => `(${inner} + ${inner})`),
    tie("list").map((inner) => `${inner}.filter(x, l.exists(y, y == x))`),
    tie("text").map((inner) => `${inner}.split('a')`),
  ),
  text: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.constant("t"),
    tie("text").map((inner) => `(${inner} + ${inner})`),
    tie("text").map((inner) => `${inner}.replace('a', ${inner})`),
    tie("text").map((inner) => `string(${inner}.matches('(a?){20}' + ${inner}))`),
    tie("list").map((inner) => `${inner}.map(x, string(x)).join('a')`),
  ),
}));

describe("whatever grows", { timeout: 120_000 }, () => {
  it("ends soon, with the same answer and at the same cost each time", () => {
    fc.assert(
      fc.property(grown, (text) => {
        fc.pre(text.length <= 1000);
        const compiled = environment.compile(text);
        if (!compiled.ok) return;
        const before = process.cpuUsage();
        const first = run(text);
        const { user, system } = process.cpuUsage(before);
        expect(user + system).toBeLessThan(5_000_000);
        expect(first.steps).toBeLessThanOrEqual(100_001);
        const again = run(text);
        expect(again.steps).toBe(first.steps);
        expect(again.ok).toBe(first.ok);
      }),
      { numRuns: 150 },
    );
  });
});

describe("the expressions of an app", () => {
  const given = { facts: { site: { name: "e1" }, region: {}, fleet: {}, values: {} }, calls: {} };
  const fillable = fillableJson({ a: "x ${site.name} ${[1, 2, 3].map(i, i * 2).size()}" }, "all");

  it("share a budget: what is beyond it is refused where it stands, and not evaluated", () => {
    if (fillable === undefined) throw new Error("it has expressions");
    const budget = new StepBudget();
    const filled = { ok: true, json: { a: "x e1 3" }, values: ["x e1 3"] };
    expect(fillJson(fillable, given, budget)).toEqual(filled);
    budget.spend(19_999_999);
    expect(fillJson(fillable, given, budget)).toEqual({
      ok: false,
      problems: [
        {
          path: ["a"],
          offset: 4,
          message: "the expressions here take more than 20,000,000 steps over all sites",
          hint: "let them read less of each site, so that more sites come to the same, or loop over less",
        },
      ],
    });
  });
});
