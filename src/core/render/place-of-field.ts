/** Where it was written what a field of an object has become: in its manifest, or in the overlay that changed it last. */
import type { Place } from "../model/fleet-model.ts";
import { type Json, isJsonObject, isSameJson } from "../model/json.ts";
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
    if (changed !== undefined) return placeInOverlay(changedBy, changed);
    version = changedBy.before;
  }
  const { path } = find(version.object, fields[0] ?? []);
  return isKey ? version.keyAt(path) : version.at(path);
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

/** As deep in the overlay's step as that has the end of the field's path; else the step. */
function placeInOverlay({ at, path, step }: OverlayChange, steps: readonly Step[]): Place {
  const merge = deeper(step, "merge");
  const root = merge ?? step;
  for (const from of steps.keys()) {
    const wanted = steps.slice(from);
    const found = find(root, wanted);
    if (found.value === undefined) continue;
    return at([...path, ...(merge === undefined ? [] : ["merge"]), ...found.path]);
  }
  return at(path);
}
