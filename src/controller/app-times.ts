/** Since when an app stands at a site, and since when it is healthy there: what its worker tells as ages, as moments. */
import type { AppReport } from "../core/protocol/worker-report.ts";

/** Moments in ms, by the clock of what was given; each undefined where it is not so, or nobody knows. */
export interface AppMoments {
  /** All objects of the reported tree were applied. */
  readonly appliedAt: number | undefined;
  /** It is healthy without a break on that tree. */
  readonly healthySince: number | undefined;
}

/** The moments that a report tells, which came at `now`; `before`: what was heard of the app before it. */
export function momentsOf(
  report: AppReport,
  now: number,
  before: (AppMoments & { readonly report: AppReport }) | undefined,
): AppMoments {
  const { appliedForMs, healthyForMs } = report;
  const appliedAt = appliedForMs === undefined ? undefined : now - appliedForMs;
  if (!tellsHealthy(report)) return { appliedAt, healthySince: undefined };
  const told = now - healthyMs(report);
  // Told again without another look, a healthy time seems to have begun later than it has.
  const goesOn = before?.report.tree === report.tree && healthyForMs >= before.report.healthyForMs;
  const earlier = goesOn ? (before.healthySince ?? told) : told;
  return { appliedAt, healthySince: Math.min(earlier, told) };
}

/** For how long it was healthy when its worker made the report: up to the last look, and since where that was just now. */
export function healthyMs({ healthyForMs, lookedMs = 0 }: AppReport): number {
  return healthyForMs + lookedMs;
}

/** Its healthy time grows by itself. */
export function tellsHealthy({ healthyForMs, health }: AppReport): boolean {
  return healthyForMs > 0 || health === "Healthy" || health === "Suspended";
}

/**
 * Since when what a worker tells was applied, where it does not know that itself, for it has started since; by what was
 * heard `before` from another process. undefined: nobody knows, or it may have been another version meanwhile.
 */
export function appliedBefore(
  { tree, release }: AppReport,
  before: (Pick<AppMoments, "appliedAt"> & { readonly report: AppReport }) | undefined,
): number | undefined {
  const isSame = before?.report.tree === tree && before.report.release === release;
  return isSame && tree !== null ? before.appliedAt : undefined;
}
