/** Whether patches of a kustomization can have given a field of an object the value that it has, or taken it away. */
import { isJsonObject, isSameJson, type Json } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { parsePointer } from "../render/json-patch.ts";
import { readYaml } from "../render/read-yaml.ts";
import { type Asked, itemsOf, type Read, textOf } from "./asked-field.ts";
import { type FieldStep, findField } from "./field-steps.ts";

/** Of patches in lists, as texts, files or both. One that cannot be read may. */
export function patchesGive(written: Json, asked: Asked, read: Read): boolean {
  return itemsOf(written).some((item) => {
    if (!isJsonObject(item)) return patchGives(read(textOf(item)) ?? textOf(item), asked);
    const { patch, path, target } = item;
    if (!isTargeted(target, asked.object)) return false;
    const text = patch === undefined ? read(textOf(path)) : textOf(patch);
    return text === undefined || patchGives(text, asked, target !== undefined);
  });
}

/** May a target, by its kind and name, mean an object? Names are those before prefixes, suffixes and hashes. */
export function isTargeted(target: Json | undefined, { kind, metadata }: KubeObject): boolean {
  if (!isJsonObject(target)) return true;
  const asked = { kind: textOf(target["kind"]), name: textOf(target["name"]) };
  // What else stands there is a regular expression.
  const isKind = !/^\w+$/.test(asked.kind) || asked.kind === kind;
  return isKind && (!/^[\w-]+$/.test(asked.name) || metadata.name.includes(asked.name));
}

function patchGives(text: string, asked: Asked, hasTarget = false): boolean {
  const { documents, diagnostics } = readYaml({ path: "patch", text });
  if (diagnostics.length > 0) return true;
  return documents.some(({ value }) => {
    if (Array.isArray(value)) {
      return (value as readonly Json[]).some((each) => operationGives(each, asked)); // isArray loses the type
    }
    return (hasTarget || isOwnPatch(value, asked.object)) && mergeGives(value, asked);
  });
}

function isOwnPatch(patch: Json, object: KubeObject): boolean {
  if (!isJsonObject(patch)) return false;
  const { kind = null, metadata } = patch;
  return isTargeted(
    { kind, name: isJsonObject(metadata) ? (metadata["name"] ?? null) : null },
    object,
  );
}

function mergeGives(patch: Json, { steps, value }: Asked): boolean {
  if (value !== undefined) return isGiven(findField(patch, steps).value, value);
  return [...steps, undefined].some((_, depth) => {
    const above = findField(patch, steps.slice(0, depth)).value;
    return above === null || itemsOf(above ?? null).some(isReplacing) || isDirective(above);
  });
}

/** Lists are merged by keys that are not known here, so for them it is enough that the patch says something. */
function isGiven(given: Json | undefined, value: Json): boolean {
  if (given === undefined || given === null) return false;
  return (typeof given === "object" && typeof value === "object") || isSameJson(given, value);
}

/** Whether a map of a patch takes away from what it is merged with. */
function isDirective(map: Json | undefined): boolean {
  return isJsonObject(map) && ("$patch" in map || "$retainKeys" in map);
}

function isReplacing(item: Json): boolean {
  return isJsonObject(item) && item["$patch"] === "replace";
}

/** Does an operation write a field, or what holds it? One that cannot be read may. */
function operationGives(operation: Json, { steps, value }: Asked): boolean {
  const { op, path, value: written } = isJsonObject(operation) ? operation : {};
  const pointer = parsePointer(textOf(path));
  if (pointer === undefined) return true;
  if (op === "test" || !isOnTheWay(pointer, steps)) return false;
  // What leads further is within a list that is told as a whole.
  const isInside = pointer.length > steps.length;
  if (value === undefined) return !isInside;
  if (isInside || op === "copy" || op === "move") return true;
  return isGiven(findField(written, steps.slice(pointer.length)).value, value);
}

/** Positions in lists are taken for any. */
function isOnTheWay(pointer: readonly string[], steps: readonly FieldStep[]): boolean {
  return pointer.every((part, index) => {
    const step = steps[index];
    return step === undefined || !("key" in step) || step.key === part;
  });
}
