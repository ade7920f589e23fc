/**
 * The values that a live object has at fields of an app. In: the object, and the fields as they were applied. Out: a form
 * of the values that compares. Of a map that is empty in Git only that it is there is the app's: what is in it is others'.
 */
import { type Json, isJsonObject } from "../model/json.ts";
import {
  type FieldSet,
  type Steps,
  describePart,
  fieldSteps,
  innerFields,
  stepInto,
} from "./owned-fields.ts";

/** What is compared of a live object. */
export interface Compared {
  readonly value: Json | undefined;
  /** As they were applied. */
  readonly fields: FieldSet;
  /** What each of the other managers has. */
  readonly others: readonly FieldSet[];
}

/**
 * The fields with a mark at each map that was sent empty (or as null), by which it is told from a value that is owned as
 * a whole: `.`, which is null where the API server has not kept an empty map, so that its absence says nothing.
 */
export function markEmptyMaps(
  { value, fields, others }: Compared,
  sent: Json | undefined,
): FieldSet {
  const parts = partsOf(fields);
  if (parts.length === 0) {
    const isKept = value !== undefined && !others.some(isFilling);
    return isEmptyMap(sent) || sent === null ? { ".": isKept ? {} : null } : fields;
  }
  const marked: Record<string, Json> = { ...fields };
  for (const part of parts) {
    marked[part] = markEmptyMaps(below({ value, fields, others }, part), stepInto(sent, part));
  }
  return marked;
}

/** The values at the fields; absent ones are null, and maps that were empty are true, whatever others have put into them. */
export function projectFields(compared: Compared): Json {
  const { value, fields } = compared;
  const parts = partsOf(fields);
  if (parts.length === 0) return isAsEmpty(compared) || (value ?? null);
  const projected: Record<string, Json> = {};
  for (const part of parts) projected[part] = projectFields(below(compared, part));
  return projected;
}

/** The paths of the fields, in their steps, without maps that were empty and are so still but for what others have in them. */
export function comparedSteps(compared: Compared, above: Steps = []): readonly Steps[] {
  const parts = partsOf(compared.fields);
  if (parts.length === 0) return isAsEmpty(compared) ? [] : fieldSteps(compared.fields, above);
  return parts.flatMap((part) =>
    comparedSteps(below(compared, part), [...above, describePart(part)]),
  );
}

/** It was empty, and nobody has set it to something else as a whole. */
function isAsEmpty({ value, fields, others }: Compared): boolean {
  if (!("." in fields)) return false;
  if (value === undefined) return fields["."] === null;
  const isTaken = others.length > 0 && !others.some(isFilling);
  return !isTaken || isEmptyMap(value);
}

function isFilling(fields: FieldSet): boolean {
  return partsOf(fields).length > 0;
}

function isEmptyMap(value: Json | undefined): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function partsOf(fields: FieldSet): readonly string[] {
  return Object.keys(fields).filter((part) => part !== ".");
}

function below({ value, fields, others }: Compared, part: string): Compared {
  return {
    value: stepInto(value, part),
    fields: innerFields(fields, part),
    others: others.filter((one) => part in one).map((one) => innerFields(one, part)),
  };
}
