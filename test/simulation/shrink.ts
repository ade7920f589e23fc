import { type Outcome, simulate } from "./simulation.ts";

/** The same seed with as few events as still break a promise: one after the other is left out. */
export async function shrink(outcome: Outcome): Promise<Outcome> {
  let shortest = outcome;
  for (let index = shortest.events.length - 1; index >= 0; index -= 1) {
    const events = shortest.events.filter((_, position) => position !== index);
    const found = await simulate(outcome.seed, events);
    if (found.violations.length > 0) shortest = found;
  }
  return shortest;
}
