import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { mistake } from "../../../src/core/render/mistake.ts";
import { renderFleet } from "../../../src/core/render/render-fleet.ts";
import { SiteMistakes, toldDiagnostics } from "../../../src/core/render/site-mistakes.ts";
import { aModel, appYaml } from "../../support/fleet.ts";

const place = { file: "apps/web.yaml", line: 1, column: 1 };

/** What is told where this is wrong at sites. */
function told(wrong: readonly (readonly [message: string, sites: readonly string[]])[]): string[] {
  const mistakes = new SiteMistakes();
  for (const [message, sites] of wrong) {
    mistakes.tell(mistake(place, { code: "invalid-object", message }), sites);
  }
  return mistakes.diagnostics().map(({ message }) => message);
}

describe("mistakes that come of facts of sites", () => {
  it("are all told where one step makes several objects wrong", () => {
    const object = (name: string): string =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;
    const merge = { metadata: { labels: { place: "at ${site.name}" } } };
    const overlays = [
      { virtualSites: ["all"], patches: [{ target: { kind: "ConfigMap" }, merge }] },
    ];
    const { diagnostics } = renderFleet(
      aModel({
        "apps/web.yaml": appYaml("web", { spec: { overlays } }),
        "manifests/web/deployment.yaml": object("one"),
        "manifests/web/settings.yaml": object("two"),
      }),
    );
    expect(diagnostics.map(formatDiagnostic)).toEqual([
      expect.stringMatching(/ConfigMap web\/one .*\(at site e1 and 3 more\)/),
      expect.stringMatching(/ConfigMap web\/two .*\(at site e1 and 3 more\)/),
    ]);
  });

  it("are each told once, with a site and how many more there are", () => {
    expect(
      told([
        ["bad", ["c", "b"]],
        ["worse", ["b"]],
        ["bad", ["d"]],
      ]),
    ).toEqual(["bad (at site b and 2 more)", "worse (at site b)"]);
  });

  it("are told without a site alone where the same is wrong without its facts", () => {
    const mistakes = new SiteMistakes();
    const bad = mistake(place, { code: "invalid-object", message: "bad" });
    mistakes.tell(bad, ["b", "c"], true);
    mistakes.tell(bad, ["a"], false);
    mistakes.tell(mistake(place, { code: "invalid-object", message: "worse" }), ["b"], true);
    const expected = ["bad", "worse (at site b)"];
    expect(mistakes.diagnostics().map(({ message }) => message)).toEqual(expected);
    const kept = toldDiagnostics(mistakes.bySite()).map(({ message }) => message);
    expect(kept.toSorted()).toEqual(expected);
  });

  it("are no other warnings of an overlay that has no expression", () => {
    const merge = { spec: { minReadySecond: 5 } };
    const overlays = [
      { virtualSites: ["all"], patches: [{ target: { kind: "Deployment" }, merge }] },
      { virtualSites: ["shops"], labels: { s: "${site.name}" } },
    ];
    const edits = { "apps/web.yaml": appYaml("web", { spec: { overlays } }) };
    const told = renderFleet(aModel(edits)).diagnostics.map(formatDiagnostic);
    expect(told.filter((each) => each.includes("minReadySecond"))).toEqual([
      expect.not.stringContaining("at site"),
    ]);
  });

  it("are one where each site has its own name in it", () => {
    expect(
      told([
        ["no cm-b", ["b"]],
        ["no cm-a", ["a"]],
      ]),
    ).toEqual(["no cm-a (at site a and 1 more)"]);
  });

  it("are told up to ten at one place, and then how many more", () => {
    const wrong = Array.from({ length: 13 }, (_, index) => {
      const number = String(index + 1).padStart(2, "0");
      return [`not ${number}`, [`s${number}`]] as const;
    });
    const expected = wrong.slice(0, 10).map(([message, [site]]) => `${message} (at site ${site})`);
    const rest = "3 more of this kind are here, the first at site s11";
    expect(told(wrong)).toEqual([...expected, rest]);
    expect(told(wrong.toReversed())).toEqual([...expected, rest]);
  });
});
