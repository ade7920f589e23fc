/** What a plan tells of a change between two fleets of test files. */
import type { PlanSide } from "../../src/core/plan/assumed-state.ts";
import type { FleetPlan } from "../../src/core/plan/fleet-plan.ts";
import { planChange, planSide } from "../../src/core/plan/plan-change.ts";
import { renderFiles } from "../../src/core/render/render-files.ts";
import { aFleet, type FleetEdits } from "./fleet.ts";

/** The side of a commit; `revision`: one hex digit. */
export function side(revision: string, edits: FleetEdits = {}): PlanSide {
  const read = planSide(revision.repeat(40), renderFiles(aFleet(edits)));
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  return read.side;
}

/** The plan from one fleet to another, at the time 0. */
export function plan(before: FleetEdits, after: FleetEdits): FleetPlan {
  return planChange(side("b", before), side("d", after), 0);
}
