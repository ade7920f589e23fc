/** What a plan says that a change will wait for: windows, freezes, holds, what comes first, and checks. */
import { describe, expect, it } from "vitest";
import type { FleetPlan, PlannedWait } from "../../../src/core/plan/fleet-plan.ts";
import { planChange } from "../../../src/core/plan/plan-change.ts";
import { planText } from "../../../src/core/plan/plan-text.ts";
import {
  aFleet,
  appYaml,
  documentYaml,
  type FleetEdits,
  fleetYaml,
  siteYaml,
  type Spec,
  windowYaml,
} from "../../support/fleet.ts";
import { side } from "../../support/fleet-plan.ts";

const deployment = "manifests/web/deployment.yaml";
const newImage = {
  [deployment]: aFleet()
    .find(({ path }) => path === deployment)
    ?.text.replace("web:1", "web:2"),
} as FleetEdits;

/** In UTC: a Friday afternoon. */
const friday = Date.parse("2026-11-27T12:00:00Z");

interface Change {
  /** What base and head have beside the default fleet. */
  readonly both?: FleetEdits;
  readonly head?: FleetEdits;
  readonly now?: number;
}

const planOf = ({ both = {}, head = {}, now = friday }: Change): FleetPlan =>
  planChange(side("b", both), side("d", { ...both, ...newImage, ...head }), now);

const said = ({ waits }: FleetPlan): (readonly [string, string])[] =>
  waits.map(({ sites, reason }) => [sites.join(" "), reason]);

const window = (spec: Spec): FleetEdits => ({
  "fleet.yaml": fleetYaml({ rollout: { strategy: "standard" }, windows: ["shop-nights"] }),
  "windows.yaml": windowYaml("shop-nights", { virtualSites: ["shops"], ...spec }),
});
const nights = window({
  timeZone: "Asia/Tokyo",
  open: [{ start: "22:00", duration: "3h" }],
});
const decision = (spec: Spec): FleetEdits => ({
  "decisions/keep.yaml": documentYaml("Decision", { name: "keep" }, { why: "audit", ...spec }),
});
const hold = decision({ hold: { app: "web", region: "west" } });

