/**
 * Time to effect. In: hand-overs as the controller recorded them, and writes as the sites saw them. Out: for each
 * hand-over the time from the controller's record of it until the site had answered the last write of it.
 */
import type { HandOver } from "./hand-overs.ts";

/** A write of an app's objects that a site carried out. */
export interface SiteWrite {
  readonly site: string;
  readonly app: string;
  /** When it was answered, wall ms. */
  readonly at: number;
}

/** A hand-over that has had its effect. */
export interface Effect extends HandOver {
  readonly appliedAt: number;
}

/** Percentiles of times to effect, ms, by nearest rank: each is a time that was measured. */
export interface EffectTimes {
  readonly p50: number;
  readonly p85: number;
  readonly p99: number;
  readonly max: number;
}

/** The hand-overs at whose site something was written before the next one of the same app. Sorted by their time. */
export function effectsOf(handOvers: readonly HandOver[], writes: readonly SiteWrite[]): Effect[] {
  const inOrder = handOvers.toSorted((a, b) => a.at - b.at);
  return inOrder.flatMap((handOver, index) => {
    const isSame = (other: SiteWrite): boolean =>
      other.site === handOver.site && other.app === handOver.app;
    const next = inOrder.slice(index + 1).find(isSame);
    const times = writes
      .filter((write) => isSame(write) && write.at >= handOver.at)
      .filter(({ at }) => next === undefined || at < next.at)
      .map(({ at }) => at);
    return times.length === 0 ? [] : [{ ...handOver, appliedAt: Math.max(...times) }];
  });
}

/** Percentiles over the effects; null when there are none. */
export function effectTimes(effects: readonly Effect[]): EffectTimes | null {
  if (effects.length === 0) return null;
  return percentilesOf(effects.map(({ at, appliedAt }) => appliedAt - at));
}

/** Percentiles of times (ms); 0 for each when there are none. */
export function percentilesOf(unsorted: readonly number[]): EffectTimes {
  const times = unsorted.toSorted((a, b) => a - b);
  const rank = (percent: number): number =>
    times[Math.max(0, Math.ceil((percent / 100) * times.length) - 1)] ?? 0;
  return { p50: rank(50), p85: rank(85), p99: rank(99), max: rank(100) };
}
