import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { aFleet, type FleetEdits } from "../../support/fleet.ts";

const header = "apiVersion: flotilla.dev/v1alpha1\n";
const labels = "spec: { labels: { tier: {}, ring: {} } }\n";
const fleet = `${header}kind: Fleet\nmetadata: { name: shop }\n${labels}`;

function told(edits: FleetEdits, file: string): readonly string[] {
  const { diagnostics } = loadFleet(aFleet({ "fleet.yaml": fleet, ...edits }));
  return diagnostics.filter((one) => one.file === file).map(formatDiagnostic);
}

describe("a document that its schema refuses", () => {
  it("is told its names and labels that are wrong too: a Site", () => {
    const site = `${header}kind: Site
metadata: { name: e1, labels: { teir: shop, ring: 5 } }
spec:
  region: nowhere
  adress: e1.example.com
`;
    expect(told({ "sites/e1.yaml": site }, "sites/e1.yaml").toSorted()).toEqual([
      'sites/e1.yaml:3:33: error: the Fleet declares no label "teir"; did you mean "tier"?',
      'sites/e1.yaml:3:51: error: expected text for metadata.labels.ring, found the number 5; write it in quotes: "5"',
      'sites/e1.yaml:5:11: error: there is no Region "nowhere"; known: east, west',
      'sites/e1.yaml:6:3: error: unknown field "adress" in spec; did you mean "address"?',
    ]);
  });

  it("is told its names and labels that are wrong too: an App", () => {
    const app = `${header}kind: App
metadata: { name: web }
spec:
  namespace: web
  bogus: 1
  source: { manifests: manifests/web }
  placement: { virtualSites: [all, nope] }
  dependsOn: [gone]
  overlays:
    - { virtualSites: [none], labels: { a b: c }, replicas: { name: a } }
`;
    const found = told({ "apps/web.yaml": app }, "apps/web.yaml").map((text) =>
      text.replace(/;.*/, ""),
    );
    expect(found.toSorted()).toEqual(
      [
        'apps/web.yaml:11:41: error: "a b" is not a label key: letters, digits, `-`, `_` and `.`, with a letter or digit at both ends, at most 63 characters',
        'apps/web.yaml:11:24: error: there is no VirtualSite "none"',
        "apps/web.yaml:11:61: error: expected a list for spec.overlays[0].replicas, found a mapping",
        'apps/web.yaml:6:3: error: unknown field "bogus" in spec',
        'apps/web.yaml:8:36: error: there is no VirtualSite "nope"',
        'apps/web.yaml:9:15: error: there is no App "gone"',
      ].toSorted(),
    );
  });

  it("is told nothing that follows from what is refused", () => {
    const shops = `${header}kind: VirtualSite
metadata: { name: shops }
spec: { selector: { matchLabels: { tier: 5 } } }
`;
    expect(told({ "virtual-sites/shops.yaml": shops }, "virtual-sites/shops.yaml")).toHaveLength(1);
    const strange = fleet.replace("tier: {}", "tier: 5");
    const { diagnostics } = loadFleet(aFleet({ "fleet.yaml": strange }));
    expect(diagnostics.map(({ file }) => file)).toEqual(["fleet.yaml"]);
  });

  it("is told what is wrong beside a field that is missing: a Site", () => {
    const site = `${header}kind: Site\nmetadata: { name: e1, labels: { teir: a } }\nspec: { belong: east, profile: gone }\n`;
    expect(told({ "sites/e1.yaml": site }, "sites/e1.yaml")).toEqual([
      expect.stringMatching(/^sites\/e1.yaml:3:33: error: the Fleet declares no label "teir"/),
      expect.stringMatching(/^sites\/e1.yaml:4:1: error: missing field "region"/),
      expect.stringMatching(/^sites\/e1.yaml:4:9: error: unknown field "belong"/),
      expect.stringMatching(/^sites\/e1.yaml:4:32: error: there is no Profile "gone"/),
    ]);
  });

  it.each([
    ["namespace, source", "  placement: { virtualSites: [nope] }", 'VirtualSite "nope"'],
    ["source", "  namespace: web\n  placement: { virtualSites: [nope] }", 'VirtualSite "nope"'],
    ["placement", "  source: { manifests: a }\n  dependsOn: [gone]", 'App "gone"'],
    ["virtual sites", "  placement: {}\n  dependsOn: [gone]", 'App "gone"'],
    ["a list", "  placement: { virtualSites: 5 }\n  dependsOn: [gone]", 'App "gone"'],
  ])("is told what is wrong beside a field that is missing: an App without %s", (_, spec, name) => {
    const app = `${header}kind: App\nmetadata: { name: web }\nspec:\n${spec}\n  bogus: 1\n`;
    const found = told({ "apps/web.yaml": app }, "apps/web.yaml");
    const messages = found.map((text) => text.replace(/^\S+ error: /, "").replace(/;.*/, ""));
    expect(messages).toContain(`there is no ${name}`);
    expect(messages).toContain('unknown field "bogus" in spec');
    expect(messages.filter((text) => text.startsWith("there is no"))).toHaveLength(1);
  });

  it("is told what is wrong beside a field that is missing: a stage without a name", () => {
    const strategy = `${header}kind: RolloutStrategy
metadata: { name: slow }
spec:
  stages:
    - { selector: "teir=shop" }
  windows: [night]
`;
    expect(told({ "slow.yaml": strategy }, "slow.yaml")).toEqual([
      expect.stringContaining('missing field "name" in spec.stages[0]'),
      expect.stringMatching(/^slow.yaml:6:20: error: the Fleet declares no label "teir"/),
      expect.stringMatching(/^slow.yaml:7:13: error: there is no MaintenanceWindow "night"/),
    ]);
  });

  it.each([
    ["spec: 5\n", "4:7: error: expected a mapping for spec, found the number 5"],
    ["spec:\n", "4:6: error: expected a mapping for spec, found nothing"],
    ["spec: []\n", "4:7: error: expected a mapping for spec, found an empty list"],
    ["", '1:1: error: missing field "spec"'],
  ])("is told its labels too where it has no spec: %j", (spec, mistake) => {
    const app = `${header}kind: App\nmetadata: { name: web, labels: { a b: c } }\n${spec}`;
    const found = told({ "apps/web.yaml": app }, "apps/web.yaml");
    expect(found).toHaveLength(2);
    expect(found.join("\n")).toContain(`apps/web.yaml:${mistake}`);
    expect(found.join("\n")).toContain('apps/web.yaml:3:34: error: "a b" is not a label key');
  });
});
