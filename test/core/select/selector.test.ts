import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Labels } from "../../../src/core/model/fleet-model.ts";
import {
  checkedSelector,
  formatSelector,
  matchesOnlyByAbsence,
  matchesSelector,
  parseSelector,
  type Selector,
  selectorFromSpec,
  selectorText,
} from "../../../src/core/select/selector.ts";
import type { SelectorSpec } from "../../../src/core/model/kinds.ts";
import { cpuTime } from "../../support/cpu-time.ts";
import table from "./selector-vectors.json" with { type: "json" };

interface Vector {
  readonly selector: string;
  readonly accepted: boolean;
  readonly matches?: readonly number[];
}

// Each has only labels of its own; the JSON's inferred type is the union of all.
const sets = table.sets as readonly Labels[];
const vectors = table.vectors as readonly Vector[];

function parsed(text: string): Selector {
  const result = parseSelector(text);
  if (!result.ok) throw new Error(`${text}: ${result.message}`);
  return result.selector;
}

function mistake(text: string): string {
  const result = parseSelector(text);
  return result.ok ? "accepted" : `${result.offset}: ${result.message}`;
}

describe("the table made with k8s.io/apimachinery", () => {
  it("has both accepted and refused selectors", () => {
    expect(vectors.filter(({ accepted }) => accepted).length).toBeGreaterThan(200);
    expect(vectors.filter(({ accepted }) => !accepted).length).toBeGreaterThan(200);
  });

  it("is agreed with on what is a selector", () => {
    const differing = vectors.filter(
      ({ selector, accepted }) => parseSelector(selector).ok !== accepted,
    );
    expect(differing).toEqual([]);
  });

  it("is agreed with on what matches", () => {
    const accepted = vectors.filter((vector) => vector.accepted);
    const differing = accepted.filter(({ selector, matches = [] }) => {
      const own = sets.flatMap((set, index) =>
        matchesSelector(parsed(selector), set) ? index : [],
      );
      return JSON.stringify(own) !== JSON.stringify(matches);
    });
    expect(differing).toEqual([]);
  });

  it("is agreed with after a round through the canonical text", () => {
    for (const { selector, matches = [] } of vectors.filter((vector) => vector.accepted)) {
      const again = parsed(formatSelector(parsed(selector)));
      const own = sets.flatMap((set, index) => (matchesSelector(again, set) ? index : []));
      expect({ selector, own }).toEqual({ selector, own: matches });
    }
  });
});

describe("mistakes", () => {
  it.each([
    ["a=b==c", "3: expected `,` or the end, found `==`"],
    ["a,", "2: expected a label key after `,`, found the end"],
    [", a", "0: expected a label key, found `,`"],
    ["a in b", "5: expected `(` after in, found `b`"],
    ["a in (b", "7: expected `,` or `)`, found the end"],
    ["a ~ b", '2: expected `,` or an operator (=, ==, !=, in, notin, >, <) after "a", found `~`'],
    ["a>b", '2: `>` compares whole numbers, found "b"'],
    ["a>", '2: `>` compares whole numbers, found ""'],
    ["tier=store, -x", '12: "-x" is not a label key'],
    ["a in (b, c_)", '9: "c_" is not a label value'],
    ["a/b/c", '0: "a/b/c" has more than one `/`'],
    ["A_/b", '0: "A_/b" has a prefix that is no DNS name in lower case'],
  ])("are placed at the character: %s", (text, expected) => {
    expect(mistake(text)).toContain(expected);
  });

  it("are found in a text with a NUL, where Go stops reading", () => {
    expect(parseSelector("a\u0000,b").ok).toBe(false);
  });
});

const key = fc.constantFrom("a", "b", "c", "in", "notin", "x.io/y");
const value = fc.constantFrom("", "1", "2", "10", "b", "in");
const requirement = fc.oneof(
  key,
  key.map((name) => `!${name}`),
  fc.tuple(key, fc.constantFrom("=", "==", "!=", " = "), value).map((parts) => parts.join("")),
  fc.tuple(key, fc.constantFrom(">", "<"), fc.nat(20)).map((parts) => parts.join("")),
  fc
    .tuple(key, fc.constantFrom("in", "notin"), fc.array(value, { minLength: 1, maxLength: 4 }))
    .map(([name, operator, values]) => `${name} ${operator} (${values.join(",")})`),
);
const requirements = fc.array(requirement, { minLength: 1, maxLength: 5 });
const labels = fc.dictionary(key, value);

describe("a selector as text", () => {
  it("is what was written, or says the same as the fields", () => {
    const fields: SelectorSpec = {
      matchLabels: { country: "jp" },
      matchExpressions: [
        { key: "tier", operator: "NotIn", values: ["lab", "edge"] },
        { key: "size", operator: "Gt", values: ["3"] },
        { key: "old", operator: "DoesNotExist" },
      ],
    };

    expect(selectorText("b in (x), a")).toBe("b in (x), a");
    expect(selectorText(fields)).toBe("!old,country=jp,size>3,tier notin (edge,lab)");
  });
});

