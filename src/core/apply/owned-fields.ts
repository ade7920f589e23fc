/**
 * What a field manager owns of a live object. In: `metadata.managedFields` as the API server writes it. Drift is told by
 * the values there and nothing else: what others set, and what the server defaults, is not ours.
 */
import { type Json, type JsonObject, canonicalJson, isJsonObject } from "../model/json.ts";
import { parseExactly } from "../model/exact-integers.ts";
import type { KubeObject } from "../model/kube-object.ts";

/** A field set in the form FieldsV1: `f:` a field, `k:` a list item by its keys, `v:` a set's value, `i:` an index. */
export type FieldSet = JsonObject;

/** A path in its steps. */
export type Steps = readonly string[];

/** The fields that a manager owns by server-side apply; empty when it owns none. */
export function ownedFields(object: KubeObject, manager: string): FieldSet {
  const entries = object.metadata["managedFields"];
  if (!Array.isArray(entries)) return {};
  for (const entry of entries.filter((item: Json) => isJsonObject(item))) {
    const isOurs = entry["manager"] === manager && entry["operation"] === "Apply";
    const fields = entry["fieldsV1"];
    if (isOurs && !entry["subresource"] && isJsonObject(fields)) return fields;
  }
  return {};
}

/** What each of the other managers has of the object. */
export function fieldsOfOthers(object: KubeObject, manager: string): readonly FieldSet[] {
  const entries = object.metadata["managedFields"];
  if (!Array.isArray(entries)) return [];
  return entries
    .filter((item: Json) => isJsonObject(item))
    .filter((entry) => entry["manager"] !== manager || entry["operation"] !== "Apply")
    .map((entry) => innerFields(entry, "fieldsV1"));
}

/** Every path of the set as conflicts name them, `.spec.template.spec.containers[name="web"].image`. */
export function fieldPaths(fields: FieldSet): readonly string[] {
  return fieldSteps(fields).map((steps) => steps.join(""));
}

/** The same in their steps, a key with dots in it being one: `.data`, `.app.yaml`. */
export function fieldSteps(fields: FieldSet, above: Steps = []): readonly Steps[] {
  const parts = Object.keys(fields).filter((part) => part !== ".");
  if (parts.length === 0) return above.length === 0 ? [] : [above];
  return parts.flatMap((part) =>
    fieldSteps(innerFields(fields, part), [...above, describePart(part)]),
  );
}

/** The same without what a manager owns only as being there, while all that is in it is others' (`.` alone). */
export function valueSteps(fields: FieldSet, above: Steps = []): readonly Steps[] {
  const parts = Object.keys(fields).filter((part) => part !== ".");
  if (parts.length === 0) return above.length === 0 || "." in fields ? [] : [above];
  return parts.flatMap((part) =>
    valueSteps(innerFields(fields, part), [...above, describePart(part)]),
  );
}

/** Every path at which a set has something, or below which it does: `.spec`, `.spec.replicas`. */
export function pathsInto(fields: FieldSet): ReadonlySet<string> {
  const paths = new Set<string>();
  const collect = (at: FieldSet, above: string): void => {
    for (const part of Object.keys(at).filter((one) => one !== ".")) {
      const path = `${above}${describePart(part)}`;
      paths.add(path);
      collect(innerFields(at, part), path);
    }
  };
  collect(fields, "");
  return paths;
}

/** What a set has below one of its parts. */
export function innerFields(fields: FieldSet, part: string): FieldSet {
  const inner = fields[part];
  return isJsonObject(inner) ? inner : {};
}

/** A value with the fields of a set that it lacks, as another one has them. */
export function addFields(value: Json | undefined, from: Json, fields: FieldSet): Json | undefined {
  const parts = Object.keys(fields).filter((part) => part !== ".");
  if (parts.length === 0) return value ?? ("." in fields ? undefined : from);
  let filled = value;
  for (const part of parts) {
    const theirs = stepInto(from, part);
    if (theirs === undefined) continue;
    const mine = stepInto(filled, part);
    const inner = innerFields(fields, part);
    if (part.startsWith("f:")) {
      const added = addFields(mine, theirs, inner);
      if (added !== undefined) filled = { ...asObject(filled), [part.slice(2)]: added };
    } else filled = withItem({ list: filled, mine, theirs }, inner);
  }
  return filled;
}

/** An item that is wholly missing comes back only where it is in the set itself, not just fields of it. */
function withItem(
  { list, mine, theirs }: { list: Json | undefined; mine: Json | undefined; theirs: Json },
  inner: FieldSet,
): Json | undefined {
  const items: readonly Json[] = Array.isArray(list) ? list : [];
  if (mine !== undefined) {
    return items.map((item) => (item === mine ? (addFields(item, theirs, inner) ?? item) : item));
  }
  const isWhole = "." in inner || Object.keys(inner).length === 0;
  return isWhole ? [...items, theirs] : list;
}

function asObject(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** The value that one part of a path leads to; undefined where there is none. */
export function stepInto(value: Json | undefined, part: string): Json | undefined {
  const [form, rest] = [part.slice(0, 2), part.slice(2)];
  if (form === "f:")
    return isJsonObject(value) && Object.hasOwn(value, rest) ? value[rest] : undefined;
  if (!Array.isArray(value)) return undefined;
  const items: readonly Json[] = value;
  if (form === "i:") return items[Number(rest)];
  const wanted = parsePart(rest);
  if (wanted === undefined) return undefined;
  if (form === "v:") return items.find((item) => isSameValue(item, wanted));
  return items.find((item) => isJsonObject(wanted) && hasKeys(item, wanted));
}

/** True for an item of a list that is known by these keys. */
export function hasKeys(item: Json, keys: JsonObject): boolean {
  return (
    isJsonObject(item) &&
    Object.entries(keys).every(([key, value]) => isSameValue(item[key] ?? null, value))
  );
}

/** True for a value of a list that a path names. One that was not read exactly may be another one beyond 2^53. */
export function isSameValue(value: Json, named: Json): boolean {
  if (canonicalJson(value) === canonicalJson(named)) return true;
  return typeof value === "number" && value === Number(JSON.stringify(named));
}

/** One part of a path as conflicts name it. */
export function describePart(part: string): string {
  const [form, rest] = [part.slice(0, 2), part.slice(2)];
  if (form === "f:") return `.${rest}`;
  if (form === "i:") return `[${rest}]`;
  if (form === "v:") return `[=${rest}]`;
  const keys = parsePart(rest);
  if (!isJsonObject(keys)) return `[${rest}]`;
  const texts = Object.keys(keys)
    .toSorted()
    .map((key) => `${key}=${JSON.stringify(keys[key])}`);
  return `[${texts.join(",")}]`;
}

/** What a path says of an item, an integer beyond 2^53 with all its digits; undefined where that is no JSON. */
export function parsePart(text: string): Json | undefined {
  try {
    // Only that takes long, and paths are read often.
    return /\d{16}/.test(text) ? parseExactly(text) : (JSON.parse(text) as Json); // JSON is that
  } catch {
    return undefined;
  }
}
