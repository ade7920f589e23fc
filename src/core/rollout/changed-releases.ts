import type { ControlChange } from "./planner-types.ts";
import type { Release } from "./records.ts";

/** The releases among the records that a plan writes. */
export function changedReleases(changes: readonly ControlChange[]): readonly Release[] {
  return changes.flatMap(({ record }) => (isRelease(record) ? [record] : []));
}

/** The planner writes whole records, and only a release has both. */
function isRelease(record: object | null): record is Release {
  return record !== null && "stages" in record && "list" in record;
}
