/** What can be wrong in what decides when, and in which order, releases reach sites. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { aFleet, appYaml, type FleetEdits, fleetYaml } from "../../support/fleet.ts";
import { header } from "./mistake-cases.ts";

/** Every diagnostic of the default fleet with these edits, as `file:line:column: severity: message; hint [code]`. */
function told(edits: FleetEdits): string[] {
  const { diagnostics } = loadFleet(aFleet(edits));
  return diagnostics.map((one) => `${formatDiagnostic(one)} [${one.code}]`);
}

const mistakes: readonly (readonly [name: string, edits: FleetEdits, expected: string[]])[] = [
  [
    "windows that cannot be",
    {
      "windows/nights.yaml": `${header}kind: MaintenanceWindow
metadata: { name: nights }
spec:
  timeZone: Europe/Berln
  virtualSites: [shop]
  open:
    - { days: [Mon, Tuesday], start: "2:00", duration: 3h }
`,
    },
    [
      'windows/nights.yaml:6:18: error: there is no VirtualSite "shop"; did you mean "shops"? [dangling-reference]',
      'windows/nights.yaml:8:21: error: expected one of Sun, Mon, Tue, Wed, Thu, Fri, Sat for spec.open[0].days[1], found "Tuesday" [invalid-value]',
      'windows/nights.yaml:8:38: error: expected a time of day such as `02:00` for spec.open[0].start, found "2:00" [invalid-value]',
    ],
  ],
  [
    "windows that refer to nothing, never open or end before they begin",
    {
      "fleet.yaml": fleetYaml({ windows: ["nigths"] }),
      "windows/nights.yaml": `${header}kind: MaintenanceWindow
metadata: { name: nights }
spec:
  timeZone: Europe/Berln
  virtualSites: [shops]
  open:
    - { start: "02:00", duration: 0s }
    - { start: "02:00", duration: 169h }
  closed:
    - { from: "2026-02-30", until: "2026-03-01" }
    - { from: "2026-03-01", until: "2026-02-28" }
`,
      "windows/none.yaml": `${header}kind: MaintenanceWindow\nmetadata: { name: none }\nspec: {}\n`,
    },
    [
      'fleet.yaml:4:19: error: there is no MaintenanceWindow "nigths"; did you mean "nights"? [dangling-reference]',
      'windows/nights.yaml:5:13: error: there is no time zone "Europe/Berln"; write a name of the IANA database, such as Europe/Berlin or UTC [invalid-value]',
      "windows/nights.yaml:8:35: error: a window that lasts no time is never open [invalid-value]",
      "windows/nights.yaml:9:35: error: a window lasts at most 168h, not 169h [invalid-value]",
      "windows/nights.yaml:11:15: error: there is no date 2026-02-30 [invalid-value]",
      "windows/nights.yaml:12:36: error: it ends at 2026-02-28, before it begins [invalid-value]",
      "windows/none.yaml:4:1: error: a MaintenanceWindow needs `open` or `closed`; say when hand-overs may begin, or when none may [missing-field]",
    ],
  ],
  [
    "stages of domains that cannot be",
    {
      "fleet.yaml": fleetYaml({ labels: { zone: {}, ring: {}, tier: {} } }),
      "strategies/zones.yaml": `${header}kind: RolloutStrategy
metadata: { name: zones }
spec:
  stages:
    - { name: zone, each: zon }
    - { name: zone-a, each: "not a key", count: 1 }
    - { name: region, each: region }
`,
    },
    [
      'strategies/zones.yaml:6:27: error: the Fleet declares no label "zon"; did you mean "zone"? [unknown-label]',
      'strategies/zones.yaml:7:15: error: a stage of "zone", one for each domain, may be called "zone-a" too; choose a name that does not begin with "zone-" [duplicate-name]',
      "strategies/zones.yaml:7:23: error: a stage takes its sites by one of count and each, not by both; remove one of them [invalid-value]",
      'strategies/zones.yaml:7:29: error: "not a key" is not a label key: letters, digits, `-`, `_` and `.`, with a letter or digit at both ends, at most 63 characters [invalid-value]',
    ],
  ],
  [
    "urgent releases that cannot be",
    {
      "strategies/fast.yaml": `${header}kind: RolloutStrategy
metadata: { name: fast }
spec:
  urgent: { stages: [canary, earli, rest], soak: 9000h, windows: none }
`,
      "strategies/own.yaml": `${header}kind: RolloutStrategy
metadata: { name: own }
spec:
  stages: [{ name: pilots, count: 3 }]
  urgent: { stages: [canary, rest], soak: 9000h }
`,
    },
    [
      'strategies/fast.yaml:5:66: error: expected one of keep, ignore for spec.urgent.windows, found "none" [invalid-value]',
      'strategies/own.yaml:6:22: error: there is no stage "canary"; stages: pilots, rest [dangling-reference]',
      'strategies/own.yaml:6:43: error: the time span "9000h" for spec.urgent.soak is longer than a year; write 8760h or less [invalid-value]',
    ],
  ],
  [
    "apps that depend on nothing that is there, or on each other in a circle",
    {
      "apps/web.yaml": appYaml("web", { spec: { dependsOn: ["tll", "a"] } }),
      "apps/a.yaml": appYaml("a", { manifests: "manifests/till", spec: { dependsOn: ["b"] } }),
      "apps/b.yaml": appYaml("b", {
        manifests: "manifests/till",
        spec: { dependsOn: ["till", "a"] },
      }),
      "apps/c.yaml": appYaml("c", { manifests: "manifests/till", spec: { dependsOn: ["till"] } }),
      "apps/till.yaml": appYaml("till", { spec: { dependsOn: ["till"] } }),
    },
    [
      "apps/a.yaml:4:114: error: a depends on itself: on b, then a (apps/b.yaml:4:121); take one of the links out of `dependsOn` [dependency-cycle]",
      "apps/till.yaml:4:117: error: till depends on itself: on till; take one of the links out of `dependsOn` [dependency-cycle]",
      'apps/web.yaml:4:115: error: there is no App "tll"; did you mean "till"? [dangling-reference]',
    ],
  ],
];

