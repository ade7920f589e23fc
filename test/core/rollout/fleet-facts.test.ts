import { describe, expect, it } from "vitest";
import { bringsSites } from "../../../src/core/rollout/fleet-facts.ts";
import type { FactsBySite, SiteFacts } from "../../../src/core/rollout/planner-types.ts";

const facts: SiteFacts = { region: "eu", mirror: "eu", labels: { ring: "main" }, suspend: false };

function sites(more: Readonly<Record<string, SiteFacts>> = {}): FactsBySite {
  return new Map([["s1", facts], ...Object.entries(more)]);
}

describe("a commit brings sites", () => {
  it("where it has one that the one before had not, or with other labels", () => {
    expect(bringsSites(sites({ s2: facts }), sites())).toBe(true);
    const other = { ...facts, labels: { ring: "canary" } };
    expect(bringsSites(sites({ s2: other }), sites({ s2: facts }))).toBe(true);
    expect(bringsSites(sites(), sites({ s2: facts }))).toBe(false);
  });

  it("but not by those that have been leaving the fleet since before it: its own budgets count then", () => {
    expect(bringsSites(sites({ s2: { ...facts, leaves: true } }), sites())).toBe(false);
  });
});
