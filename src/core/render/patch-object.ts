/** One patch of an overlay on one object. The object stays what it is: its identity cannot be patched. */
import { type Json, type JsonObject, canonicalJson, isJsonObject } from "../model/json.ts";
import { type KubeObject, describeKey, isSecret, keyOf } from "../model/kube-object.ts";
import type { Patch } from "../model/kinds.ts";
import { type CustomKinds, mergeSchemaOf } from "./custom-kinds.ts";
import { applyJsonPatch, parsePointer, shortPointer } from "./json-patch.ts";
import type { FieldPath } from "./read-yaml.ts";
import { strategicMerge } from "./strategic-merge.ts";

/**
 * The patched object (null: `$patch: delete` removed it) and what may not be meant, or what failed; `path` leads into the
 * patch.
 */
export type PatchOutcome =
  | { readonly ok: true; readonly object: KubeObject | null; readonly doubts: readonly Doubt[] }
  | { readonly ok: false; readonly path: FieldPath; readonly message: string };

/** What a patch does though something else may be meant. */
export interface Doubt {
  readonly path: FieldPath;
  readonly message: string;
}

/** Applies a patch to an object that it is for. */
export function patchObject(
  object: KubeObject,
  patch: Patch,
  customKinds: CustomKinds,
): PatchOutcome {
  if (patch.json !== undefined) return jsonPatch(object, patch.json);
  // loadFleet has checked that it is a map of JSON values.
  return mergePatch(object, (patch.merge ?? {}) as JsonObject, customKinds);
}

function jsonPatch(object: KubeObject, operations: NonNullable<Patch["json"]>): PatchOutcome {
  const result = applyJsonPatch(object, operations, { isSecret: isSecret(object) });
  if (result.ok) {
    const changed = changedIdentity(object, result.value);
    if (changed === undefined) return same(result.value, []);
    return otherIdentity(object, changed, ["json", identityChange(object, operations)]);
  }
  const { operation, message } = result;
  const { op, path } = operations[operation] ?? { op: "", path: "" };
  return {
    ok: false,
    path: ["json", operation],
    message: `operation ${operation + 1} (${op} ${shortPointer(path)}): ${message}`,
  };
}

/** The operation behind which the object is another one for good. */
function identityChange(object: KubeObject, operations: NonNullable<Patch["json"]>): number {
  let value: Json = object;
  let changedBy = -1;
  for (const [index, operation] of operations.entries()) {
    const result = applyJsonPatch(value, [operation]);
    if (!result.ok) break;
    value = result.value;
    if (changedIdentity(object, value) === undefined) changedBy = -1;
    else if (changedBy < 0) changedBy = index;
  }
  return changedBy;
}

function mergePatch(object: KubeObject, patch: JsonObject, customKinds: CustomKinds): PatchOutcome {
  if (patch["$patch"] === "delete") return { ok: true, object: null, doubts: [] };
  const result = strategicMerge(object, patch, mergeSchemaOf(object, customKinds));
  if (!result.ok) {
    const path = parsePointer(result.path) ?? [];
    const field = path.length === 0 ? "" : `${shortPointer(path.join("."))}: `;
    return { ok: false, path: ["merge", ...path], message: `${field}${result.message}` };
  }
  const directive = directiveLeft(object, patch, result.value);
  if (directive !== undefined) {
    const message = `${directive.at(-1)} has no meaning where a list is replaced as a whole`;
    return { ok: false, path: ["merge", ...placeOfDirective(patch, directive)], message };
  }
  const isReplaced = patch["$patch"] === "replace";
  const value = isReplaced ? withIdentity(object, result.value) : result.value;
  const changed = changedIdentity(object, value);
  const doubts = result.doubts.map(({ path, message }) => {
    return { path: ["merge", ...(parsePointer(path) ?? [])], message };
  });
  if (changed === undefined) return same(value, doubts);
  return otherIdentity(object, changed, ["merge", ...changed.split(".")]);
}

/** `$patch: replace` of a whole object need not repeat what the object is. */
function withIdentity(object: KubeObject, value: JsonObject): JsonObject {
  const { apiVersion, kind } = object;
  const { name, namespace } = object.metadata;
  const metadata = isJsonObject(value["metadata"]) ? value["metadata"] : {};
  const identity = namespace === undefined ? { name } : { name, namespace };
  return { apiVersion, kind, ...value, metadata: { ...identity, ...metadata } };
}

const directives = /^\$(patch|retainKeys|setElementOrder\/.*|deleteFromPrimitiveList\/.*)$/;

/** Where the patched object has a directive of the patch; undefined where it had some before, or has none. */
function directiveLeft(
  object: KubeObject,
  patch: JsonObject,
  patched: JsonObject,
): FieldPath | undefined {
  // Most patches have none, and are small.
  const [written] = directivesIn(patch);
  if (written === undefined) return undefined;
  const [left] = directivesIn(patched);
  return left !== undefined && directivesIn(object).next().done === true ? left : undefined;
}

/** Where directives stand in a value. */
function* directivesIn(value: Json): Generator<FieldPath> {
  if (typeof value !== "object" || value === null) return;
  const isList = Array.isArray(value);
  for (const [key, inner] of Object.entries(value)) {
    if (!isList && directives.test(key)) yield [key];
    for (const path of directivesIn(inner)) yield [isList ? Number(key) : key, ...path];
  }
}

/** Where the patch has the directive that the merged object has there: items may have other positions. */
function placeOfDirective(patch: JsonObject, merged: FieldPath): FieldPath {
  const keysOf = (path: FieldPath): string =>
    path.filter((part) => typeof part === "string").join();
  for (const path of directivesIn(patch)) if (keysOf(path) === keysOf(merged)) return path;
  return [];
}

/** The patched object: changedIdentity has found nothing. */
function same(value: Json, doubts: readonly Doubt[]): PatchOutcome {
  return { ok: true, object: value as KubeObject, doubts };
}

function otherIdentity(object: KubeObject, changed: string, path: FieldPath): PatchOutcome {
  const message = `a patch cannot change ${changed} of ${describeKey(keyOf(object))}`;
  return { ok: false, path, message };
}

/** What of its identity a patch has changed; undefined: nothing. */
function changedIdentity(before: KubeObject, after: Json): string | undefined {
  if (!isJsonObject(after)) return "everything";
  const metadata = isJsonObject(after["metadata"]) ? after["metadata"] : {};
  const pairs: [string, Json | undefined, Json | undefined][] = [
    ["apiVersion", before.apiVersion, after["apiVersion"]],
    ["kind", before.kind, after["kind"]],
    ["metadata.name", before.metadata.name, metadata["name"]],
    ["metadata.namespace", before.metadata["namespace"], metadata["namespace"]],
  ];
  return pairs.find(([, a, b]) => canonicalJson(a ?? null) !== canonicalJson(b ?? null))?.[0];
}
