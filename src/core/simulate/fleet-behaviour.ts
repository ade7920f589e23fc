/** How the clusters of a simulated fleet behave: everything is drawn from the seed, app and site, and from nothing else. */
import { siteHash } from "../rollout/stable-order.ts";

/** Times from a hand-over until the app is healthy: one half of the sites within `p50Ms`, 95 % within `p95Ms`. */
export interface HealthyAfter {
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** What is assumed of a fleet. The same assumptions give the same story. */
export interface Assumptions {
  readonly seed: number;
  /** When the head begins to be followed (ISO): which windows are open. */
  readonly start: string;
  readonly healthyAfter: HealthyAfter;
  /** Share of the sites (0 to 1) at which the new version never gets healthy. */
  readonly failureRate: number;
  /** Percentage of the sites that do not answer. */
  readonly offlinePercent: number;
  /** How long people take to approve, or to promote, what waits for them. */
  readonly approvalMs: number;
  /** Every site that the change reaches breaks so long after its hand-over; null: it is a good change. */
  readonly badAfterMs: number | null;
}

/** What becomes of an app at a site, counted from its hand-over. */
export interface Fate {
  readonly healthyAfterMs: number;
  /** When it is broken for good; null: never. Not after `healthyAfterMs`: it never gets healthy. */
  readonly breaksAfterMs: number | null;
}

/** What becomes of a version at a site. */
export type Behaviour = (at: { readonly app: string; readonly site: string }) => Fate;

/** The behaviour that the assumptions say. */
export function behaviourOf(assumed: Assumptions): Behaviour {
  const { seed, failureRate, badAfterMs } = assumed;
  return ({ app, site }) => {
    const fails = failureRate > 0 && draw(`${seed}/fails/${app}`, site) < failureRate;
    return {
      healthyAfterMs: healthyAfterMs(assumed, { app, site }),
      breaksAfterMs: fails ? 0 : badAfterMs,
    };
  };
}

/** A time with the two given percentiles, log-normal as times of starting things are; equal ones: that time. */
function healthyAfterMs(
  { seed, healthyAfter: { p50Ms, p95Ms } }: Assumptions,
  { app, site }: { app: string; site: string },
): number {
  if (p95Ms <= p50Ms || p50Ms === 0) return p50Ms;
  const radius = Math.sqrt(-2 * Math.log(1 - draw(`${seed}/healthy/${app}`, site)));
  const angle = 2 * Math.PI * draw(`${seed}/angle/${app}`, site);
  const sigma = Math.log(p95Ms / p50Ms) / normalP95;
  return Math.round(p50Ms * Math.exp(sigma * radius * Math.cos(angle)));
}

/** 95 % of a standard normal distribution lie below it. */
const normalP95 = 1.6448536269514722;

/** From 0 up to, not including, 1. */
function draw(about: string, site: string): number {
  return siteHash(about, site) / 2 ** 32;
}
