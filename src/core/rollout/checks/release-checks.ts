/** Which checks hold for a release: frozen at its start, with its other conditions. */
import type { Checks } from "../../model/kinds/checks.ts";
import type { ResolvedStrategy, StartInput } from "../planner-types.ts";
import type { ReleaseCheck, ReleaseChecks } from "../records.ts";

/** The checks that an app declares; undefined: none. */
export function checksOf({ before = [], after = [] }: Checks = {}): ReleaseChecks | undefined {
  return before.length + after.length === 0 ? undefined : { before, after };
}

/**
 * What a new head's releases of an app are begun with: the strategy that grants, and beside its checks and windows those
 * of the head itself. A commit may be stricter with itself, never laxer.
 */
export function grantedStrategy(input: StartInput, app: string): ResolvedStrategy {
  const granted = input.strategyOf(app);
  const newest = input.newestStrategyOf?.(app);
  if (newest === undefined) return granted;
  return { ...granted, ...strictChecks(granted, newest), ...strictWindows(granted, newest) };
}

function strictWindows(
  { windows: granted = [] }: ResolvedStrategy,
  { windows: newest = [] }: ResolvedStrategy,
): Pick<ResolvedStrategy, "windows"> {
  const names = new Set([...granted, ...newest]);
  return names.size === 0 ? {} : { windows: [...names] };
}

function strictChecks(
  { checks: granted }: ResolvedStrategy,
  { checks: newest }: ResolvedStrategy,
): Pick<ResolvedStrategy, "checks"> {
  if (newest === undefined) return {};
  const { before = [], after = [] } = granted ?? {};
  return { checks: { before: joined(before, newest.before), after: joined(after, newest.after) } };
}

function joined(granted: readonly ReleaseCheck[], newest: readonly ReleaseCheck[]): ReleaseCheck[] {
  const isKnown = ({ name, cel }: ReleaseCheck): boolean =>
    granted.some((known) => known.name === name && known.cel === cel);
  return [...granted, ...newest.filter((check) => !isKnown(check))];
}
