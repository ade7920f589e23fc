import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { aFleet, type FleetEdits, siteYaml } from "../../support/fleet.ts";

/** A Decision with this on the line behind `why`: line 6 of its file. */
function told(what: string, files: FleetEdits = {}): string[] {
  const text = `apiVersion: flotilla.dev/v1alpha1
kind: Decision
metadata: { name: one }
spec:
  why: because
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
});
