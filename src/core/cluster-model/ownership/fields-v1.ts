/** Sets of fields in the form FieldsV1, as objects carry them. What was read or written once is remembered. */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import { type FieldSet, type FieldSetDraft, compareSteps } from "./field-set.ts";
import { normalStep } from "./list-items.ts";

const decoded = new WeakMap<JsonObject, FieldSet>();
const encoded = new WeakMap<FieldSet, JsonObject>();

/** Reads a set; undefined when the value is not in the form. */
export function decodeFields(fields: JsonObject): FieldSet | undefined {
  const known = decoded.get(fields);
  if (known !== undefined) return known;
  const set = decodeNode(fields);
  if (set === undefined) return undefined;
  // A set without anything below it would say that it is a field itself.
  const root: FieldSet = { ...set, isMember: false };
  decoded.set(fields, root);
  return root;
}

/** No members at all, or `.` among them: the field itself is in the set. */
function decodeNode(fields: JsonObject): FieldSet | undefined {
  const draft: FieldSetDraft = { isMember: false };
  let isLeaf = true;
  for (const [key, value] of Object.entries(fields)) {
    if (key === ".") {
      draft.isMember = true;
      continue;
    }
    const step = normalStep(key);
    const child = isJsonObject(value) ? decodeNode(value) : undefined;
    if (step === undefined || child === undefined) return undefined;
    isLeaf = false;
    draft.children ??= new Map();
    draft.children.set(step, child as FieldSetDraft); // made just now, nobody else has it
  }
  if (isLeaf) draft.isMember = true;
  return draft;
}

/** Sets by their text. */
export type SharedSets = Map<string, FieldSet>;

const maxShared = 2_000;

/**
 * The set that is kept for all objects which have an equal one: many clusters get the same configuration, and one set
 * with its written form serves them all.
 */
export function shareSet(set: FieldSet, shared: SharedSets): FieldSet {
  if (encoded.has(set)) return set;
  const fields = encodeChildren(set);
  const text = JSON.stringify(fields);
  const known = shared.get(text);
  if (known !== undefined) return known;
  encoded.set(set, fields);
  decoded.set(fields, set);
  if (shared.size >= maxShared) shared.clear();
  shared.set(text, set);
  return set;
}

/** Writes a set. */
export function encodeFields(set: FieldSet): JsonObject {
  return encoded.get(set) ?? encodeChildren(set);
}

function encodeChildren(set: FieldSet): Record<string, Json> {
  const fields: Record<string, Json> = {};
  const steps = [...(set.children ?? [])].toSorted(([a], [b]) => compareSteps(a, b));
  for (const [step, child] of steps) {
    if (child.children === undefined) {
      if (child.isMember) fields[step] = {};
      continue;
    }
    const below = encodeChildren(child);
    fields[step] = child.isMember ? { ".": {}, ...below } : below;
  }
  return fields;
}
