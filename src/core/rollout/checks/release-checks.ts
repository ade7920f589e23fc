/** Which checks hold for a release: frozen at its start, with its other conditions. */
import type { Checks } from "../../model/kinds/checks.ts";
import type { ResolvedStrategy, StartInput } from "../planner-types.ts";
import type { ReleaseCheck, ReleaseChecks } from "../records.ts";

/** The checks that an app declares; undefined: none. */
export function checksOf({ before = [], after = [] }: Checks = {}): ReleaseChecks | undefined {
  return before.length + after.length === 0 ? undefined : { before, after };
}

/**
 * What a new head's releases of an app are begun with: the strategy that grants, and beside its checks those of the head
 * itself. A commit may be stricter with itself, never laxer.
 */
export function grantedStrategy(input: StartInput, app: string): ResolvedStrategy {
  const granted = input.strategyOf(app);
  const newest = input.newestStrategyOf?.(app)?.checks;
  if (newest === undefined) return granted;
  const { before = [], after = [] } = granted.checks ?? {};
  return {
    ...granted,
    checks: { before: joined(before, newest.before), after: joined(after, newest.after) },
  };
}

function joined(granted: readonly ReleaseCheck[], newest: readonly ReleaseCheck[]): ReleaseCheck[] {
  const isKnown = ({ name, cel }: ReleaseCheck): boolean =>
    granted.some((known) => known.name === name && known.cel === cel);
  return [...granted, ...newest.filter((check) => !isKnown(check))];
}
