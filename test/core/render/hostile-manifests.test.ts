import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../../src/core/model/diagnostic.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { renderLoaded } from "../../../src/core/render/render-fleet.ts";
import { aFleet } from "../../support/fleet.ts";

function told(text: string): readonly Diagnostic[] {
  const result = renderLoaded(loadFleet(aFleet({ "manifests/web/hostile.yaml": text })));
  expect(result.ok).toBe(false);
  return result.diagnostics.filter(({ file }) => file === "manifests/web/hostile.yaml");
}

describe("a manifest of megabytes without an object", () => {
  it.each([
    ["brackets that close nothing", () => `a: 1\n${"]".repeat(4_000_000)}`],
    ["brackets alone", () => "]".repeat(4_000_000)],
    ["the same key again and again", () => "a: b\n".repeat(150_000)],
    ["a text in each of its documents", () => "---\na\n".repeat(150_000)],
  ])("of %s is told in a few lines", { timeout: 120_000 }, (_, text) => {
    const found = told(text());
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThanOrEqual(101);
  });

  it("tells how many more mistakes there are", () => {
    const found = told("---\na\n".repeat(250));
    expect(found).toHaveLength(101);
    expect(found.at(-1)).toMatchObject({ line: 202, message: "150 more mistakes follow" });
  });
});
