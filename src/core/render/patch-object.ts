/** One patch of an overlay on one object. The object stays what it is: its identity cannot be patched. */
import { type Json, type JsonObject, canonicalJson, isJsonObject } from "../model/json.ts";
import { type KubeObject, describeKey, isSecret, keyOf } from "../model/kube-object.ts";
import type { Patch } from "../model/kinds.ts";
import { type CustomKinds, mergeSchemaOf } from "./custom-kinds.ts";
import { applyJsonPatch, parsePointer } from "./json-patch.ts";
import type { FieldPath } from "./read-yaml.ts";
import { strategicMerge } from "./strategic-merge.ts";

/** The patched object (null: `$patch: delete` removed it), or what failed; `path` leads into the patch. */
export type PatchOutcome =
  | { readonly ok: true; readonly object: KubeObject | null }
  | { readonly ok: false; readonly path: FieldPath; readonly message: string };

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
  if (result.ok) return sameIdentity(object, result.value, ["json"]);
  const { operation, message } = result;
  const { op, path } = operations[operation] ?? { op: "", path: "" };
  return {
    ok: false,
    path: ["json", operation],
    message: `operation ${operation + 1} (${op} ${path}): ${message}`,
  };
}

function mergePatch(object: KubeObject, patch: JsonObject, customKinds: CustomKinds): PatchOutcome {
  if (patch["$patch"] === "delete") return { ok: true, object: null };
  const result = strategicMerge(object, patch, mergeSchemaOf(object, customKinds));
  if (!result.ok) {
    const path = parsePointer(result.path) ?? [];
    const field = path.length === 0 ? "" : `${path.join(".")}: `;
    return { ok: false, path: ["merge", ...path], message: `${field}${result.message}` };
  }
  const directive = findDirective(result.value);
  if (directive !== undefined && findDirective(object) === undefined) {
    const message = `${directive} has no meaning where a list is replaced as a whole`;
    return { ok: false, path: ["merge"], message };
  }
  const isReplaced = patch["$patch"] === "replace";
  return sameIdentity(object, isReplaced ? withIdentity(object, result.value) : result.value, [
    "merge",
  ]);
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

function findDirective(value: Json): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = !Array.isArray(value) && directives.test(key) ? key : findDirective(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

function sameIdentity(before: KubeObject, after: Json, path: FieldPath): PatchOutcome {
  const changed = isJsonObject(after) ? changedIdentity(before, after) : "everything";
  if (changed !== undefined) {
    const message = `a patch cannot change ${changed} of ${describeKey(keyOf(before))}`;
    return { ok: false, path, message };
  }
  // changedIdentity has found apiVersion, kind and metadata.name as they were.
  return { ok: true, object: after as KubeObject };
}

function changedIdentity(before: KubeObject, after: JsonObject): string | undefined {
  const metadata = isJsonObject(after["metadata"]) ? after["metadata"] : {};
  const pairs: [string, Json | undefined, Json | undefined][] = [
    ["apiVersion", before.apiVersion, after["apiVersion"]],
    ["kind", before.kind, after["kind"]],
    ["metadata.name", before.metadata.name, metadata["name"]],
    ["metadata.namespace", before.metadata["namespace"], metadata["namespace"]],
  ];
  return pairs.find(([, a, b]) => canonicalJson(a ?? null) !== canonicalJson(b ?? null))?.[0];
}
