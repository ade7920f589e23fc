/** What a word for one release leaves to others that may move together with it: each of them has its own gates. */
import type { ControlState } from "./planner-types.ts";
import type { Release } from "./records.ts";
import { hasPassedAt } from "./share-excuses.ts";
import { someOf } from "./words.ts";

/**
 * `; where beta-v2 moves together with it, only once that is promoted too`; empty where nothing else may hold it. Only the
 * planner knows what moves as one: told of are those that have the same stages, and a site still to move with it.
 */
export function togetherInWords(
  control: ControlState,
  release: Release,
  { lacks, word }: { readonly lacks: (other: Release) => boolean; readonly word: string },
): string {
  const others = Object.values(control.apps).flatMap(({ open }) => open);
  const ids = others.filter((other) => mayMoveWith(release, other) && lacks(other));
  if (ids.length === 0) return "";
  const names = someOf(ids.map(({ id }) => id));
  const verb = ids.length === 1 ? "moves" : "move";
  const all = ids.length === 1 ? "that is" : "those are";
  return `; where ${names} ${verb} together with it, only once ${all} ${word} too`;
}

function mayMoveWith(release: Release, other: Release): boolean {
  if (other.app === release.app || other.stages.length !== release.stages.length) return false;
  if (other.stages.some(({ name }, index) => name !== release.stages[index]?.name)) return false;
  return Object.keys(release.list).some(
    (site) =>
      Object.hasOwn(other.list, site) && !hasPassedAt(release, site) && !hasPassedAt(other, site),
  );
}
