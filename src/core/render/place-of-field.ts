/** Where it was written what a field of an object has become: in its manifest, or in the overlay that changed it last. */
import type { Place } from "../model/fleet-model.ts";
import { type Json, isJsonObject, isSameJson } from "../model/json.ts";
import { keptFor } from "../model/known-fleet.ts";
import type { OverlayChange, SourceObject } from "./parse-manifests.ts";
import type { FieldPath } from "./read-yaml.ts";

/** The place of a field, by its path in the object as it is now; `isKey`: of its key, where a manifest has it. */
export function placeOfField(source: SourceObject, path: FieldPath, isKey = false): Place {
  return placeOfFields(source, [path], isKey);
}

/** The place of the one of these fields that changed last; of the first where no overlay changed any. */
export function placeOfFields(
  source: SourceObject,
  paths: readonly FieldPath[],
  isKey = false,
): Place {
  const fields = paths.map((path) => stepsOf(source.object, path));
  let version = source;
  while (version.changedBy !== undefined) {
    const { changedBy, object } = version;
    const changed = fields.find((steps) => !isSameField(object, changedBy.before.object, steps));
    if (changed !== undefined) return placeInOverlay(changedBy, { object, steps: changed, isKey });
    version = changedBy.before;
  }
  const { path } = find(version.object, fields[0] ?? []);
  return isKey ? version.keyAt(path) : version.at(path);
}

/** The place of a field in the step of an overlay that made this object; of the step where it left the field alone. */
export function placeInChange(
  { object, changedBy }: { readonly object: Json; readonly changedBy: OverlayChange },
  path: FieldPath,
  isKey = false,
): Place {
  const steps = stepsOf(object, path);
  if (isSameField(object, changedBy.before.object, steps)) return changedBy.at(changedBy.path);
  return placeInOverlay(changedBy, { object, steps, isKey });
}

/** A change of an overlay that made a field which was not there before. */
export interface FieldAddition {
  readonly change: OverlayChange;
  readonly place: Place;
}

/** The overlay that put a field into an object, by its path in the object as it is now; undefined: its manifest has it. */
export function additionOf(source: SourceObject, path: FieldPath): FieldAddition | undefined {
  const steps = stepsOf(source.object, path);
  let version = source;
  while (version.changedBy !== undefined) {
    const { changedBy: change, object } = version;
    if (find(change.before.object, steps).value === undefined) {
      return { change, place: placeInOverlay(change, { object, steps, isKey: false }) };
    }
    version = change.before;
  }
  return undefined;
}

/**
 * A key, or an item of a list: by its name where it has one of its own, which is the same in all versions, else by its
 * position.
 */
interface Step {
  readonly part: string | number;
  readonly name: string | undefined;
}

function stepsOf(root: Json, path: FieldPath): Step[] {
  let value: Json | undefined = root;
  return path.map((part) => {
    const list = value;
    value = deeper(value, part);
    const name = nameOf(value);
    return { part, name: name !== undefined && positionOf(list, name) === part ? name : undefined };
  });
}

function deeper(value: Json | undefined, part: string | number): Json | undefined {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
  return (value as Readonly<Record<string | number, Json>>)[part]; // a list or a map
}

function nameOf(item: Json | undefined): string | undefined {
  if (item === undefined || !isJsonObject(item)) return undefined;
  return typeof item["name"] === "string" ? item["name"] : undefined;
}

interface Found {
  /** As far as the value has it. */
  readonly path: FieldPath;
  /** undefined: it does not have it. */
  readonly value: Json | undefined;
}

function find(root: Json | undefined, steps: readonly Step[]): Found {
  const path: (string | number)[] = [];
  let value = root;
  for (const { part, name } of steps) {
    const position = name === undefined ? part : positionOf(value, name);
    value = deeper(value, position);
    if (value === undefined) return { path, value };
    path.push(position);
  }
  return { path, value };
}

/** Of the only item with this name; else -1. */
function positionOf(list: Json | undefined, name: string): number {
  if (!Array.isArray(list)) return -1;
  const names = (list as readonly Json[]).map(nameOf); // isArray loses the type of items
  const index = names.indexOf(name);
  return index === names.lastIndexOf(name) ? index : -1;
}

function isSameField(a: Json, b: Json, steps: readonly Step[]): boolean {
  const [one, other] = [find(a, steps).value, find(b, steps).value];
  return one === undefined || other === undefined ? one === other : isSameJson(one, other);
}

interface ChangedField {
  /** Behind the change. */
  readonly object: Json;
  readonly steps: readonly Step[];
  readonly isKey: boolean;
}

/** As deep in the overlay's step as that has the end of the field's path; else the step. */
function placeInOverlay(change: OverlayChange, field: ChangedField): Place {
  const { step } = change;
  const operations = deeper(step, "json");
  if (Array.isArray(operations)) return placeInOperations(change, operations, field);
  const merge = deeper(step, "merge");
  const root = merge ?? step;
  const start = [...change.path, ...(merge === undefined ? [] : ["merge"])];
  for (const from of field.steps.keys()) {
    const found = find(root, field.steps.slice(from));
    if (found.value === undefined) continue;
    return (field.isKey ? change.keyAt : change.at)([...start, ...found.path]);
  }
  return change.at(change.path);
}

/** In the value that an operation of a JSON patch has put there; else the step. */
function placeInOperations(
  { at, keyAt, path }: OverlayChange,
  operations: readonly Json[],
  { object, steps, isKey }: ChangedField,
): Place {
  const now = find(object, steps).value;
  const last = lastByPointer(operations);
  for (let depth = steps.length; depth > 0; depth -= 1) {
    const index = positionsOf(steps.slice(0, depth)).map((pointer) => last.get(pointer) ?? -1);
    const operation = Math.max(...index);
    const rest = steps.slice(depth);
    const found = find(deeper(operations[operation], "value"), rest);
    if (found.value === undefined || now === undefined || !isSameJson(found.value, now)) continue;
    const start = [...path, "json", operation];
    if (rest.length > 0) return (isKey ? keyAt : at)([...start, "value", ...found.path]);
    return at([...start, isKey ? "path" : "value"]);
  }
  return at(path);
}

/** The last of the operations with a pointer. */
const lastByPointer = keptFor(
  (operations: readonly Json[]): ReadonlyMap<string, number> =>
    new Map(operations.map((operation, index) => [pointerOf(operation), index])),
);

function pointerOf(operation: Json): string {
  const path = deeper(operation, "path");
  return typeof path === "string" ? path : "";
}

/** The pointers that an operation may have named a place by: an item of a list also by `-`. */
function positionsOf(steps: readonly Step[]): readonly string[] {
  const tokens = steps.map(({ part }) => String(part).replaceAll("~", "~0").replaceAll("/", "~1"));
  const above = tokens
    .slice(0, -1)
    .map((token) => `/${token}`)
    .join("");
  const isItem = typeof steps.at(-1)?.part === "number";
  return [tokens.at(-1) ?? "", ...(isItem ? ["-"] : [])].map((last) => `${above}/${last}`);
}
