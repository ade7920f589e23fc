import { type Arbitrary, assert, jsonValue, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { type Json, canonicalJson, isSameJson, sortedKeys } from "../../../src/core/model/json.ts";

const json = jsonValue() as Arbitrary<Json>; // what it makes is JSON

/** The same data, with the keys of each object the other way round. */
function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, reversed(one)] as const);
  return Object.fromEntries(entries.toReversed());
}

describe("canonical JSON", () => {
  it("is JSON of the same data, and the same text in whatever order the keys come", () => {
    assert(
      property(json, (value) => {
        const text = canonicalJson(value);
        expect(
          isSameJson(JSON.parse(text) as Json, JSON.parse(JSON.stringify(value)) as Json),
        ).toBe(true);
        expect(canonicalJson(reversed(value))).toBe(text);
      }),
    );
  });

  it("has the keys of every object by code unit, also those that look like numbers", () => {
    const value = { b: [{ z: 1, a: "\u2028" }, []], "10": {}, "9": null, ä: true, Z: -0.5 };
    expect(canonicalJson(value)).toBe(
      '{"10":{},"9":null,"Z":-0.5,"b":[{"a":"\u2028","z":1},[]],"ä":true}',
    );
    expect(sortedKeys(value)).toEqual(["10", "9", "Z", "b", "ä"]);
  });
});
