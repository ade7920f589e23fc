/**
 * Fields that an app leaves to others once its object exists: what they set there is no drift, and is sent as it stands
 * when the object is written, so that it is neither reverted nor, for want of an owner, removed.
 */
import type { Json, JsonObject } from "../model/json.ts";
import type { KubeObject, ObjectKey } from "../model/kube-object.ts";
import type { DriftRule } from "../protocol/mirror-layout.ts";
import { isWithin, takeField } from "./field-paths.ts";
import { type FieldOwner, fieldOwners } from "./field-owners.ts";
import { ownMarks } from "./ownership.ts";

/** What is left to others of one object. */
export interface LeftToOthers {
  readonly fields: readonly string[];
  readonly managers: ReadonlySet<string>;
}

/** What the rules leave of an object; null: nothing. */
export function leftToOthers(
  rules: readonly DriftRule[],
  key: Pick<ObjectKey, "kind" | "name">,
): LeftToOthers | null {
  const own = rules.filter(
    ({ kind, name }) => (kind ?? key.kind) === key.kind && (name ?? key.name) === key.name,
  );
  if (own.length === 0) return null;
  return {
    fields: own.flatMap(({ fields }) => fields ?? []),
    managers: new Set(own.flatMap(({ managers }) => managers ?? [])),
  };
}

/** True where a field that this manager has taken is left to it. */
export function isLeft(
  { fields, managers }: LeftToOthers,
  { field, manager }: Pick<FieldOwner, "field" | "manager">,
): boolean {
  return managers.has(manager) || fields.some((above) => isWithin(field, above));
}

/** The object as it is to be sent: what is left to others as it stands in the live object. */
export function withLeft(object: KubeObject, live: KubeObject, left: LeftToOthers): KubeObject {
  const taken = fieldOwners(live)
    .filter(({ manager }) => left.managers.has(manager))
    .map(({ field }) => field);
  let sent: Json = object;
  for (const path of [...left.fields, ...taken]) {
    const hasMark = ownMarks.some((mark) => isWithin(mark, path));
    if (!hasMark) sent = takeField(sent, path, live);
  }
  // What lies at a path below it was replaced, no more.
  return { ...object, ...(sent as JsonObject) };
}
