/** What a plan says of words that no release brings: they hold at once, where no site changes by its files. */
import { describe, expect, it } from "vitest";
import { planText } from "../../../src/core/plan/plan-text.ts";
import {
  appYaml,
  configMapYaml,
  type FleetEdits,
  fleetYaml,
  siteYaml,
  type Spec,
} from "../../support/fleet.ts";
import { plan } from "../../support/fleet-plan.ts";

const till = (spec: Spec): FleetEdits => ({
  "apps/till.yaml": appYaml("till", { virtualSites: ["shops"], spec }),
});
const fleet = (spec: Spec): FleetEdits => ({
  "fleet.yaml": fleetYaml({ rollout: { strategy: "standard" }, ...spec }),
});
const e1 = (spec: Spec): FleetEdits => ({
  "sites/e1.yaml": siteYaml("e1", {
    region: "east",
    labels: { ring: "canary", tier: "shop" },
    spec,
  }),
});
const atOnce = "this holds at once and at all sites, by no release";
const rule = { apiVersion: "v1", kind: "ConfigMap", healthy: "true" };

describe("a plan in which no site changes", () => {
  const cases: readonly (readonly [string, readonly [FleetEdits, FleetEdits], string])[] = [
    [
      "a site is suspended",
      [{}, e1({ suspend: true })],
      "`suspend` is said of e1: nothing new is released there until a later commit ends it",
    ],
    [
      "a site is no longer suspended",
      [e1({ suspend: true }), {}],
      "`suspend` is no longer said of e1: what was not released there meanwhile comes",
    ],
    [
      "drift is repaired that was told",
      [till({ drift: { mode: "report" } }), till({})],
      `drift.mode is correct in place of report for till: ${atOnce}`,
    ],
    [
      "drift is only told in all of the fleet",
      [{}, fleet({ drift: { mode: "report" } })],
      `drift.mode is report in place of correct for till, web: ${atOnce}`,
    ],
    [
      "fields are left to others",
      [{}, till({ drift: { ignore: [{ fields: [".data"] }] } })],
      `drift.ignore changes for till: ${atOnce}`,
    ],
    [
      "health is told by a rule",
      [{}, fleet({ health: [rule] })],
      `health changes for till, web: ${atOnce}`,
    ],
    [
      "another account writes",
      [{}, till({ serviceAccountName: "writer" })],
      `serviceAccountName changes for till: ${atOnce}`,
    ],
    [
      "an app waits for another one",
      [{}, till({ dependsOn: ["web"] })],
      `dependsOn changes for till: ${atOnce}`,
    ],
    [
      "an app waits for no other one any more",
      [till({ dependsOn: ["web"] }), till({})],
      `dependsOn changes for till: ${atOnce}`,
    ],
    ["an app is tried whole", [{}, till({ atomic: true })], `atomic changes for till: ${atOnce}`],
    [
      "drift is looked for more seldom",
      [{}, fleet({ drift: { interval: "1h" } })],
      `the Fleet (fleet.yaml) changes drift.interval: ${atOnce}`,
    ],
    [
      "leaving deletes",
      [till({ onRemoval: "hold" }), till({})],
      "onRemoval is delete in place of hold for till: this holds where a later commit takes it away",
    ],
  ];
  it.each(cases)("says that %s", (_, [before, after], note) => {
    const planned = plan(before, after);
    expect(planned.sites).toEqual([]);
    expect(planned.notes).toEqual([note]);
    expect(planText(planned)).toContain(`Notes\n  ${note}\n`);
  });

  it("says nothing of what is only written otherwise", () => {
    const said = { drift: { mode: "correct", ignore: [] }, onRemoval: "delete", atomic: false };
    const planned = plan({}, { ...till(said), ...e1({ suspend: false }) });
    expect(planned.notes).toEqual([]);
  });

  it("says nothing of apps that are new, or leave", () => {
    const drifting = till({ drift: { mode: "report" }, serviceAccountName: "writer" });
    const none = { "apps/till.yaml": null, "manifests/till/settings.yaml": null };
    expect(plan(none, drifting).notes).toEqual([]);
    expect(plan(drifting, none).notes).toEqual([]);
  });
});

it("says of a suspended site that what changes there does not come", () => {
  const euro = { "manifests/till/settings.yaml": configMapYaml("till", { currency: "SEK" }) };
  for (const before of [{}, e1({ suspend: true })]) {
    const { waits } = plan(before, { ...euro, ...e1({ suspend: true }) });
    expect(waits.map(({ app, sites, reason, endsWhen }) => [app, sites, reason, endsWhen])).toEqual(
      [
        [
          "till",
          ["e1"],
          "e1 is suspended: excused, it catches up later",
          "a commit ends `suspend`",
        ],
      ],
    );
  }
});
