import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CelEnvironment } from "../../../src/core/cel/cel-environment.ts";
import { maxCelLength } from "../../../src/core/cel/cel-types.ts";
import { cpuTime } from "../../support/cpu-time.ts";

const environment = new CelEnvironment({
  site: {
    fields: { name: "string", labels: { mapOf: "string" }, reachable: "bool" },
  },
  stage: { fields: { failed: "int", share: "double" } },
  apps: { mapOf: { fields: { healthy: "bool" } } },
  rings: { listOf: "string" },
});

const facts = {
  site: { name: "s1", labels: { tier: "gold" }, reachable: true },
  stage: { failed: 1, share: 0.5 },
  apps: { db: { healthy: true }, "my-cache": { healthy: false } },
  rings: ["a", "b"],
};

/** `true`, `"text"`, or `error at 3: words`. */
function answer(text: string): string {
  const compiled = environment.compile(text);
  if (!compiled.ok) return mistakes(text).join("; ");
  const outcome = compiled.program.evaluate(facts);
  if (outcome.ok) return JSON.stringify(outcome.value);
  return `error at ${outcome.problem.offset}: ${outcome.problem.message}`;
}

function mistakes(text: string): string[] {
  const compiled = environment.compile(text);
  if (compiled.ok) return [];
  return compiled.problems.map(
    ({ offset, message, hint }) => `${offset}: ${message}${hint === undefined ? "" : `; ${hint}`}`,
  );
}

describe("a CEL expression", () => {
  it.each([
    ['site.labels.tier == "gold"', "true"],
    ['site.labels["tier"] in ["silver", "gold"]', "true"],
    ['"tier" in site.labels && !("legacy" in site.labels)', "true"],
    ["has(site.labels.legacy)", "false"],
    ["stage.failed + 1", "2"],
    ["stage.failed < 2 && stage.share >= 0.5 && stage.share > 0", "true"],
    ['apps.exists(name, name == "db" && apps[name].healthy)', "true"],
    ['apps["my-cache"].healthy', "false"],
    ['rings.filter(ring, ring != "a").size() == 1', "true"],
    ['site.name.matches("^s[0-9]+$")', "true"],
    ['duration("1h") > duration("5m")', "true"],
    ['type(stage.failed) == int ? "whole" : "other"', '"whole"'],
    ['{"a": [1, 2.5, 3u], "b": {"c": null}}', '{"a":[1,2.5,3],"b":{"c":null}}'],
    ["false || site.reachable", "true"],
    ['site.labels.legacy == "x" || true', "true"],
  ])("%s gives %s", (text, expected) => {
    expect(answer(text)).toBe(expected);
  });

  it.each([
    ['site.labels.legacy == "x"', "error at 11: field not found: legacy"],
    ["rings.all(ring, int(ring) > 1)", "error at 16: Cannot convert a to a BigInt"],
    ['site.name.matches("(")', "error at 9: error parsing regexp: missing closing ): `(`"],
    ["1 / (stage.failed - 1) > 0", "error at 0: int divide by zero"],
    [
      'duration("1h")',
      "error at 0: the expression gives no text, number, truth value, list or map of them",
    ],
    [
      "9007199254740993",
      "error at 0: the expression gives an integer beyond 2^53, which would lose digits",
    ],
    ...["0.0 / 0.0", "[1.0 / 0.0]", "{'a': -1.0 / 0.0}"].map((text) => [
      text,
      "error at 0: the expression gives no text, number, truth value, list or map of them",
    ]),
  ])("%s fails when it is asked: %s", (text, expected) => {
    expect(answer(text)).toBe(expected);
  });

  it.each([String.raw`'\ud800'`, String.raw`'\U00110000'`, String.raw`'\uZZZZ'`])(
    "%s is a mistake, and no more",
    (text) => {
      expect(mistakes(text)).toEqual([expect.stringMatching(/^0: /)]);
    },
  );

  it("knows no clock, no outside, and no names of the language it is written in", () => {
    const outside = ["now()", "process.env", "globalThis", "site.constructor"];
    expect(outside.filter((text) => mistakes(text).length === 0)).toEqual([]);
    expect(answer('"constructor" in site.labels')).toBe("false");
    expect(answer('site.labels["__proto__"] == ""')).toMatch(/^error at \d+: field not found/);
  });
});

