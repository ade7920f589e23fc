/** What differs between two objects of a kind, as sets of fields. */
import type { Json, JsonObject } from "../../model/json.ts";
import { type FieldSet, type FieldSetDraft, addPath, deepDifference } from "./field-set.ts";
import { stepOf } from "./list-items.ts";
import type { FieldType, ListType, MapType } from "./schema.ts";
import {
  type Form,
  fieldType,
  formOf,
  hasNoMembers,
  isSameValue,
  itemsOf,
  membersOf,
} from "./typed-value.ts";

/** No field is in more than one of the sets. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Compares an object with what it became. What both share by identity is not looked into. */
export function compareValues(before: Json, after: Json, type: FieldType): Comparison {
  const walk = new CompareWalk();
  walk.compare(before, after, type);
  return walk;
}

/** The comparison without some fields and all below them. */
export function withoutFields(comparison: Comparison, fields: FieldSet): Comparison {
  return {
    added: deepDifference(comparison.added, fields),
    modified: deepDifference(comparison.modified, fields),
    removed: deepDifference(comparison.removed, fields),
  };
}

/** Undefined is absent; null is a value. */
type Value = Json | undefined;

class CompareWalk {
  readonly added: FieldSetDraft = { isMember: false };
  readonly modified: FieldSetDraft = { isMember: false };
  readonly removed: FieldSetDraft = { isMember: false };
  readonly #path: string[] = [];

  compare(before: Value, after: Value, type: FieldType): void {
    if (before === after) return;
    const formBefore = formOf(type, before);
    const formAfter = after === undefined ? formBefore : formOf(type, after);
    let isLeaf = false;
    if (before !== undefined && formBefore !== formAfter) {
      isLeaf = this.#compareAs(formBefore, before, after);
    }
    isLeaf = this.#compareAs(formAfter, before, after) || isLeaf;
    if (isLeaf) return;
    if (before === undefined) addPath(this.added, this.#path);
    else if (after === undefined) addPath(this.removed, this.#path);
  }

  /** True when the value was compared as a whole. */
  #compareAs(form: Form, before: Value, after: Value): boolean {
    const isWhole =
      form.kind === "scalar" ||
      (form.kind === "map" ? form.isAtomic : form.merge === "atomic") ||
      (hasNoMembers(before) && hasNoMembers(after));
    if (isWhole) {
      this.#compareWhole(before, after);
    } else if (form.kind === "map") {
      this.#compareMaps(membersOf(before), membersOf(after), form);
    } else {
      this.#compareLists(itemsOf(before), itemsOf(after), form);
    }
    return isWhole;
  }

  #compareWhole(before: Value, after: Value): void {
    if (before === undefined) addPath(this.added, this.#path);
    else if (after === undefined) addPath(this.removed, this.#path);
    else if (!isSameValue(before, after)) addPath(this.modified, this.#path);
  }

  #compareMaps(before: JsonObject, after: JsonObject, map: MapType): void {
    for (const key in before) this.#compareField(key, { before, after, map });
    for (const key in after) {
      if (before[key] === undefined) this.#compareField(key, { before, after, map });
    }
  }

  #compareField(
    key: string,
    { before, after, map }: { before: JsonObject; after: JsonObject; map: MapType },
  ): void {
    const type = fieldType(map, key);
    if (type === undefined || before[key] === after[key]) return;
    this.#path.push(`f:${key}`);
    this.compare(before[key], after[key], type);
    this.#path.pop();
  }

  #compareLists(before: readonly Json[], after: readonly Json[], list: ListType): void {
    const [left, right] = [itemsByStep(before, list), itemsByStep(after, list)];
    for (const step of new Set([...left.keys(), ...right.keys()])) {
      this.#path.push(step);
      this.#compareItems(left.get(step) ?? [], right.get(step) ?? [], list.items);
      this.#path.pop();
    }
  }

  /** Items that are there more than once are owned as one. */
  #compareItems(before: readonly Json[], after: readonly Json[], type: FieldType): void {
    const wasSingle = before.length <= 1;
    const isSingle = after.length <= 1;
    if (wasSingle && isSingle) {
      this.compare(before[0], after[0], type);
    } else if (!wasSingle && !isSingle) {
      if (!isSameValue(before, after)) addPath(this.modified, this.#path);
    } else if (isSingle) {
      if (after.length === 1) this.compare(undefined, after[0], type);
      addPath(this.removed, this.#path);
    } else {
      if (before.length === 1) this.compare(before[0], undefined, type);
      addPath(this.added, this.#path);
    }
  }
}

function itemsByStep(items: readonly Json[], list: ListType): ReadonlyMap<string, readonly Json[]> {
  const steps = new Map<string, Json[]>();
  for (const item of items) {
    const step = stepOf(item, list);
    const same = steps.get(step);
    if (same === undefined) steps.set(step, [item]);
    else same.push(item);
  }
  return steps;
}
