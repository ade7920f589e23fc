import type { Diagnostic } from "../model/diagnostic.ts";
import type { RenderedFiles } from "../render/render-files.ts";
import { protectedObjects } from "../rollout/protected-objects.ts";
import type { PlanSide } from "./assumed-state.ts";
import type { FleetPlan } from "./fleet-plan.ts";
import { planFleet } from "./plan-fleet.ts";

/** A time (ms) as plans name it. */
export function wholeMinute(ms: number): number {
  return ms - (ms % 60_000);
}

/** One revision, read: what can be planned with, or every mistake in it. */
export type ReadSide =
  | { readonly ok: true; readonly side: PlanSide; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** A revision, checked and rendered, as a side of a plan. */
export function planSide(revision: string, fleet: RenderedFiles): ReadSide {
  if (!fleet.ok) return fleet;
  const { model, rendered, tools, diagnostics } = fleet;
  return { ok: true, side: { revision, model, rendered, tools }, diagnostics };
}

/** Plans going from `base` (null: nothing) to `head` at a time (ms), with what the controller protects. */
export function planChange(base: PlanSide | null, head: PlanSide, now: number): FleetPlan {
  const sides = base === null ? [head] : [base, head];
  const isProtected = protectedObjects(sides.map(({ rendered }) => rendered.variants));
  return planFleet(base, head, { isProtected, now });
}
