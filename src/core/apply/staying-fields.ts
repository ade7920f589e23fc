/**
 * What an app has dropped of an object and stands all the same, because others have it too. In: the live object as the
 * apply left it, and the fields that were the app's before. Out: those fields with their managers, and the object
 * without those that are the app's to remove: what nobody but kubectl has beside it. What the server fills in by itself
 * has no manager, and is none of them.
 */
import { type Json, type JsonObject, canonicalJson, isJsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { type ManagedEntry, managedEntries } from "./compare-fields.ts";
import { type LeftToOthers, splitFields } from "./left-to-others.ts";
import { type FieldSet, describePart, innerFields, ownedFields, stepInto } from "./owned-fields.ts";
import { fieldManagerOf } from "./ownership.ts";

/** A field that stays, or an item of a list with all that is in it. */
export interface StayingField {
  /** As conflicts name it. */
  readonly field: string;
  /** The parts of its path in FieldsV1. */
  readonly parts: readonly string[];
  /** The topmost of them below which the app has dropped all it had: so many parts of the path. */
  readonly top: number;
  /** Who has it, but for those to whom the app leaves it; none: it is told of nobody. */
  readonly managers: readonly string[];
  /** Nobody but kubectl has it. */
  readonly isRemovable: boolean;
}

/** Whose the fields were and what is left to others. */
export interface Dropping {
  readonly app: string;
  /** What was the app's before (FieldsV1). */
  readonly before: FieldSet;
  readonly left: LeftToOthers | null;
}

interface Rival {
  readonly manager: string;
  readonly mayBeRemoved: boolean;
  readonly isTold: boolean;
  readonly fields: FieldSet;
}

interface Place {
  readonly before: FieldSet;
  readonly after: FieldSet;
  readonly value: Json | undefined;
  readonly rivals: readonly Rival[];
  readonly parts: readonly string[];
  readonly path: string;
  readonly top: number | undefined;
}

/** The dropped fields that stay, in the order of the set. */
export function stayingFields(
  live: KubeObject,
  { app, before, left }: Dropping,
): readonly StayingField[] {
  const manager = fieldManagerOf(app);
  const rivals = managedEntries(live)
    .filter((entry) => entry.manager !== manager || entry.operation !== "Apply")
    .filter(({ subresource }) => subresource !== "status")
    .map((entry) => rivalOf(entry, { live, manager, left }));
  // Most objects are the app's alone.
  if (rivals.length === 0) return [];
  const after = ownedFields(live, manager);
  const dropped = splitFields(before, left).rest;
  const root = { value: live, rivals, parts: [], path: "", top: undefined };
  return staying({ ...root, before: dropped, after });
}

function rivalOf(
  entry: ManagedEntry,
  { live, manager: own, left }: { live: KubeObject; manager: string; left: LeftToOthers | null },
): Rival {
  const { manager, subresource, apiVersion, fields } = entry;
  const isOfPerson = /^(?:kubectl($|-)|before-first-apply$|flotilla$)/.test(manager);
  const isWhole = subresource === "" && apiVersion === live.apiVersion;
  // What scales a workload was given the field.
  const isGiven = manager === "kube-controller-manager" || left?.managers.has(manager) === true;
  return {
    manager,
    mayBeRemoved: (isOfPerson || manager === own) && isWhole && !isGiven,
    isTold: !isGiven,
    fields,
  };
}

function staying(place: Place): readonly StayingField[] {
  return Object.keys(place.before)
    .filter((part) => part !== ".")
    .flatMap((part) => stayingBelow(place, part));
}

function stayingBelow(place: Place, part: string): readonly StayingField[] {
  const below = placeBelow(place, part);
  if (below.value === undefined || below.rivals.length === 0) return [];
  // Below a value that has one owner as a whole nobody has anything.
  const isShared = below.rivals.some(({ fields }) => !isLeaf(fields));
  if (part in place.after) {
    return isLeaf(below.before) || (isLeaf(below.after) && !isShared) ? [] : staying(below);
  }
  const isOne = isLeaf(below.before) || part.startsWith("k:");
  // What was an empty map is dropped with nothing in it: what is there now was never the app's.
  if (isLeaf(below.before) && isShared && !part.startsWith("k:")) return [];
  const dropped = { ...below, top: place.top ?? below.parts.length };
  return isOne ? [fieldAt(dropped)] : staying(dropped);
}

function placeBelow(place: Place, part: string): Place {
  return {
    before: innerFields(place.before, part),
    after: innerFields(place.after, part),
    value: stepInto(place.value, part),
    rivals: place.rivals
      .filter(({ fields }) => part in fields)
      .map((rival) => ({ ...rival, fields: innerFields(rival.fields, part) })),
    parts: [...place.parts, part],
    path: `${place.path}${describePart(part)}`,
    top: place.top,
  };
}

function fieldAt({ path, parts, top, rivals }: Place): StayingField {
  const told = rivals.filter(({ isTold }) => isTold).map(({ manager }) => manager);
  return {
    field: path,
    parts,
    top: top ?? parts.length,
    managers: [...new Set(told)].toSorted(),
    isRemovable: rivals.every(({ mayBeRemoved }) => mayBeRemoved),
  };
}

/** The fields of a set that are not in another one: what was dropped, where that is what an apply has left to the app. */
export function notAmong(fields: FieldSet, others: FieldSet): FieldSet {
  const rest: Record<string, Json> = {};
  for (const part of Object.keys(fields)) {
    const inner = innerFields(fields, part);
    if (!(part in others)) rest[part] = inner;
    else if (!isLeaf(inner)) {
      const below = notAmong(inner, innerFields(others, part));
      if (Object.keys(below).length > 0) rest[part] = below;
    }
  }
  return rest;
}

function isLeaf(fields: FieldSet): boolean {
  return Object.keys(fields).every((part) => part === ".");
}

/** The fields as a set, to be looked for again. */
export function setOf(fields: readonly Pick<StayingField, "parts">[]): FieldSet {
  const set: Record<string, Json> = {};
  for (const { parts } of fields) {
    let at = set;
    for (const part of parts) at = (at[part] ??= {}) as Record<string, Json>; // made here, all of them
  }
  return set;
}

/**
 * A merge patch that takes fields out of a live object, and from their managers: a default that comes back is nobody's.
 * `isWhole`: with all that stands in what the app has dropped as a whole, where nobody has any of that, for what cannot
 * stand by itself (a probe of which only defaults are left).
 */
export function removalOf(
  live: KubeObject,
  fields: readonly StayingField[],
  isWhole: boolean,
): JsonObject {
  const asked = setOf(fields);
  const rests = isWhole ? managedEntries(live).map((entry) => minus(entry.fields, asked)) : [];
  const isFree = (parts: readonly string[]): boolean =>
    rests.every((rest) => !hasClaim(fieldsAt(rest, parts)));
  const cut = fields.map(({ parts, top }) => {
    const whole = parts.slice(0, top);
    return { parts: isWhole && isFree(whole) ? whole : parts };
  });
  const set = setOf(cut);
  const patch = patchBetween(live, asObject(without(live, set)));
  const managedFields = entriesWithout(live, set);
  return { ...patch, metadata: { ...asObject(patch["metadata"]), managedFields } };
}

/** Somebody has anything in it, but that it is there. */
function hasClaim(fields: FieldSet): boolean {
  return Object.keys(fields).some((part) => part !== ".");
}

function fieldsAt(fields: FieldSet, parts: readonly string[]): FieldSet {
  return parts.reduce<FieldSet>(innerFields, fields);
}

function entriesWithout({ metadata }: KubeObject, set: FieldSet): readonly Json[] {
  const entries = metadata["managedFields"];
  if (!Array.isArray(entries)) return [];
  return entries.filter(isJsonObject).flatMap((entry: JsonObject) => {
    const fields = minus(innerFields(entry, "fieldsV1"), set);
    return Object.keys(fields).length === 0 ? [] : [{ ...entry, fieldsV1: fields }];
  });
}

function minus(fields: FieldSet, set: FieldSet): FieldSet {
  const rest: Record<string, Json> = {};
  for (const part of Object.keys(fields)) {
    const [inner, cut] = [innerFields(fields, part), innerFields(set, part)];
    if (!(part in set)) rest[part] = inner;
    else if (Object.keys(cut).length > 0) {
      const left = minus(inner, cut);
      if (Object.keys(left).length > 0) rest[part] = left;
    }
  }
  return rest;
}

/** The value without the fields; undefined where nothing is left of it. */
function without(value: Json | undefined, fields: FieldSet): Json | undefined {
  const parts = Object.keys(fields);
  if (parts.length === 0 || value === undefined) return undefined;
  if (Array.isArray(value)) {
    const items: readonly Json[] = value;
    const cut = new Map(parts.map((part) => [stepInto(items, part), innerFields(fields, part)]));
    const rest = items.flatMap((item) => {
      const inner = cut.get(item);
      const kept = inner === undefined ? item : without(item, inner);
      return kept === undefined ? [] : [kept];
    });
    return rest.length === 0 ? undefined : rest;
  }
  const rest: Record<string, Json> = { ...asObject(value) };
  for (const part of parts) {
    const kept = without(stepInto(value, part), innerFields(fields, part));
    if (kept === undefined) delete rest[part.slice(2)];
    else rest[part.slice(2)] = kept;
  }
  return Object.keys(rest).length === 0 ? undefined : rest;
}

function patchBetween(live: JsonObject, wanted: JsonObject): JsonObject {
  const patch: Record<string, Json> = {};
  for (const [key, value] of Object.entries(live)) {
    const other = wanted[key];
    if (other === undefined) patch[key] = null;
    else if (canonicalJson(other) !== canonicalJson(value)) {
      const isDeeper = isJsonObject(value) && isJsonObject(other);
      patch[key] = isDeeper ? patchBetween(value, other) : other;
    }
  }
  return patch;
}

function asObject(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
