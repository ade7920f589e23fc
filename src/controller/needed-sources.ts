import type { ControlSnapshot } from "./control-repository.ts";

/** Commits of the fleet repository that must stay readable. */
export function neededSources({ state }: ControlSnapshot, head?: string): Set<string> {
  const needed = new Set<string>();
  for (const { current, open } of Object.values(state.apps)) {
    if (current.release !== null) needed.add(current.release.source);
    for (const { release } of current.partial) needed.add(release.source);
    for (const { source, budgetsFrom } of open) needed.add(source).add(budgetsFrom);
  }
  for (const commit of [state.head?.commit, state.head?.previous, head]) {
    if (commit !== undefined) needed.add(commit);
  }
  return needed;
}
