import { describe, expect, it } from "vitest";
import { placeApp, sitesOfVirtualSite } from "../../../src/core/select/virtual-sites.ts";
import { aModel, appYaml, siteYaml, virtualSiteYaml } from "../../support/fleet.ts";

describe("sitesOfVirtualSite", () => {
  it("gives the sites whose labels match, sorted", () => {
    expect(sitesOfVirtualSite(aModel(), "shops")).toEqual(["e1", "w1"]);
  });

  it("gives every site for `all`", () => {
    expect(sitesOfVirtualSite(aModel(), "all")).toEqual(["e1", "e2", "w1", "w2"]);
  });

  it("refuses a name that the fleet does not have", () => {
    expect(() => sitesOfVirtualSite(aModel(), "nowhere")).toThrow("nowhere");
  });
});

describe("placeApp", () => {
  it("places an app at the sites of any of its virtual sites, each once", () => {
    const model = aModel({
      "apps/web.yaml": appYaml("web", { virtualSites: ["depots", "all", "shops"] }),
    });
    expect(placeApp(model, "web")).toEqual(["e1", "e2", "w1", "w2"]);
  });

  it("takes selectors from the app's model and labels from the sites'", () => {
    const model = aModel();
    const later = aModel({
      "virtual-sites/shops.yaml": virtualSiteYaml("shops", "tier=depot"),
      "sites/e2.yaml": siteYaml("e2", { region: "east", labels: { ring: "main", tier: "shop" } }),
      "sites/w3.yaml": siteYaml("w3", { region: "west", labels: { ring: "main", tier: "shop" } }),
      "sites/w1.yaml": null,
    });
    expect(placeApp(model, "till", later)).toEqual(["e1", "e2", "w3"]);
    expect(placeApp(later, "till", model)).toEqual(["e2", "w2"]);
  });
});
