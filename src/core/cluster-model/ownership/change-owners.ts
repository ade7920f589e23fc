/** How a change of an object changes who owns its fields; what applies and updates share. */
import type { Comparison } from "./compare-values.ts";
import type { Conflict } from "./conflicts.ts";
import {
  type FieldSet,
  difference,
  fieldSetOf,
  intersection,
  isEmptySet,
  union,
} from "./field-set.ts";
import type { Ownership, Ownerships } from "./managed-fields.ts";

/** Fields that nobody owns, because the API server writes them or they are the object's identity. */
const neverOwned = fieldSetOf([
  ["f:apiVersion"],
  ["f:kind"],
  ["f:metadata"],
  ...[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
  ].map((name) => ["f:metadata", `f:${name}`]),
]);

/** The fields of a set that somebody may own. */
export function ownable(fields: FieldSet): FieldSet {
  return difference(fields, neverOwned);
}

/** The fields of others that the change gives another value. */
export function findConflicts(
  ownerships: Ownerships,
  change: Comparison,
  self: string,
): readonly Conflict[] {
  const changed = union(change.modified, change.added);
  if (isEmptySet(changed)) return [];
  return [...ownerships].flatMap(([id, { manager, fields }]) => {
    if (id === self) return [];
    const shared = intersection(fields, changed);
    return isEmptySet(shared) ? [] : [{ manager, fields: shared }];
  });
}

/** Takes what was changed and removed from everyone but `self`. */
export function withdraw(
  ownerships: Ownerships,
  change: Comparison,
  self: string | undefined,
): Map<string, Ownership> {
  const changed = union(change.modified, change.added);
  const result = new Map<string, Ownership>();
  for (const [id, ownership] of ownerships) {
    const fields =
      id === self
        ? ownership.fields
        : difference(difference(ownership.fields, changed), change.removed);
    if (isEmptySet(fields)) continue;
    result.set(id, fields === ownership.fields ? ownership : withFields(ownership, fields));
  }
  return result;
}

function withFields({ manager, time }: Ownership, fields: FieldSet): Ownership {
  return { manager, time, fields };
}
