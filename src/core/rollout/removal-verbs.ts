/** What becomes of an app's objects where it leaves, as several say it. */
import type { RemovalVerb } from "./records.ts";

/** The one that takes least away. */
export function strictest(verbs: readonly RemovalVerb[]): RemovalVerb {
  const order = ["hold", "orphan"] as const;
  return order.find((verb) => verbs.includes(verb)) ?? "delete";
}
