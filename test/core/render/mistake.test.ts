import { describe, expect, it } from "vitest";
import { placeText } from "../../../src/core/render/mistake.ts";

describe("a second place in a message", () => {
  it.each([
    [{ file: "a.yaml", line: 3, column: 1 }, "a.yaml:3:1"],
    [{ file: "a.yaml", line: 0, column: 0 }, "a.yaml"],
  ])("%o is told as %s", (place, told) => {
    expect(placeText(place)).toBe(told);
  });
});
