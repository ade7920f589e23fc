import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import {
  aFleet,
  appYaml,
  fleetYaml,
  type FleetEdits,
  regionYaml,
  siteYaml,
  strategyYaml,
} from "../../support/fleet.ts";

/** A Decision with this on the line behind `why`: line 6 of its file. */
function told(what: string, files: FleetEdits = {}, why = "because"): string[] {
  const text = `apiVersion: flotilla.dev/v1alpha1
kind: Decision
metadata: { name: one }
spec:
  why: ${why}
  ${what}
`;
  return loadFleet(aFleet({ ...files, "decisions/one.yaml": text })).diagnostics.map(
    formatDiagnostic,
  );
}

describe("a Decision", () => {
  it.each([
    "hold: { fleet: true }",
    "hold: { app: web, stage: canary, all: true }",
    "hold: { app: web, release: web-1 }",
    "resume: { app: web }",
    "approve: { app: web, release: web-1, stage: rest }",
    "approve: { app: web, release: web-1, deletions: 12 }",
    "excuse: { app: web, release: web-1, site: e1 }",
    "retry: { app: web, release: web-1 }",
    "promote: { app: web }",
    "urgent: { app: web, release: web-1 }",
    "rollback: { app: web, to: web-1, stage: rest }",
  ])("may say %s", (what) => {
    expect(told(what)).toEqual([]);
  });

  it.each(['""', '"  "', '"\\n\\t"', "|2\n     \n"])("needs a reason: not %s", (why) => {
    const mistakes = told("resume: { app: web }", {}, why);
    expect(mistakes).toEqual([
      expect.stringContaining(
        "decisions/one.yaml:5:8: error: expected a text that says why, of at most 2000 characters for spec.why, found",
      ),
    ]);
  });

  it.each([
    ["hold: {}", "6:3: error: `hold` says nothing of what it is about; add one of"],
    ["# nothing", "4:1: error: a Decision needs something that is decided; exactly one of hold,"],
    [
      "hold: { fleet: true, site: e1 }",
      "6:24: error: `fleet` and `site` exclude each other; remove one of the two",
    ],
    ["hold: { stage: rest, release: r }", "6:24: error: `release` needs `app`; add the app"],
    [
      "promote: { app: web }\n  retry: { app: web, release: r }",
      "6:3: error: `retry` and `promote` exclude each other; exactly one of",
    ],
    [
      "approve: { app: web, release: r, stage: rest, deletions: 1 }",
      "6:49: error: `stage` and `deletions` exclude each other",
    ],
    [
      "rollback: { app: web, release: r, to: s }",
      "6:37: error: `release` and `to` exclude each other",
    ],
    [
      "excuse: { region: east, app: web }",
      "6:27: error: `region` and `app` exclude each other; remove one of the two",
    ],
    ["excuse: { app: web }", "6:3: error: `excuse` says nothing of what it is about"],
    ["hold: { app: wep }", '6:16: error: there is no App "wep"'],
    ["hold: { stage: canari }", '6:18: error: there is no stage "canari"; did you mean "canary"?'],
    ["retry: { app: wep, release: r }", '6:17: warning: there is no App "wep"'],
    ["hold: { app: web, until: monday }", '6:21: error: unknown field "until"'],
  ])("may not say %s: it is told where and what", (what, mistake) => {
    expect(told(what).join("\n")).toContain(`decisions/one.yaml:${mistake}`);
  });

  it("is told some of the names there are, not all of a large fleet", () => {
    const [mistake] = told("hold: { stage: nothing-like-it }");
    expect(mistake).toMatch(/; known: .*$/);
    const sites = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [
        `sites/x${index}.yaml`,
        siteYaml(`x${index}`, { region: "east" }),
      ]),
    );
    const [many] = told("hold: { app: web, site: nothing-like-it }", sites);
    expect(many).toMatch(/; known: e1, e2, w1, w2, x0, x1, x10, x11, and 26 more$/);
  });

  it("may name the stage of one domain", () => {
    const strategy = `apiVersion: flotilla.dev/v1alpha1
kind: RolloutStrategy
metadata: { name: regions }
spec: { stages: [{ name: region, each: region }] }
`;
    const files = { "strategies/regions.yaml": strategy };
    expect(told("hold: { stage: region-east }", files)).toEqual([]);
    expect(told("hold: { stage: region-mars }", files)[0]).toContain('no stage "region-mars"');
  });

  it("may not hold what nothing is: a stage of other apps, or of none, or a site of another region", () => {
    const files = {
      "strategies/pilots.yaml": strategyYaml("pilots", { stages: [{ name: "pilot", count: 1 }] }),
      "strategies/waves.yaml": strategyYaml("waves", {
        stages: [{ name: "wave", percent: 5 }, { name: "others" }],
      }),
      "regions/west.yaml": regionYaml("west"),
    };
    const of = (strategy: string): FleetEdits => ({
      ...files,
      "apps/web.yaml": appYaml("web", { spec: { rollout: { strategy } } }),
    });
    const at = (place: string): string => `decisions/one.yaml:6:${place}`;
    expect(told("hold: { app: web, stage: pilot }", of("pilots"))).toEqual([]);
    // What no stage of it takes goes in one more.
    expect(told("hold: { app: web, stage: rest }", of("pilots"))).toEqual([]);
    expect(told("hold: { stage: wave }", of("pilots"))).toEqual([]);
    expect(told("hold: { app: web, stage: pilot }", of("waves"))).toEqual([
      `${at("28")}: error: App "web" has no stage "pilot"; known: others, wave`,
    ]);
    expect(told("hold: { app: web, stage: other }", of("waves"))[0]).toContain("did you mean");
    // The built-in stages are those of apps that go by the built-in strategy, and of no other.
    expect(told("hold: { stage: early }", { ...files, "fleet.yaml": fleetYaml() })).toEqual([]);
    expect(told("hold: { stage: early }", files)[0]).toContain('there is no stage "early"');
    expect(told("hold: { site: e1, region: east }", files)).toEqual([]);
    expect(told("hold: { site: e1, region: west }", files)).toEqual([
      `${at("29")}: error: Site "e1" is in Region "east", not in "west"; remove one of the two: everything that is named has to agree`,
    ]);
    // What is said once may be older than what it names.
    expect(told("promote: { app: web, stage: pilot }", of("waves"))).toEqual([
      `${at("31")}: warning: App "web" has no stage "pilot"; known: others, wave`,
    ]);
  });
});