describe("an environment with functions", () => {
  const fields = { name: "string", values: "data" } as const;
  const own = new CelEnvironment(
    { site: { fields } },
    { functions: { peers: { listOf: { fields } } }, maxSteps: 100_000 },
  );
  const site = { name: "s1", values: { count: 3, share: 0.5, list: [1, 2.5], none: null } };
  const calls = { peers: (text: string) => [new Map([["name", `${text}1`]])] };

  function answerOf(text: string): string {
    const compiled = own.compile(text);
    if (!compiled.ok) return compiled.problems.map(({ message }) => message).join("; ");
    const outcome = compiled.program.evaluate({ site }, calls);
    return outcome.ok ? JSON.stringify(outcome.value) : outcome.problem.message;
  }

  it.each([
    ["site.values.count * 2 + 1", "7"],
    ["site.values.share * 2.0", "1"],
    ["site.values.list[0] + 1", "2"],
    ["[site.values.none, site.values]", `[null,${JSON.stringify(site.values)}]`],
    ["peers('a').map(p, p.name)", '["a1"]'],
    ["['a', 'b'].join('-') + ' x '.trim() + 'A'.lowerAscii()", '"a-bxa"'],
    ["'a.b.c'.split('.').map(part, part.replace('b', '$&'))", '["a","$&","c"]'],
    ["peers('a').map(p, p.nam)", "there is no field `nam` here"],
    ["peers('a', 'b')", "peers(…) takes one text"],
    ["'a'.peers()", "peers(…) takes one text"],
    ["peers(site)", "peers(…) takes one text"],
    ["[1].join(',')", "join(…) takes a list of texts"],
    ["'a'.join(',')", "found no matching overload for 'join' applied to 'string.(string)'"],
  ])("%s gives %s", (text, expected) => {
    expect(answerOf(text)).toContain(expected);
  });

  it("bounds the texts that functions make", () => {
    const grown = `'${"a".repeat(100)}'${".replace('a', 'aaaaaaaaaaaaaaaaaaaa')".repeat(8)}`;

    expect(answerOf(grown)).toMatch(/more than (1000000 characters|100000 steps)/);
  });

  it("makes a list of three thousand peers, which costs no more than that", () => {
    const many = Array.from({ length: 3000 }, (_, index) => new Map([["name", `s${index}`]]));
    const compiled = own.compile("peers('a').filter(p, p.name != 's0').map(p, p.name).join(',')");
    const outcome = compiled.ok && compiled.program.evaluate({ site }, { peers: () => many });

    expect(outcome).toMatchObject({ ok: true, value: expect.stringMatching(/^s1,.*,s2999$/) });
  });

  it.each([
    ["site.values.count + size(peers('a'))", [["site", "values", "count"]]],
    ["has(site.name) && site['name'] == ''", [["site", "name"]]],
    [
      "site.values[site.name].x",
      [
        ["site", "values"],
        ["site", "name"],
      ],
    ],
    ["site.values.list.map(site, site + 1)", [["site", "values", "list"]]],
    ["[1].map(x, site)", [["site"]]],
    ["1 + 1", []],
  ])("tells what %s reads", (text, expected) => {
    const compiled = own.compile(text);

    expect(compiled.ok && compiled.program.reads.paths).toEqual(expected);
  });
});

describe("mistakes are found before it runs, each at its character", () => {
  it.each([
    ["", ["0: the expression is empty"]],
    ["stage.failed ==", ["13: this is no CEL from `==` on"]],
    ["[1, 2", ["5: the expression ends too early"]],
    ['sit.name == "x"', ["0: there is no `sit` here; did you mean `site`?"]],
    ['site.lables.tier == "x"', ["4: there is no field `lables` here; did you mean `labels`?"]],
    ['site.name.first == "x"', ["9: a text has no field `first`"]],
    ['stage.failed < "2"', ["13: a whole number is compared with a text"]],
    ["stage.failed && true", ["5: this is a whole number, not true or false"]],
    ["everything(1)", ["0: there is no function `everything`"]],
    [
      "apps.all(name, apps[name].healthy == 1)",
      ["34: true or false is compared with a whole number"],
    ],
    [
      "a == b",
      [
        "0: there is no `a` here; there are site, stage, apps, rings",
        "5: there is no `b` here; there are site, stage, apps, rings",
      ],
    ],
  ])("%s", (text, expected) => {
    expect(mistakes(text)).toEqual(expected);
  });

  it("tells the first five only", () => {
    expect(mistakes("a || b || c || d || e || f || g")).toHaveLength(5);
  });
});

