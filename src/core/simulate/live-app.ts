/** An app in a simulated cluster, as a function of time. */
import type { HealthStatus } from "../health/health.ts";
import type { ObservedApp } from "../rollout/planner-types.ts";
import type { TreeId } from "../render/rendered.ts";
import type { Fate } from "./fleet-behaviour.ts";

/** What was applied last, and what becomes of it. */
export interface LiveApp {
  /** null: it leaves. */
  readonly tree: TreeId | null;
  readonly healthyAt: number;
  /** Not after `healthyAt`: it never gets healthy. null: it does not break. */
  readonly breaksAt: number | null;
  /** It was healthy there before, on some tree. */
  readonly wasHealthy: boolean;
  /** It was broken when this was applied, and is until it gets healthy. */
  readonly wasBroken: boolean;
}

/** An app that has been well for ever. */
export function oldApp(tree: TreeId): LiveApp {
  return { tree, healthyAt: -Infinity, breaksAt: null, wasHealthy: true, wasBroken: false };
}

/** The app after a hand-over. */
export function handedApp(
  before: LiveApp | undefined,
  to: { readonly tree: TreeId | null; readonly now: number; readonly fate: Fate },
): LiveApp {
  const { tree, now, fate } = to;
  return {
    tree,
    healthyAt: now + fate.healthyAfterMs,
    breaksAt: fate.breaksAfterMs === null ? null : now + fate.breaksAfterMs,
    wasHealthy: before !== undefined && hasBeenHealthy(before, now),
    wasBroken: before !== undefined && isBroken(before, now),
  };
}

/** People would say that it is broken: it does not work, and will not by itself, or is only being mended. */
export function isBroken({ healthyAt, breaksAt, wasBroken }: LiveApp, now: number): boolean {
  return (breaksAt !== null && now >= breaksAt) || (wasBroken && now < healthyAt);
}

/** It works, or may, and is to break by itself. */
export function isToBreak({ breaksAt }: LiveApp, now: number): boolean {
  return breaksAt !== null && breaksAt > now;
}

/**
 * When its worker has something new to tell of it, after now; Infinity: never. Healthy just now is for no time yet;
 * `minReadyMs`: healthy times at a stretch that somebody waits for.
 */
export function nextTurn(
  { healthyAt, breaksAt }: LiveApp,
  { now, minReadyMs }: { readonly now: number; readonly minReadyMs: readonly number[] },
): number {
  const ready = minReadyMs.map((ms) => healthyAt + ms);
  const times = [healthyAt + 1, breaksAt ?? Infinity, ...ready];
  return Math.min(...times.filter((at) => at > now));
}

/** What a worker says of it now. */
export function observeApp(live: LiveApp, now: number): ObservedApp {
  const health = healthOf(live, now);
  const everHealthy = hasBeenHealthy(live, now);
  const told = { tree: live.tree, left: false, health, everHealthy, unverified: 0, message: "" };
  if (live.tree === null) {
    return { ...told, left: now >= live.healthyAt, healthyForMs: 0, longestHealthyMs: 0 };
  }
  const until = live.breaksAt === null ? now : Math.min(now, live.breaksAt);
  const longestHealthyMs = Math.min(longestMs, Math.max(0, until - live.healthyAt));
  return { ...told, healthyForMs: health === "Healthy" ? longestHealthyMs : 0, longestHealthyMs };
}

/** A year: as good as for ever. */
const longestMs = 365 * 24 * 3_600_000;

function healthOf({ tree, healthyAt, breaksAt }: LiveApp, now: number): HealthStatus {
  if (tree === null) return "Missing";
  if (breaksAt !== null && now >= breaksAt) return "Degraded";
  return now >= healthyAt ? "Healthy" : "Progressing";
}

function hasBeenHealthy({ tree, healthyAt, breaksAt, wasHealthy }: LiveApp, now: number): boolean {
  if (wasHealthy || tree === null) return wasHealthy;
  return now >= healthyAt && (breaksAt === null || breaksAt > healthyAt);
}
