import type { Json } from "./json.ts";

const powers: Readonly<Record<string, readonly [base: number, power: number]>> = {
  n: [10, -9],
  u: [10, -6],
  m: [10, -3],
  "": [10, 0],
  k: [10, 3],
  M: [10, 6],
  G: [10, 9],
  T: [10, 12],
  P: [10, 15],
  E: [10, 18],
  Ki: [2, 10],
  Mi: [2, 20],
  Gi: [2, 30],
  Ti: [2, 40],
  Pi: [2, 50],
  Ei: [2, 60],
};

/** A quantity of Kubernetes as a number; undefined for what is none. */
export function quantityOf(value: Json | undefined): number | undefined {
  if (typeof value === "number") return value;
  const text = typeof value === "string" ? value : "";
  const [, digits, suffix = ""] =
    /^([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)([a-zA-Z]{0,2})$/.exec(text) ?? [];
  const power = powers[suffix];
  if (digits === undefined || power === undefined) return undefined;
  return Number(digits) * power[0] ** power[1];
}

/** What two amounts differ by when they are the same in other words: `17G` and `0.017T`. */
const sameAmount = 1e-12;

/** One amount is more than another, beyond what reading them as numbers loses. */
export function isMore(amount: number, other: number): boolean {
  return amount - other > sameAmount * Math.max(Math.abs(amount), Math.abs(other));
}
