import { describe, expect, it } from "vitest";
import { parseDuration } from "../../../src/core/model/duration.ts";

describe("parseDuration", () => {
  it.each([
    ["90s", 90_000],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["500ms", 500],
    ["1h1m1s1ms", 3_661_001],
    ["0s", 0],
    ["8760h", 31_536_000_000],
  ])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    "",
    "5",
    "s",
    "-5s",
    "1.5h",
    "5 m",
    "1m1h",
    "1h1h",
    "5d",
    "8760h1ms",
    `${"9".repeat(400)}h`,
  ])("refuses %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});
