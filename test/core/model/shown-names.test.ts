import { describe, expect, it } from "vitest";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { shownNames } from "../../../src/core/model/shown-names.ts";
import { aFleet, fleetYaml, siteYaml } from "../../support/fleet.ts";

describe("shownNames", () => {
  it("shows all of a few names", () => {
    expect(shownNames(["a", "b", "c"], 3)).toBe("a, b, c");
  });

  it("shows some of many names, and how many more there are", () => {
    expect(shownNames(["a", "b", "c"], 2)).toBe("a, b, and 1 more");
  });
});

describe("a mistake in a fleet with thousands of label values", () => {
  it("does not tell all of them", () => {
    const values = Array.from({ length: 5000 }, (_, index) => `shop-${index}`);
    const loaded = loadFleet(
      aFleet({
        "fleet.yaml": fleetYaml({ labels: { shop: { description: "which", values } } }),
        "sites/e1.yaml": siteYaml("e1", { region: "eu", labels: { shop: "warehouse" } }),
      }),
    );

    const hints = loaded.ok ? [] : loaded.diagnostics.map(({ hint }) => hint);
    expect(hints).toContainEqual(expect.stringMatching(/^one of shop-0, .*, and 4980 more$/));
  });
});
