/** Which fields an applied configuration names, and how sets of fields take fields out of an object. */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import { type FieldSet, type FieldSetDraft, childOf } from "./field-set.ts";
import { stepOf } from "./list-items.ts";
import { type FieldType, type ListType, type MapType, deducedType } from "./schema.ts";
import { fieldType, formOf, hasNoMembers, itemsOf, membersOf } from "./typed-value.ts";

/** The fields of a value that an applier of it owns. */
export function fieldsOfValue(value: Json, type: FieldType): FieldSet {
  const draft: FieldSetDraft = { isMember: false };
  collect(value, type, draft);
  draft.isMember = false;
  return draft;
}

function collect(value: Json, type: FieldType, draft: FieldSetDraft): void {
  const form = formOf(type, value);
  if (form.kind === "scalar") draft.isMember = true;
  else if (form.kind === "map") collectMap(value, form, draft);
  else collectList(value, form, draft);
}

function collectMap(value: Json, map: MapType, draft: FieldSetDraft): void {
  if (map.isAtomic) {
    draft.isMember = true;
    return;
  }
  const members = membersOf(value);
  for (const key in members) {
    const type = fieldType(map, key);
    const member = members[key];
    if (type === undefined || member === undefined) continue;
    const child: FieldSetDraft = { isMember: false };
    collect(member, type, child);
    const isBare = member === null || (isJsonObject(member) && Object.keys(member).length === 0);
    if (isBare || !map.fields.has(key)) child.isMember = true;
    keep(draft, `f:${key}`, child);
  }
}

function collectList(value: Json, list: ListType, draft: FieldSetDraft): void {
  if (list.merge === "atomic") {
    draft.isMember = true;
    return;
  }
  for (const item of itemsOf(value)) {
    const step = stepOf(item, list);
    const isRepeated = draft.children?.has(step) ?? false;
    const child = childOf(draft, step);
    child.isMember = true;
    // Items that are there more than once are owned as one.
    if (isRepeated) delete child.children;
    else collect(item, list.items, child);
  }
}

function keep(draft: FieldSetDraft, step: string, child: FieldSetDraft): void {
  if (!child.isMember && child.children === undefined) return;
  draft.children ??= new Map();
  draft.children.set(step, child);
}

/** The set with the declared fields that lead to some of it: owning `a.b` becomes owning `a` and `a.b`. */
export function withDeclaredFields(set: FieldSet, type: FieldType | undefined): FieldSet {
  if (set.children === undefined) return set;
  const children = new Map<string, FieldSet>();
  for (const [step, child] of set.children) {
    if (step.startsWith("f:")) {
      children.set(step, declaredBelow(child, type, step.slice(2)));
    } else {
      children.set(step, withDeclaredFields(child, type?.list?.items));
    }
  }
  return { isMember: set.isMember, children };
}

function declaredBelow(child: FieldSet, type: FieldType | undefined, name: string): FieldSet {
  const below = withDeclaredFields(child, memberType(type, name));
  const leadsOn = child.children !== undefined && !below.isMember;
  return leadsOn && type?.map?.fields.has(name) === true ? { ...below, isMember: true } : below;
}

function memberType(type: FieldType | undefined, name: string): FieldType | undefined {
  return type?.map === undefined ? undefined : fieldType(type.map, name);
}

/** The value without the fields of a set. Where that leaves nothing of a map or list it is null. */
export function removeFields(value: Json, set: FieldSet, type: FieldType): Json {
  if (set.children === undefined) return value;
  const form = formOf(type, value);
  if (form.kind === "scalar") return value;
  if (form.kind === "map") {
    const isWhole = form.isAtomic || !isJsonObject(value);
    return isWhole ? null : removeFromMap(value, set, form);
  }
  const isWhole = form.merge === "atomic" || !Array.isArray(value);
  return isWhole ? null : removeFromList(value, set, form);
}

function removeFromMap(value: JsonObject, set: FieldSet, map: MapType): Json {
  const result: Record<string, Json> = { ...value };
  let isChanged = false;
  for (const [step, removed] of set.children ?? []) {
    const key = step.slice(2);
    const member = step.startsWith("f:") ? value[key] : undefined;
    if (member === undefined) continue;
    const rest = removeMember(member, removed, fieldType(map, key) ?? deducedType);
    isChanged ||= rest !== member;
    if (rest === undefined) delete result[key];
    else result[key] = rest;
  }
  if (hasNoMembers(result)) return null;
  return isChanged ? result : value;
}

function removeFromList(value: readonly Json[], set: FieldSet, list: ListType): Json {
  let isChanged = false;
  const items = value.flatMap((item) => {
    const removed = set.children?.get(stepOf(item, list));
    if (removed === undefined) return [item];
    const rest = removeMember(item, removed, list.items);
    isChanged ||= rest !== item;
    return rest === undefined ? [] : [rest];
  });
  if (items.length === 0) return null;
  return isChanged ? items : value;
}

/** Undefined when the field itself is removed. */
function removeMember(member: Json, removed: FieldSet, type: FieldType): Json | undefined {
  return removed.isMember ? undefined : removeFields(member, removed, type);
}
