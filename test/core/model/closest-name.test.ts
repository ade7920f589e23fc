import { describe, expect, it } from "vitest";
import { closestName } from "../../../src/core/model/closest-name.ts";

const known = ["region", "description", "location", "suspend", "maxInFlight"];

describe("closestName", () => {
  it.each([
    ["regoin", "region"],
    ["Region", "region"],
    ["suspended", "suspend"],
    ["maxinflight", "maxInFlight"],
    ["descripton", "description"],
  ])("%s probably means %s", (typed, meant) => {
    expect(closestName(typed, known)).toBe(meant);
  });

  it.each(["bogusField", "x", "", "zone"])("has no guess for %j", (typed) => {
    expect(closestName(typed, known)).toBeUndefined();
  });

  it("gives the same answer in whatever order the names come", () => {
    expect(closestName("ax", ["ab", "ac"])).toBe(closestName("ax", ["ac", "ab"]));
  });
});
