import { type AppState, healthTimes } from "./app-state.ts";

const patienceMs = 10 * 60_000;

/** When to look at an app again: soon while it settles, then after half of the time that it has been well; Infinity: whenever. */
export function untilNextLook(
  state: AppState,
  { now, settleMs }: { readonly now: number; readonly settleMs: number },
): number {
  const stands = state.row?.left === false && state.row.tree !== null;
  if (!stands || state.target === null) return Number.POSITIVE_INFINITY;
  if (state.healthySince !== null) return Math.max(settleMs, healthTimes(state).now / 2);
  return now - state.appliedAt < patienceMs ? settleMs : Number.POSITIVE_INFINITY;
}

const freshMs = 15_000;

/** Whether the controller is to know how long it has been well by this look: each while it is fresh, then ever rarer. */
export function isWorthTelling(state: AppState): boolean {
  const { now } = healthTimes(state);
  return now > 0 && (now < freshMs || now >= 1.5 * state.toldHealthyMs);
}

/** Apps that were healthy when last looked at, for which nobody can vouch now: the next look is late, or saw nothing of them. */
export function overdueApps(states: Iterable<AppState>, isLate: boolean): readonly string[] {
  return [...states]
    .filter((state) => state.healthySince !== null && (isLate || state.unseen.reason !== ""))
    .map(({ app }) => app);
}