describe("order and time of releases", () => {
  it("tells of each circle, also where one app is in two of them", () => {
    const manifests = "manifests/till";
    const circles = {
      "apps/a.yaml": appYaml("a", { manifests, spec: { dependsOn: ["b", "c"] } }),
      "apps/b.yaml": appYaml("b", { manifests, spec: { dependsOn: ["a"] } }),
      "apps/c.yaml": appYaml("c", { manifests, spec: { dependsOn: ["a"] } }),
    };
    expect(told(circles)).toEqual([
      expect.stringContaining(
        "apps/a.yaml:4:114: error: a depends on itself: on b, then a (apps/b",
      ),
      expect.stringContaining(
        "apps/c.yaml:4:114: error: c depends on itself: on a, then c (apps/a",
      ),
    ]);
  });

  it.each(mistakes)("tells %s", (_, edits, expected) => {
    expect(told(edits)).toEqual(expected);
  });

  it("takes the example of the reference, and says when nothing names a window", () => {
    const text = readFileSync(
      join(import.meta.dirname, "../../../docs/how-to/shop-nights.yaml"),
      "utf8",
    );
    const rollout = { strategy: "standard" };
    expect(
      told({ "nights.yaml": text, "fleet.yaml": fleetYaml({ rollout, windows: ["shop-nights"] }) }),
    ).toEqual([]);
    expect(told({ "nights.yaml": text })).toEqual([
      'nights.yaml:4:9: warning: nothing names the MaintenanceWindow "shop-nights", so it holds nothing; name it in `windows` of the Fleet or of a RolloutStrategy [no-effect]',
    ]);
  });
});
