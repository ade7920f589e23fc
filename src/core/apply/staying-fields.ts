/**
 * What an app has dropped of an object and stands all the same, because others have it too. In: the live object as the
 * apply left it, and the fields that were the app's before. Out: those fields with their managers, and the object
 * without those that are the app's to remove: what nobody but kubectl has beside it. What the server fills in by itself
 * has no manager, and is none of them.
 */
import { hasLargeInteger } from "../model/exact-integers.ts";
import { type Json, type JsonObject, canonicalJson, isJsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { type ManagedEntry, managedEntries } from "./compare-fields.ts";
import { describeConflicts } from "./judge-conflicts.ts";
import { type LeftToOthers, splitFields } from "./left-to-others.ts";
import { type FieldSet, describePart, innerFields, ownedFields, stepInto } from "./owned-fields.ts";
import { isWithin } from "./field-paths.ts";
import { fieldManagerOf } from "./ownership.ts";

/** A field that stays, or an item of a list with all that is in it. */
export interface StayingField {
  /** As conflicts name it. */
  readonly field: string;
  /** The parts of its path in FieldsV1. */
  readonly parts: readonly string[];
  /** The topmost of them below which the app has dropped all it had. */
  readonly top: Top;
  /** Who has it, but for those to whom the app leaves it; none: it is told of nobody. */
  readonly managers: readonly string[];
  /** Nobody but kubectl has it, and its removal sends no number that lost digits when it was read. */
  readonly isRemovable: boolean;
}

/** Where an app has dropped all it had. */
interface Top {
  /** So many parts of the path. */
  readonly length: number;
  readonly field: string;
  /** Nobody but kubectl has anything there, nor is anything of it left to others. */
  readonly isFree: boolean;
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
  readonly top: Top | undefined;
  readonly left: LeftToOthers | null;
}

/** The dropped fields that stay, in the order of the set. */
export function stayingFields(
  live: KubeObject,
  { app, before, left }: Dropping,
): readonly StayingField[] {
  const manager = fieldManagerOf(app);
  const rivals = entriesBeside(live, app).map((entry) => rivalOf(entry, { live, manager, left }));
  const after = ownedFields(live, manager);
  const dropped = splitFields(before, left).rest;
  const root = { value: live, rivals, parts: [], path: "", top: undefined, left };
  return exactly(live, staying({ ...root, before: dropped, after }));
}

/** `manager a owns .data.x`; "" where none of it is told. */
export function describeStaying(found: readonly StayingField[]): string {
  const owners = found.flatMap(({ field, managers }) => {
    return managers.map(
      (manager) => ({ field, manager, operation: "Update", subresource: "" }) as const,
    );
  });
  return owners.length === 0 ? "" : describeConflicts(owners);
}

/** A list is sent again as a whole, with what stands in it: what cannot be read exactly must not be among that. */
function exactly(live: KubeObject, found: readonly StayingField[]): readonly StayingField[] {
  if (!hasLargeInteger(live)) return found;
  return found.map((field) => {
    const isRemovable = field.isRemovable && !hasLargeInteger(removalOf(live, [field]));
    return { ...field, isRemovable };
  });
}

/** True where nobody else has fields of the object, as with most: then nothing that the app drops stays. */
export function isAlone(live: KubeObject, app: string): boolean {
  return entriesBeside(live, app).length === 0;
}

function entriesBeside(live: KubeObject, app: string): readonly ManagedEntry[] {
  const own = fieldManagerOf(app);
  return managedEntries(live).filter(
    ({ manager, operation, subresource }) =>
      (manager !== own || operation !== "Apply") && subresource !== "status",
  );
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
  if (part in place.after) return isOneValue(below) ? [] : staying(below);
  const dropped = { ...below, top: place.top ?? topAt(below) };
  if (part.startsWith("k:")) return [fieldAt(dropped)];
  if (!isLeaf(below.before)) return staying(dropped);
  // What was an empty map is dropped with nothing in it: what is there now was never the app's.
  return isShared(below) ? [] : [fieldAt(dropped)];
}

/** It was the app's as a whole, or is so now: nothing below it was dropped. */
function isOneValue(place: Place): boolean {
  return isLeaf(place.before) || (isLeaf(place.after) && !isShared(place));
}

/** Others have something in it: nobody has anything below a value that is owned as a whole. */
function isShared({ rivals }: Place): boolean {
  return rivals.some(({ fields }) => !isLeaf(fields));
}

function topAt({ parts, path, rivals, left }: Place): Top {
  const isLeft = left?.fields.some((field) => isWithin(field, path)) === true;
  const isFree = !isLeft && rivals.every(({ mayBeRemoved }) => mayBeRemoved);
  return { length: parts.length, field: path, isFree };
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
    left: place.left,
  };
}

function fieldAt(place: Place & { readonly top: Top }): StayingField {
  const { path, parts, top, rivals } = place;
  const told = rivals.filter(({ isTold }) => isTold).map(({ manager }) => manager);
  return {
    field: path,
    parts,
    top,
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
 * `refused`: paths that an API server has named where it refused that. What the app has dropped as a whole there goes with
 * all that stands in it, if nobody but kubectl has any of that: a probe of which only defaults are left cannot stand.
 */
export function removalOf(
  live: KubeObject,
  fields: readonly StayingField[],
  refused: readonly string[] = [],
): JsonObject {
  const { metadata, ...patch } = patchBetween(live, withoutFields(live, cutOf(fields, refused)));
  const managedFields = entriesWithout(live, cutOf(fields, refused));
  return { ...patch, metadata: { ...asObject(metadata), managedFields } };
}

/** What such a patch takes out. */
export function cutOf(fields: readonly StayingField[], refused: readonly string[] = []): FieldSet {
  const named = refused.map((path) => withoutItems(`.${path}`));
  const cut = fields.map(({ parts, top }) => {
    const isNamed = named.some((path) => isWithin(path, withoutItems(top.field)));
    return { parts: top.isFree && isNamed ? parts.slice(0, top.length) : parts };
  });
  return setOf(cut);
}

/** An object without the fields, and its managers without them. */
export function withoutFields(live: KubeObject, set: FieldSet): KubeObject {
  if (Object.keys(set).length === 0) return live;
  const managedFields = entriesWithout(live, set);
  const rest = asObject(without(live, set)) as KubeObject; // its kind and name are no fields
  return { ...rest, metadata: { ...rest.metadata, managedFields } };
}

/** API servers name items of lists by their place, FieldsV1 by their keys. */
function withoutItems(path: string): string {
  return path.replace(/\[[^\]]*\]/g, "");
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

/** A merge patch that makes one object the other. */
export function patchBetween(live: JsonObject, wanted: JsonObject): JsonObject {
  const added = Object.entries(wanted).filter(([key]) => !Object.hasOwn(live, key));
  const patch: Record<string, Json> = Object.fromEntries(added);
  for (const [key, value] of Object.entries(live)) {
    const other = Object.hasOwn(wanted, key) ? wanted[key] : undefined;
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
