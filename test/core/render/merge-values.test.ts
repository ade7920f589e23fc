import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, type Json, type JsonObject } from "../../../src/core/model/json.ts";
import {
  countingLayers,
  mergeValues,
  presentValues,
} from "../../../src/core/render/merge-values.ts";

describe("mergeValues", () => {
  it.each([
    ["later layers win", [{ a: 1, b: 1 }, { a: 2 }], { a: 2, b: 1 }],
    [
      "maps are merged",
      [{ a: { x: 1, y: 1 } }, { a: { y: 2, z: 2 } }],
      { a: { x: 1, y: 2, z: 2 } },
    ],
    ["lists are replaced", [{ a: [1, 2] }, { a: [3] }], { a: [3] }],
    [
      "null takes a key away",
      [
        { a: 1, b: { c: 1, d: 1 } },
        { a: null, b: { c: null } },
      ],
      { b: { d: 1 } },
    ],
    ["null of nothing is nothing", [{ a: null }, { b: { c: null } }], { b: {} }],
    ["nulls in lists are data", [{ a: [null] }], { a: [null] }],
    ["a key comes back after it was taken away", [{ a: 1 }, { a: null }, { a: 2 }], { a: 2 }],
    [
      "a map replaces a scalar and a scalar a map",
      [
        { a: 1, b: {} },
        { a: { c: 1 }, b: 2 },
      ],
      { a: { c: 1 }, b: 2 },
    ],
    ["no layer gives no values", [], {}],
  ])("%s", (_, layers, expected) => {
    expect(presentValues(mergeValues(layers))).toEqual(expected);
  });

  it("gives the same whether layers are merged one by one or some of them first", () => {
    const layer = fc.dictionary(
      fc.constantFrom("a", "b", "__proto__"),
      fc.oneof(
        fc.integer(),
        fc.array(fc.integer()),
        fc.dictionary(fc.constantFrom("x", "y"), fc.integer()),
      ),
    );
    fc.assert(
      fc.property(layer, layer, layer, (a, b, c) => {
        expect(mergeValues([a, b, c])).toEqual(mergeValues([mergeValues([a, b]), c]));
      }),
    );
  });
});

describe("countingLayers", () => {
  it("gives the layers without which the values would be others", () => {
    const names = fc.constantFrom("a", "b", "__proto__");
    const { layer } = fc.letrec<{ layer: JsonObject; value: Json }>((tie) => ({
      layer: fc.dictionary(names, tie("value"), { maxKeys: 3 }),
      value: fc.oneof({ maxDepth: 3 }, fc.constantFrom(null, 1, 2), tie("layer")),
    }));
    fc.assert(
      fc.property(fc.array(layer, { maxLength: 5 }), (layers) => {
        const seen = (some: readonly JsonObject[]) =>
          canonicalJson(presentValues(mergeValues(some)));
        const expected = [...layers.keys()].filter(
          (at) => seen(layers.toSpliced(at, 1)) !== seen(layers),
        );

        expect([...countingLayers(layers)].toSorted((a, b) => a - b)).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });
});
