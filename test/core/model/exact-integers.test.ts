import { describe, expect, it } from "vitest";
import { hasLargeInteger, parseExactly } from "../../../src/core/model/exact-integers.ts";

describe("integers beyond 2^53", () => {
  it.each([
    '{"a":9007199254740993,"b":[-9223372036854775807,{"c":18446744073709551615}]}',
    '{"a":9007199254740991,"b":[0,-1,1.5,"9007199254740993",true,null]}',
    "9007199254740993",
  ])("keep their digits in what is written again: %s", (text) => {
    expect(JSON.stringify(parseExactly(text))).toBe(text);
  });

  it("are no other numbers: these are read as ever", () => {
    const text = '{"a":9007199254740991,"b":[1.5,1e300,12345678901234567890.5],"c":{"d":"x"}}';

    expect(parseExactly(text)).toEqual(JSON.parse(text));
  });

  it.each([
    [{ a: [{ b: 2 ** 53 }] }, true],
    [{ a: [{ b: 2 ** 53 - 1, c: 1.5, d: "9007199254740993", e: null }] }, false],
  ])("are found in %j: %s", (value, has) => {
    expect(hasLargeInteger(value)).toBe(has);
  });
});
