/** What a plan says of Decisions: they do something, though no file renders to anything else. */
import { describe, expect, it } from "vitest";
import { planBlocks, planVerdict } from "../../../src/action/plan-blocks.ts";
import { verdictOf } from "../../../src/action/summary.ts";
import type { FleetPlan } from "../../../src/core/plan/fleet-plan.ts";
import { planChange } from "../../../src/core/plan/plan-change.ts";
import { planText } from "../../../src/core/plan/plan-text.ts";
import { simulateChange } from "../../../src/core/simulate/simulate-change.ts";
import { simulationText } from "../../../src/core/simulate/simulation-text.ts";
import { documentYaml, type FleetEdits, type Spec } from "../../support/fleet.ts";
import { plan, side } from "../../support/fleet-plan.ts";

const decision = (spec: Spec): FleetEdits => ({
  "decisions/word.yaml": documentYaml("Decision", { name: "word" }, { why: "slow", ...spec }),
});
const back = decision({ rollback: { app: "web", stage: "canary" } });
const hold = decision({ hold: { app: "web", all: true } });
const says = (planned: FleetPlan): readonly string[] => planned.decisions.map((each) => each.says);

describe("a plan says what Decisions do", () => {
  it("that are carried out once, where no site changes by the files", () => {
    const planned = plan({}, back);

    expect(planned.sites).toEqual([]);
    expect(planned.decisions).toEqual([
      {
        decision: "word",
        file: "decisions/word.yaml",
        line: 4,
        isOnce: true,
        says: "rollback of app web, stage canary",
      },
    ]);
    expect(planText(planned)).toBe(
      `Plan from bbbbbbbbbbbb to dddddddddddd: No site changes, but by what 1 Decision does.

Decisions
  Decision word (decisions/word.yaml:4): rollback of app web, stage canary, once, when this is followed; what it does, or whether it is refused, depends on what is under way then
`,
    );
    expect(planVerdict(planned)).toBe("No site changes, but by what 1 Decision does");
    const { model } = side("d", back);
    expect(verdictOf({ planned: { plan: planned, model }, diagnostics: [] })).toBe("changes");
    expect(planBlocks(planned, model).join("")).toContain(
      "- `Decision word (decisions/word.yaml:4): rollback of app web, stage canary, once, when",
    );
  });

  it("that change, and not those that stay as they are or go after they were carried out", () => {
    const other = decision({ approve: { app: "web", release: "web-1", deletions: 3 } });

    expect(says(plan(back, other))).toEqual(["approve of app web, release web-1, deletions 3"]);
    expect(says(plan(back, back))).toEqual([]);
    expect(says(plan(back, { "elsewhere.yaml": back["decisions/word.yaml"] ?? null }))).toEqual([]);
    expect(says(plan(back, {}))).toEqual([]);
  });

  it("that hold, begin and end", () => {
    const begun = plan({}, hold);

    expect(says(begun)).toEqual(["hold of app web, all"]);
    expect(planText(begun)).toContain(": No site changes.\n");
    const { model } = side("d", hold);
    expect(verdictOf({ planned: { plan: begun, model }, diagnostics: [] })).toBe("no-change");
    expect(says(plan(hold, {}))).toEqual(["the hold of app web, all ends"]);
    expect(says(plan(hold, back))).toEqual([
      "the hold of app web, all ends",
      "rollback of app web, stage canary",
    ]);
  });

  it("that hold what they held, for another reason, and end nothing", () => {
    const reworded = decision({ why: "slower", hold: { app: "web", all: true } });
    const narrower = decision({ hold: { app: "web", stage: "canary", all: true } });

    expect(says(plan(hold, reworded))).toEqual(["hold of app web, all"]);
    expect(says(plan(hold, narrower))).toEqual([
      "the hold of app web, all ends",
      "hold of app web, stage canary, all",
    ]);
  });

  it("and a simulation says that it does not play them", () => {
    const assumed = {
      seed: 1,
      start: "2026-11-27T00:00:00.000Z",
      healthyAfter: { p50Ms: 20_000, p95Ms: 20_000 },
      failureRate: 0,
      offlinePercent: 0,
      approvalMs: 0,
      badAfterMs: null,
    };
    const textOf = (head: FleetEdits): string =>
      simulationText(simulateChange({ base: side("b", {}), head: side("d", head) }, assumed, 1));

    expect(textOf(back)).toContain(
      "No release begins.\n\nNot played: what 1 Decision does when it is followed.\n",
    );
    expect(textOf(hold)).toContain("No release begins: nothing changes.\n");
  });

  it("but not of those on the first commit, of which only holds count", () => {
    expect(says(planChange(null, side("d", back), 0))).toEqual([]);
    expect(says(planChange(null, side("d", hold), 0))).toEqual(["hold of app web, all"]);
  });
});
