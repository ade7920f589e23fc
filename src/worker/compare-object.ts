import { fieldOwners, type FieldOwner } from "../core/apply/field-owners.ts";
import { isBelow } from "../core/apply/field-paths.ts";
import { forbiddenConflicts } from "../core/apply/judge-conflicts.ts";
import { isLeft, type LeftToOthers } from "../core/apply/left-to-others.ts";
import { type Steps, fieldPaths, ownedFields } from "../core/apply/owned-fields.ts";
import { fieldManagerOf, liveOwner, metadataText } from "../core/apply/ownership.ts";
import { comparedSteps } from "../core/apply/project-fields.ts";
import type { KubeObject } from "../core/model/kube-object.ts";
import { isClearedAway } from "./cleared-jobs.ts";
import type { Change } from "./fights.ts";
import { comparedOf, isOfLostKey, parseFields, projectionOf } from "./projection.ts";
import type { StateKey } from "./state-key.ts";
import type { ObjectRow } from "./state-store.ts";

/** How a live object differs from what was applied. */
export interface Difference {
  /** Whether all that others took of our fields may be taken back by force. */
  readonly force: boolean;
  /** The fields that differ, and who has each now; at least one. */
  readonly changes: readonly [Change, ...Change[]];
}

/** As we applied it ("same"), but for what is left to others ("left"), or how it differs. */
export type Comparison = "same" | "left" | Difference;

/** An object of an app, as it is known from the last apply, and what is left to others of it. */
interface Known {
  readonly app: string;
  readonly row: ObjectRow;
  readonly left: LeftToOthers | null;
  readonly key: StateKey;
}

/** Compares a live object with what is known of our last apply. */
export function compareObject(known: Known, live: KubeObject | null): Comparison {
  const { row, key } = known;
  if (live === null) return isClearedAway(row) ? "same" : wholly;
  if (metadataText(live, "uid") !== row.uid) return wholly;
  if (metadataText(live, "resourceVersion") === row.resourceVersion) return "same";
  // Nothing is known of what it was (an inventory that was read back, a lost key): it is applied anew.
  if (row.owned === "" || isOfLostKey(live, row.projection, key)) return wholly;
  const compared = comparedOf(live, known.app, parseFields(row.owned));
  if (projectionOf(live, compared, key) === row.projection) return "same";
  return explain(known, live, comparedSteps(compared));
}

function explain(
  { app, left }: Known,
  live: KubeObject,
  ours: readonly Steps[],
): "left" | Difference {
  const taken = takenFields(app, ours, live);
  const rest = taken.filter((one) => !isExcused(one, left));
  // A difference that no field accounts for is ours to mend.
  if (rest.length === 0 && taken.length > 0) return "left";
  const [first = unexplained, ...others] = rest.map(({ field, owners }) => {
    return { field, manager: owners[0]?.manager ?? "" };
  });
  return { force: mayForce({ app, taken: rest }, live), changes: [first, ...others] };
}

function isExcused({ steps, owners }: Taken, left: LeftToOthers | null): boolean {
  if (left === null) return false;
  const managers = owners.length === 0 ? [""] : owners.map(({ manager }) => manager);
  return managers.some((manager) => isLeft(left, { steps, manager }));
}

const unexplained: Change = { field: "", manager: "" };
const wholly: Difference = { force: false, changes: [unexplained] };

/** A field that was ours and is so no more, and who has set it, or what is above or below it. */
interface Taken {
  readonly field: string;
  readonly steps: Steps;
  readonly owners: readonly FieldOwner[];
}

function takenFields(app: string, ours: readonly Steps[], live: KubeObject): readonly Taken[] {
  const manager = fieldManagerOf(app);
  const still = new Set(fieldPaths(ownedFields(live, manager)));
  const others = fieldOwners(live).filter((owner) => owner.manager !== manager);
  return ours
    .map((steps) => ({ field: steps.join(""), steps }))
    .filter(({ field }) => !still.has(field))
    .map((one) => ({
      ...one,
      owners: others.filter(({ steps }) => isBelow(steps, one.steps) || isBelow(one.steps, steps)),
    }));
}

/** Whether all that others took of our fields may be taken back, by what the live object says of its managers. */
function mayForce(
  { app, taken }: { app: string; taken: readonly Taken[] },
  live: KubeObject,
): boolean {
  const owner = liveOwner(live);
  if (owner !== "" && !owner.endsWith(`/${app}`)) return false;
  const conflicts = taken.flatMap(({ field, owners }) =>
    owners.filter((one) => one.field === field),
  );
  return forbiddenConflicts(conflicts, { owned: "all", handedOver: [] }).length === 0;
}
