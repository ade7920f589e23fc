/**
 * Fields that an app leaves to others once its object exists: what they set there is no drift, and is sent as it stands
 * when the object is written, so that it is neither reverted nor, for want of an owner, removed.
 */
import type { Json, JsonObject } from "../model/json.ts";
import type { KubeObject, ObjectKey } from "../model/kube-object.ts";
import type { DriftRule } from "../protocol/mirror-layout.ts";
import { isCovered, isWithin, takeField } from "./field-paths.ts";
import { type FieldOwner, fieldOwners } from "./field-owners.ts";
import {
  type FieldSet,
  addFields,
  describePart,
  innerFields,
  ownedFields,
} from "./owned-fields.ts";
import { fieldManagerOf, ownMarks } from "./ownership.ts";

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
  { steps, manager }: Pick<FieldOwner, "steps" | "manager">,
): boolean {
  return managers.has(manager) || fields.some((above) => isCovered(steps, above));
}

/** A field set in two: what is left to others, and the rest. */
export function splitFields(
  fields: FieldSet,
  left: LeftToOthers | null,
): Record<"left" | "rest", FieldSet> {
  const above = left?.fields ?? [];
  return above.length === 0 ? { left: {}, rest: fields } : split(fields, above, "");
}

function split(
  fields: FieldSet,
  above: readonly string[],
  prefix: string,
): Record<"left" | "rest", FieldSet> {
  const left: Record<string, Json> = {};
  const rest: Record<string, Json> = {};
  for (const [part, inner] of Object.entries(fields)) {
    const path = part === "." ? prefix : `${prefix}${describePart(part)}`;
    const below = innerFields(fields, part);
    if (above.includes(path)) left[part] = inner;
    else if (Object.keys(below).length === 0) rest[part] = inner;
    else {
      const parts = split(below, above, path);
      if (Object.keys(parts.left).length > 0) left[part] = parts.left;
      if (Object.keys(parts.rest).length > 0) rest[part] = parts.rest;
    }
  }
  return { left, rest };
}

/**
 * The object as an app is to send it: what is left to others as it stands in the live object, also where the app has
 * such a field from before and Git has it no more.
 */
export function withLeft(
  object: KubeObject,
  { live, app }: { readonly live: KubeObject; readonly app: string },
  left: LeftToOthers,
): KubeObject {
  const taken = fieldOwners(live)
    .filter(({ manager }) => left.managers.has(manager))
    .map(({ field }) => field);
  let sent: Json = object;
  for (const path of [...left.fields, ...taken]) {
    const hasMark = ownMarks.some((mark) => isWithin(mark, path));
    if (!hasMark) sent = takeField(sent, path, live);
  }
  const own = splitFields(ownedFields(live, fieldManagerOf(app)), left).left;
  // What lies at a path below it was replaced or added, no more.
  return { ...object, ...(addFields(sent, live, own) as JsonObject) };
}
