import { percentilesOf } from "../src/demo/effect-times.ts";

/** What is said of repeated measurements: the middle one and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/** Median and range of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error("nothing was measured");
  const { p50: median, max } = percentilesOf(values);
  return { median, min: Math.min(...values), max, rounds: values.length };
}
