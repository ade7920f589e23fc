import { describe, expect, it } from "vitest";
import type { PlanSide } from "../../../src/core/plan/assumed-state.ts";
import type { FleetPlan } from "../../../src/core/plan/fleet-plan.ts";
import { planFleet } from "../../../src/core/plan/plan-fleet.ts";
import { planText } from "../../../src/core/plan/plan-text.ts";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { renderFleet } from "../../../src/core/render/render-fleet.ts";
import {
  type FleetEdits,
  aFleet,
  appYaml,
  configMapYaml,
  fleetYaml,
  modelOf,
  strategyYaml,
  virtualSiteYaml,
  windowYaml,
} from "../../support/fleet.ts";

function side(revision: string, edits: FleetEdits): PlanSide {
  const model = modelOf(aFleet(edits));
  const rendered = renderFleet(model);
  if (rendered.ok) return { revision, model, rendered: rendered.value };
  throw new Error(rendered.diagnostics.map(formatDiagnostic).join("\n"));
}

const plan = (before: FleetEdits, after: FleetEdits): FleetPlan =>
  planFleet(side("b".repeat(40), before), side("d".repeat(40), after), {
    isProtected: () => false,
    now: 0,
  });

describe("ruleNotes", () => {
  it("notes how later commits roll out differently, where no site changes", () => {
    const lax = {
      "strategies/standard.yaml": strategyYaml("standard", { failureBudget: "100%", soak: "1s" }),
      "strategies/fast.yaml": strategyYaml("fast", { soak: "1s" }),
      "apps/till.yaml": appYaml("till", {
        virtualSites: ["shops"],
        spec: { rollout: { strategy: "fast" } },
      }),
      "fleet.yaml": fleetYaml({
        rollout: { strategy: "standard" },
        maxSitesInFlight: 5,
        failureDomains: ["ring"],
        deletionBudget: { objects: 1000, percent: 100 },
      }),
    };
    const planned = plan({}, lax);
    const later =
      "this holds for what later commits start and, but for which sites are in which stage, for what is under way; what this commit starts goes by what held before, and by windows that it adds, which count at once";

    expect(planned.sites).toEqual([]);
    expect(planned.notes).toEqual([
      `RolloutStrategy standard (strategies/standard.yaml) changes: ${later}`,
      `strategy fast in place of standard for till: ${later}`,
      "the Fleet (fleet.yaml) changes maxSitesInFlight, failureDomains: this holds at once, also for what is under way, but not while a release that this commit starts is open nor, where this commit adds sites or changes their labels, before the next commit",
      "the Fleet (fleet.yaml) changes deletionBudget: this holds for what later commits start, not for what this commit starts",
    ]);
    expect(planText(planned)).toContain("Notes\n  RolloutStrategy standard");
    expect(plan(lax, lax).notes).toEqual([]);
  });

  it("notes no rule that is only written otherwise, and no strategy that no app takes", () => {
    const before = {
      "strategies/standard.yaml": strategyYaml("standard", { soak: "2s" }),
      "strategies/spare.yaml": strategyYaml("spare", { soak: "2s" }),
    };
    const after = {
      "strategies/standard.yaml": strategyYaml("standard", { soak: "2000ms", maxInFlight: "10%" }),
      "strategies/spare.yaml": strategyYaml("spare", { soak: "0s", failureBudget: "100%" }),
      "fleet.yaml": fleetYaml({
        rollout: { strategy: "standard" },
        deletionBudget: { percent: 10 },
      }),
    };
    expect(plan(before, after).notes).toEqual([]);
  });

  it("notes a strategy that has the name of the built-in one, and none that says the same by another name", () => {
    const builtIn = { "fleet.yaml": fleetYaml({}) };
    const lax = {
      "fleet.yaml": fleetYaml({ rollout: { strategy: "default" } }),
      "strategies/default.yaml": strategyYaml("default", {
        failureBudget: "100%",
        soak: "0s",
        stages: [{ name: "all" }],
      }),
    };
    const same = { ...lax, "strategies/default.yaml": strategyYaml("default", { soak: "300s" }) };
    const [note] = plan(builtIn, lax).notes;

    expect(note).toMatch(
      /^strategy default in place of the built-in one for till, web: this holds for what later/,
    );
    expect(plan(lax, builtIn).notes).toEqual([
      expect.stringMatching(/^the built-in strategy in place of default for till, web: /),
    ]);
    expect(plan(builtIn, same).notes).toEqual([]);
  });

  it("notes the strategy of an app that is new, which goes by the one that the Fleet named before", () => {
    const shop = (strategy: string): FleetEdits => ({
      "apps/shop.yaml": appYaml("shop", {
        virtualSites: ["shops"],
        spec: { rollout: { strategy } },
      }),
      "manifests/shop/settings.yaml": configMapYaml("shop"),
      "strategies/careful.yaml": strategyYaml("careful", { stages: [{ name: "one", count: 1 }] }),
    });
    const { releases, notes } = plan({}, shop("careful"));

    expect(releases.map(({ app, strategy }) => [app, strategy])).toEqual([["shop", "standard"]]);
    expect(notes).toEqual([
      expect.stringMatching(
        /^strategy careful in place of standard for shop: this holds for what later commits start and,/,
      ),
    ]);
    expect(plan({}, shop("standard")).notes).toEqual([]);
  });

  it("notes changed checks of apps", () => {
    const checked = (cel: string): FleetEdits => ({
      "apps/web.yaml": appYaml("web", {
        spec: { checks: { before: [{ name: "calm", cel }] } },
      }),
    });
    const told =
      "checks change for web: what this commit starts asks those before and after it, what is under way the new ones only";

    expect(plan(checked("true"), {}).notes).toEqual([told]);
    expect(plan(checked("true"), checked("1 < 2")).notes).toEqual([told]);
    expect(plan(checked("true"), checked("true")).notes).toEqual([]);
  });

  it("notes changed windows that count for an app", () => {
    const windows = (duration: string, ...named: string[]): FleetEdits => ({
      "w.yaml": windowYaml("nights", { open: [{ start: "02:30", duration }] }),
      "fleet.yaml": fleetYaml({
        rollout: { strategy: "standard" },
        ...(named.length === 0 ? {} : { windows: named }),
      }),
    });
    const hold =
      "what this closes counts at once, what it opens does too, but not while a release that this commit starts is open nor, where this commit adds sites or changes their labels, before the next commit";

    expect(plan(windows("2h", "nights"), windows("3h", "nights")).notes).toEqual([
      `MaintenanceWindow nights (w.yaml) changes: ${hold}`,
    ]);
    expect(plan(windows("2h", "nights"), windows("2h")).notes).toEqual([
      `the Fleet (fleet.yaml) changes windows: ${hold}`,
    ]);
    expect(plan(windows("2h", "nights"), windows("120m", "nights")).notes).toEqual([]);
    expect(plan(windows("2h"), windows("3h")).notes).toEqual([]);
  });

  it("notes a virtual site that changes which sites a window speaks of", () => {
    const nights = (selector: string | object, ...virtualSites: string[]): FleetEdits => ({
      "w.yaml": windowYaml("nights", { open: [{ start: "02:30", duration: "2h" }], virtualSites }),
      "late.yaml": virtualSiteYaml("late", selector),
      "fleet.yaml": fleetYaml({ rollout: { strategy: "standard" }, windows: ["nights"] }),
    });
    const hold =
      "what this closes counts at once, what it opens does too, but not while a release that this commit starts is open nor, where this commit adds sites or changes their labels, before the next commit";
    const told = `VirtualSite late (late.yaml) changes, and with it the sites of MaintenanceWindow nights: ${hold}`;
    const everywhere = { "late.yaml": virtualSiteYaml("late") };
    const late = nights("ring=canary", "late");

    expect(plan(late, nights("ring=main", "late")).notes).toEqual([told]);
    expect(plan(late, { ...late, ...everywhere }).notes).toEqual([told]);
    expect(plan(late, nights({ matchLabels: { ring: "canary" } }, "late")).notes).toEqual([]);
    expect(plan(nights("ring=canary", "shops"), nights("ring=main", "shops")).notes).toEqual([]);
    expect(plan(late, nights("ring=main", "shops")).notes).toEqual([
      `MaintenanceWindow nights (w.yaml) changes: ${hold}`,
    ]);
  });
});
