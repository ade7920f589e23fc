import { UnansweredError } from "../adapters/kubernetes/api-error.ts";
import type { FleetError } from "../core/errors.ts";
import { backoffMs } from "../runtime/backoff.ts";
import type { SiteContext } from "./site-context.ts";
import type { NextLook } from "./reconcile-app.ts";
import { type AppState, healthTimes } from "./app-state.ts";

const patienceMs = 10 * 60_000;

/** What looks go by. */
export interface LookTimes {
  readonly now: number;
  readonly settleMs: number;
  /** For how long the app has to be well until its hand-over has settled. */
  readonly minReadyMs: number;
}

/** When to look at an app whose tree has just come to stand: at once, where nothing was written that has to get ready. */
export function untilFirstLook({ config }: Pick<SiteContext, "config">, state: AppState): number {
  const wait = state.isStirred ? config.settleMs / 4 : 0;
  state.isStirred = false;
  return wait;
}

/**
 * When to look at an app again: ever later while it settles, then after half of the time that it has been well, and just
 * when it has been so for `minReadyMs`; Infinity: whenever.
 */
export function untilNextLook(state: AppState, { now, settleMs, minReadyMs }: LookTimes): number {
  const stands = state.row?.left === false && state.row.tree !== null;
  if (!stands || state.target === null) return Number.POSITIVE_INFINITY;
  const sinceMs = now - (state.appliedAt ?? 0);
  if (state.healthySince === null) {
    return sinceMs < patienceMs
      ? Math.min(settleMs, Math.max(settleMs / 4, sinceMs / 2))
      : Number.POSITIVE_INFINITY;
  }
  const healthyMs = healthTimes(state).now;
  const usual = Math.max(settleMs, healthyMs / 2);
  return healthyMs < minReadyMs ? Math.min(usual, minReadyMs - healthyMs) : usual;
}

const freshMs = 15_000;

/**
 * Whether the controller is to know how long it has been well by this look: each while it is fresh, then ever rarer, and
 * after it was told that nobody can vouch for it. What is taken counts as told.
 */
export function takeWorthTelling(state: AppState, minReadyMs: number): boolean {
  const { now } = healthTimes(state);
  const told = state.toldHealthyMs;
  const isReady = told < minReadyMs && now >= minReadyMs;
  const isDue = now < freshMs || now >= 1.5 * told || isReady || state.isToldOverdue;
  if (now === 0 || !isDue) return false;
  state.toldHealthyMs = now;
  state.isToldOverdue = false;
  return true;
}

/**
 * Apps that were healthy when last looked at, for which nobody can vouch now: the next look is late, or saw nothing of
 * them. They count as told.
 */
export function takeOverdue(states: Iterable<AppState>, isLate: boolean): readonly string[] {
  const overdue = [...states].filter(
    (state) => state.healthySince !== null && (isLate || state.unseen.reason !== ""),
  );
  for (const state of overdue) state.isToldOverdue = true;
  return overdue.map(({ app }) => app);
}

/** Notes how an attempt at an app has ended; gives the time until the next one, ms; Infinity: when something changes. */
export function untilNextTry(
  context: Pick<SiteContext, "clock" | "config" | "link">,
  state: AppState,
  next: NextLook,
): number {
  state.isUnanswered = false;
  state.delay = "";
  if (next !== "settled" && next !== "soon") return noteFailed(context, state, next.backoff);
  state.failures = next === "settled" ? 0 : state.failures + 1;
  if (next === "settled") return Infinity;
  return context.config.settleMs * Math.min(30, 1 + state.failures / 5);
}

/** A cluster, or a proxy before it, that asks for more knows no better: one app would wait for hours for one answer. */
const maxAskedMs = 5 * 60_000;
/** So long a wait is worth telling. */
const longAskedMs = 10_000;

/**
 * Counts one more failure of an app; gives the time until it is tried again, ms: longer each time, and not before the
 * cluster has asked for it, up to five minutes. What is told of that stands until the next attempt.
 */
export function noteFailed(
  { clock, config, link }: Pick<SiteContext, "clock" | "config" | "link">,
  state: AppState,
  error: FleetError | undefined,
): number {
  state.failures += 1;
  // Where all of the site fails, nothing new is known of this app.
  if (!link.isBroken()) state.isUnanswered = error instanceof UnansweredError;
  const wait = backoffMs({
    attempt: state.failures,
    baseMs: config.retryMs,
    maxMs: config.retryMaxMs,
    random: () => clock.random(),
  });
  const asked = typeof error?.retry === "object" ? error.retry.afterMs : 0;
  const askedMs = Math.min(asked, maxAskedMs);
  state.delay =
    askedMs > wait && askedMs >= longAskedMs ? describeDelay(clock, asked, askedMs) : "";
  return Math.max(wait, askedMs);
}

function describeDelay(clock: SiteContext["clock"], asked: number, askedMs: number): string {
  const until = new Date(clock.now() + askedMs).toISOString().replace(/\.\d+Z$/, "Z");
  return `it is tried again at ${until} (the answer asks for ${Math.ceil(asked / 1000)} s), or at once with the next commit`;
}
