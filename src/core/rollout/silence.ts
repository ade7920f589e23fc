import { own } from "./own.ts";
import type { PlannerInput } from "./planner-types.ts";
import { silentSinceOf } from "./site-view.ts";

/** For how long (ms) the worker of a mirror was silent between `from` and now. Clocks of its sites stand still then. */
export function silentMs(input: PlannerInput, mirror: string, from: number): number {
  const spans = (own(input.control.workers, mirror)?.silences ?? []).map((silence) => ({
    from: Date.parse(silence.from),
    to: Date.parse(silence.to),
  }));
  const since = silentSinceOf(input, mirror);
  if (since !== null) spans.push({ from: since, to: input.now });
  if (spans.length === 0) return 0;
  let total = 0;
  let counted = from;
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const start = Math.max(span.from, counted);
    const end = Math.min(span.to, input.now);
    if (end <= start) continue;
    total += end - start;
    counted = end;
  }
  return total;
}
