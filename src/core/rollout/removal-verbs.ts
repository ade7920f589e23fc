/** What becomes of an app's objects where it leaves, as several say it. */
import type { FleetModel } from "../model/fleet-model.ts";
import type { RemovalVerb } from "./records.ts";

/** The one that takes least away. */
export function strictest(verbs: readonly RemovalVerb[]): RemovalVerb {
  const order = ["hold", "orphan"] as const;
  return order.find((verb) => verbs.includes(verb)) ?? "delete";
}

/** What a commit says of each of its apps. */
export function verbsOf({ apps }: Pick<FleetModel, "apps">): ReadonlyMap<string, RemovalVerb> {
  return new Map(
    [...apps].map(([app, { value }]): [string, RemovalVerb] => [
      app,
      value.spec.onRemoval ?? "delete",
    ]),
  );
}

/** What a head says of apps of which the one before it says another word, or none; of others it says nothing new. */
export function saidAnew(
  before: ReadonlyMap<string, RemovalVerb>,
  head: ReadonlyMap<string, RemovalVerb>,
): Readonly<Record<string, RemovalVerb>> {
  return Object.fromEntries([...head].filter(([app, verb]) => before.get(app) !== verb));
}
