/** By which names a stage is known: holds and the numbers of a strategy speak of stages by name. */
import type { FrozenStage } from "./records.ts";
import { compareText } from "./stable-order.ts";

type Named = Pick<FrozenStage, "name" | "of" | "covers">;

/** Its own name, that of the stage which became one for each domain, and those of the stages that it stands for. */
export function namesOf({ name, of, covers = [] }: Named): readonly string[] {
  return of === undefined ? [name, ...covers] : [name, of, ...covers];
}

/** The stage as one that stands for others too: what holds one of them holds it. */
export function covering<S extends Named>(stage: S, others: readonly Named[]): S {
  const { name, of, covers: known = [] } = stage;
  const names = new Set([...known, ...others.flatMap(namesOf)]);
  for (const own of [name, of]) if (own !== undefined) names.delete(own);
  return names.size === known.length
    ? stage
    : { ...stage, covers: [...names].toSorted(compareText) };
}

/** The stage as one that stands for itself alone. */
export function withoutNames({ covers, ...stage }: FrozenStage): FrozenStage {
  return covers === undefined ? stage : { ...stage };
}
