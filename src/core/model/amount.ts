import type { Amount } from "../rollout/planner-types.ts";

/**
 * Reads an `IntOrPercent`: a number of sites (`3`), or a percentage of them (`"10%"`). Undefined when it is neither,
 * negative, or over 100 %.
 */
export function parseAmount(value: number | string): Amount | undefined {
  if (typeof value === "number") {
    return Number.isSafeInteger(value) && value >= 0 ? { count: value } : undefined;
  }
  const digits = /^(\d{1,3})%$/.exec(value)?.[1];
  if (digits === undefined || Number(digits) > 100) return undefined;
  return { percent: Number(digits) };
}

/** The number of sites that an amount means out of `total`: a percentage is rounded down, at least 1; 0 % is 0. */
export function resolveAmount(amount: Amount, total: number): number {
  if ("count" in amount) return amount.count;
  if (amount.percent === 0) return 0;
  return Math.max(1, Math.floor((amount.percent * total) / 100));
}