describe("a plan says what a change will wait for", () => {
  it("at sites whose window is not open at the time that is planned for, whatever their stage", () => {
    const wait: PlannedWait = {
      app: "web",
      release: expect.any(String) as string,
      code: "window",
      reason: "window shop-nights is not open",
      endsWhen: "2026-11-27T13:00:00.000Z (Fri 2026-11-27 13:00 in UTC)",
      sites: ["e1", "w1"],
    };
    const shut = planOf({ both: nights });
    expect(shut.waits).toEqual([wait]);
    expect(shut.at).toBe("2026-11-27T12:00:00.000Z");
    expect(planText(shut)).toContain(
      "  will wait at e1, w1: window shop-nights is not open; ends when 2026-11-27 13:00:00 UTC (Fri 2026-11-27 13:00 in UTC)\n",
    );
    expect(planText(shut)).toContain("\nWindows as of 2026-11-27 12:00:00 UTC.\n");

    // A window that comes with the change closes at once; one that goes with it holds until then.
    expect(said(planOf({ head: nights }))).toEqual([["e1 w1", wait.reason]]);
    const always = window({ timeZone: "UTC", open: [{ start: "00:00", duration: "24h" }] });
    expect(said(planOf({ both: nights, head: always }))).toEqual([["e1 w1", wait.reason]]);

    const open = planOf({ both: nights, now: friday + 2 * 3_600_000 });
    expect([open.waits, open.at]).toEqual([[], "2026-11-27T14:00:00.000Z"]);
  });

  it("in a freeze, with its words, also one that the change itself brings", () => {
    const freeze = window({ closed: [{ from: "2026-11-20", until: "2026-12-27", why: "sale" }] });
    const closed = "window shop-nights is closed until Mon 2026-12-28 00:00 in UTC: sale";
    expect(said(planOf({ both: freeze }))).toEqual([["e1 w1", closed]]);
    expect(said(planOf({ head: freeze }))).toEqual([["e1 w1", closed]]);
  });

  it("where a Decision holds it: one that the change brings too, and one that it ends", () => {
    const reason = "held by Git (app web, region west, declared in decisions/keep.yaml:4): audit";
    const keep = { "decisions/keep.yaml": null };
    expect(said(planOf({ both: hold }))).toEqual([["w1 w2", reason]]);
    expect(said(planOf({ head: hold }))).toEqual([["w1 w2", reason]]);
    const ended = planOf({ both: hold, head: keep });
    expect(said(ended)).toEqual([["w1 w2", reason]]);
    expect(ended.waits[0]?.endsWhen).toMatch(/^the next commit is followed/);
    const other = decision({ hold: { app: "till" } });
    expect(planOf({ both: other }).waits).toEqual([]);
    const moved = { ...keep, "elsewhere.yaml": Object.values(hold)[0] ?? null };
    expect(planOf({ both: hold, head: moved }).waits).toHaveLength(1);
  });

  it("for what comes first, where that changes too", () => {
    const both = { "apps/web.yaml": appYaml("web", { spec: { dependsOn: ["till"] } }) };
    const head = {
      "manifests/till/settings.yaml": aFleet()
        .find(({ path }) => path === "manifests/till/settings.yaml")
        ?.text.replace("EUR", "USD"),
    } as FleetEdits;
    const [wait, ...others] = planOf({ both, head }).waits;
    expect([wait?.code, wait?.app, wait?.sites, others]).toEqual([
      "dependency",
      "web",
      ["e1", "w1"],
      [],
    ]);
    expect(wait?.reason).toMatch(/^web depends on till, and till-\S+ has still to reach the site$/);
    expect(planOf({ both }).waits).toEqual([]);
  });

  it("for checks that the files answer, not for those that a healthy fleet answers", () => {
    const before = [
      { name: "no-depots", cel: 'site.labels.tier != "depot"', message: "depots come later" },
      { name: "well", cel: "app.healthy && app.healthyForSeconds > 60" },
    ];
    const both = { "apps/web.yaml": appYaml("web", { spec: { checks: { before } } }) };
    expect(said(planOf({ both }))).toEqual([
      ["e2 w2", "check no-depots is not true: depots come later"],
    ]);
  });

  it("for checks that count sites, at every site, whatever they will say", () => {
    const checks = {
      before: [{ name: "others-well", cel: "overall.healthyShare > 0.9", message: "first mend" }],
      after: [{ name: "half", cel: "stage.doneShare >= 0.5" }],
    };
    const both = { "apps/web.yaml": appYaml("web", { spec: { checks } }) };
    const plan = planOf({ both });
    const all = "e1 e2 w1 w2";
    expect(said(plan)).toEqual([
      [
        all,
        "check others-well counts sites, and each stage hands over only while it is true: first mend",
      ],
      [all, "check half counts sites, and each stage passes only when it is true"],
    ]);
    expect(planText(plan)).toContain(
      "check half counts sites, and each stage passes only when it is true; ends when `stage.doneShare >= 0.5` is true\n",
    );
    const brought = planOf({ head: { "apps/web.yaml": appYaml("web", { spec: { checks } }) } });
    expect(said(brought)).toEqual(said(plan));
  });

  it("of sites that join without stages, only what is closed for all", () => {
    const joiner = {
      "sites/n1.yaml": siteYaml("n1", { region: "west", labels: { ring: "main", tier: "shop" } }),
    };
    const closed = { from: "2026-11-20", until: "2026-12-27", why: "sale" };
    const some = planOf({ both: window({ closed: [closed] }), head: joiner });
    const all = planOf({ both: window({ closed: [{ ...closed, all: true }] }), head: joiner });
    const of = ({ waits }: FleetPlan) =>
      waits.filter(({ sites }) => sites.includes("n1")).map(({ app, release }) => [app, release]);
    expect(of(some)).toEqual([]);
    expect(of(all)).toEqual([
      ["till", null],
      ["web", null],
    ]);
  });

  it("in the same bytes for the same inputs, of which the time is one only with windows", () => {
    const bytes = (change: Change): string => JSON.stringify(planOf(change));
    expect(bytes({ both: nights })).toBe(bytes({ both: nights }));
    expect(bytes({ both: hold })).toBe(bytes({ both: hold, now: friday + 1 }));
  });
});