const ten = "[1,2,3,4,5,6,7,8,9,10]";
const nested = `${`${ten}.all(a,`.repeat(9)}true${")".repeat(9)}`;
const doubled = (what: string): string => `["${"a".repeat(30)}"]${`.map(x,${what})`.repeat(40)}`;

describe("an expression that would take too long", () => {
  it.each([
    ["loops in loops", nested],
    ["the same, where an error would be swallowed", `${nested} || true`],
    ["texts that double", `${doubled("x+x")}.size() == 1`],
    ["lists that double", `${doubled("[x,x]")}.exists(x, x == x)`],
    ["lists that double, in a map", `{"a": ${doubled("[x,x]")}} == {}`],
    ["lists joined to themselves", `[[1]]${".map(x,x+x)".repeat(40)}.size() == 1`],
    [
      "many regular expressions",
      `${ten}.all(x, ${ten}.all(y, "a".matches("${"(a|b)?".repeat(50)}")))`,
    ],
  ])("%s ends with an error, soon", (_, text) => {
    expect(text.length).toBeLessThanOrEqual(maxCelLength);
    const compiled = environment.compile(text);
    const took = cpuTime(() => {
      expect(compiled.ok && compiled.program.evaluate(facts)).toEqual({
        ok: false,
        problem: { message: "the expression takes more than 20000 steps", offset: 0 },
        steps: 20_001,
      });
    });
    expect(took).toBeLessThan(3000);
  });

  it("leaves the next one alone", () => {
    expect(answer(nested)).toMatch(/steps/);
    expect(answer("stage.failed == 1")).toBe("true");
  });

  it("no regular expression goes back and forth: they are RE2", () => {
    expect(answer(`"${"a".repeat(400)}b".matches("^(a|a)*$")`)).toBe("false");
    expect(answer('"aa".matches("(a)\\\\1")')).toMatch(/^error/);
  });

  it("is refused when it is too long or too deep", () => {
    expect(mistakes(`site.name == "${"x".repeat(1000)}"`)[0]).toMatch(/more than 1000; make/);
    expect(mistakes(`${"(".repeat(41)}1${")".repeat(41)}`)).toEqual([
      "40: brackets stand more than 40 deep; nest less",
    ]);
  });
});

/** Texts that look like CEL. */
const tokens = [
  "site",
  ".name",
  ".labels",
  "[",
  "]",
  "(",
  ")",
  "{",
  "}",
  '"a"',
  "'",
  "1",
  "2.5",
  "1u",
  "true",
  "null",
  "==",
  "<",
  "in",
  "&&",
  "||",
  "!",
  "-",
  "?",
  ":",
  ",",
  ".all(x,",
  ".map(x,",
  "x",
  "+",
  "/",
  "has(",
  "size(",
  ".matches(",
  "\n",
  "//",
  'b"',
  "stage.failed",
  "int",
  "é",
  "\u{1F600}",
  "\u0000",
];

/** What is wrong with how a text is taken, whatever it is. */
function oddities(cel: string): string[] {
  const compiled = environment.compile(cel);
  if (compiled.ok) {
    const [first, second] = [1, 2].map(() => JSON.stringify(compiled.program.evaluate(facts)));
    return first === second ? [] : [`it gives ${first}, then ${second}`];
  }
  if (compiled.problems.length === 0) return ["it is refused without a word"];
  return compiled.problems.flatMap(({ offset, message }) => {
    const isInside = offset >= 0 && offset <= cel.length;
    return isInside && message !== "" ? [] : [`"${message}" at ${offset}`];
  });
}

describe("whatever the text", () => {
  it("is compiled or refused with places inside of it, and answers or fails with words", () => {
    const text = fc
      .array(fc.constantFrom(...tokens), { maxLength: 30 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ maxLength: 60 })), (cel) => {
        expect(oddities(cel)).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  });

  it("the same numbers compare as in the language it is written in", () => {
    const number = fc.integer({ min: -1000, max: 1000 });
    fc.assert(
      fc.property(number, number, (failed, other) => {
        const asked = { stage: { failed, share: failed / 7 } };
        const says = (text: string): unknown => {
          const compiled = environment.compile(text);
          const outcome = compiled.ok && compiled.program.evaluate(asked);
          return outcome !== false && outcome.ok && outcome.value;
        };
        expect(says(`stage.failed < ${other}`)).toBe(failed < other);
        expect(says(`stage.failed == ${other}`)).toBe(failed === other);
        expect(says(`stage.share >= ${other}`)).toBe(failed / 7 >= other);
        expect(says(`stage.share > ${other}.5`)).toBe(failed / 7 > Number(`${other}.5`));
      }),
    );
  });
});
