import { describe, expect, it } from "vitest";
import { mergeValues } from "../../../../src/core/render/merge-values.ts";

describe("values in layers", () => {
  it.each([
    ["later ones win", [{ a: 1 }, { a: 2 }], { a: 2 }],
    [
      "maps are merged",
      [{ a: { b: 1, c: 1 } }, { a: { c: 2, d: 2 } }],
      { a: { b: 1, c: 2, d: 2 } },
    ],
    ["lists are replaced", [{ a: [1, 2] }, { a: [3] }], { a: [3] }],
    [
      "a map takes the place of anything else, and the other way round",
      [
        { a: 1, b: {} },
        { a: { c: 1 }, b: 2 },
      ],
      { a: { c: 1 }, b: 2 },
    ],
    [
      "null stays, to say that the chart's own is taken away",
      [{ a: { b: 1 } }, { a: null }],
      { a: null },
    ],
  ])("%s", (_, layers, merged) => {
    expect(mergeValues(layers)).toEqual(merged);
  });

  it("takes a key of any name for a key", () => {
    const layer = JSON.parse('{ "__proto__": { "polluted": true }, "constructor": 1 }') as object;
    const merged = mergeValues([{}, layer as Parameters<typeof mergeValues>[0][0]]);
    expect(Object.keys(merged)).toEqual(["__proto__", "constructor"]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