describe("a parsed selector", () => {
  it("is the same after it was formatted and parsed again", () => {
    fc.assert(
      fc.property(requirements, (parts) => {
        const selector = parsed(parts.join(","));
        expect(parsed(formatSelector(selector))).toEqual(selector);
      }),
    );
  });

  it("does not depend on the order and repetition of requirements and values", () => {
    fc.assert(
      fc.property(requirements, (parts) => {
        const reversed = [...parts, ...parts].toReversed().join(" , ");
        expect(formatSelector(parsed(reversed))).toBe(formatSelector(parsed(parts.join(","))));
      }),
    );
    expect(parsed("a in (c,b)")).toEqual(parsed("a in (b,c,b)"));
  });

  it("matches exactly when each of its requirements does", () => {
    fc.assert(
      fc.property(requirements, labels, (parts, set) => {
        const each = parts.every((part) => matchesSelector(parsed(part), set));
        expect(matchesSelector(parsed(parts.join(",")), set)).toBe(each);
      }),
    );
  });

  it("matches exactly then, also of many that nearly all do", () => {
    const many = fc.array(requirement, { minLength: 30, maxLength: 60 });
    let matching = 0;
    fc.assert(
      fc.property(many, labels, fc.boolean(), (parts, set, isMixed) => {
        const holding = parts.filter((part) => matchesSelector(parsed(part), set));
        const mixed = isMixed ? [...holding, ...parts.slice(0, 1)] : holding;
        const each = mixed.map((part) => parsed(part));
        const selector = parsed(mixed.join(","));
        const expected = each.every((one) => matchesSelector(one, set));
        expect(matchesSelector(selector, set)).toBe(expected);
        expect(matchesOnlyByAbsence(selector, set)).toBe(
          expected && each.some((one) => matchesOnlyByAbsence(one, set)),
        );
        if (expected && selector.requirements.length > 8) matching += 1;
      }),
      { numRuns: 500 },
    );
    expect(matching).toBeGreaterThan(100);
  });

  it("costs no more with many values that it refuses one by one than with few", () => {
    const ask = (count: number): number => {
      const all = Array.from({ length: count }, (_, index) => `id!=x${index}`);
      const selector = parsed(all.join(","));
      expect(matchesSelector(selector, {})).toBe(true);
      return cpuTime(() => {
        for (let index = 0; index < 10_000; index++) matchesSelector(selector, { id: `y${index}` });
      });
    };
    ask(20);
    const short = Math.max(1, ...[1, 2, 3].map(() => ask(20)));

    expect(ask(4000)).toBeLessThan(20 * short);
  });

  it("does not take what every object has for a label", () => {
    expect(matchesSelector(parsed("constructor"), {})).toBe(false);
    expect(matchesSelector(parsed("!toString"), {})).toBe(true);
  });
});

describe("matching only by absence", () => {
  it.each([
    ["region!=eu", {}, true],
    ["region!=eu", { region: "us" }, false],
    ["region notin (eu,us)", { zone: "1" }, true],
    ["region!=eu,region", {}, false],
    ["!region", {}, false],
    ["tier=shop,region!=eu", { tier: "shop" }, true],
    ["tier=shop,region!=eu", { tier: "depot" }, false],
  ])("%s with %j: %s", (text, set, expected) => {
    expect(matchesOnlyByAbsence(parsed(text), set as Labels)).toBe(expected);
  });
});

describe("selectors as objects", () => {
  it("mean the same as their text", () => {
    const spec = {
      matchLabels: { tier: "store" },
      matchExpressions: [
        { key: "country", operator: "In" as const, values: ["de", "fr"] },
        { key: "ring", operator: "NotIn" as const, values: ["old"] },
        { key: "fast", operator: "Exists" as const },
        { key: "legacy", operator: "DoesNotExist" as const },
        { key: "size", operator: "Gt" as const, values: ["3"] },
        { key: "size", operator: "Lt" as const, values: ["9"] },
      ],
    };
    expect(checkedSelector(spec)).toEqual(
      parsed("tier=store,country in (de,fr),ring!=old,fast,!legacy,size>3,size<9"),
    );
  });

  it.each([
    [{ matchLabels: { "a b": "c" } }, ["matchLabels", "a b"], "is not a label key"],
    [{ matchLabels: { a: "c d" } }, ["matchLabels", "a"], "is not a label value"],
    [
      { matchExpressions: [{ key: "a", operator: "In" as const }] },
      ["matchExpressions", 0, "values"],
      "needs values",
    ],
    [
      { matchExpressions: [{ key: "a", operator: "Exists" as const, values: ["b"] }] },
      ["matchExpressions", 0, "values"],
      "takes no values",
    ],
    [
      { matchExpressions: [{ key: "a", operator: "Gt" as const, values: ["b"] }] },
      ["matchExpressions", 0, "values", 0],
      "compares whole numbers",
    ],
    [
      { matchExpressions: [{ key: "a", operator: "Lt" as const, values: ["1", "2"] }] },
      ["matchExpressions", 0, "values"],
      "takes exactly one value",
    ],
    [
      { matchExpressions: [{ key: "-", operator: "Exists" as const }] },
      ["matchExpressions", 0, "key"],
      "is not a label key",
    ],
  ])("tell the field that is wrong: %j", (spec, path, message) => {
    const result = selectorFromSpec(spec);
    expect(result).toMatchObject({ ok: false, path, message: expect.stringContaining(message) });
  });
});
