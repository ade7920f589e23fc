/**
 * Server-side apply. In: the live object, what a manager applies, the schema. Out: the object to store with its
 * managedFields, or the conflicts, or what is wrong with the configuration. Neither input is changed, and the result
 * shares with the live object whatever did not change.
 */
import { type JsonObject, isJsonObject } from "../../model/json.ts";
import { findConflicts, ownable, withdraw } from "./change-owners.ts";
import { checkApplied } from "./check-applied.ts";
import { type Comparison, compareValues, withoutFields } from "./compare-values.ts";
import { type ConflictAnswer, describeConflicts } from "./conflicts.ts";
import { type FieldSet, deepDifference, isSameSet, pathsOf } from "./field-set.ts";
import { lastAppliedAllows, withLastApplied } from "./last-applied.ts";
import {
  type Manager,
  type Ownership,
  type Ownerships,
  decodeManagedFields,
  encodeManagedFields,
  managedFieldsOf,
  managerId,
  metadataOf,
  withManagedFields,
} from "./managed-fields.ts";
import { mergeValues } from "./merge-values.ts";
import { pruneFields } from "./prune-fields.ts";
import { ownershipsAfter } from "./record-update.ts";
import type { ObjectSchema } from "./schema.ts";
import { fieldsOfValue } from "./value-fields.ts";

/** An apply that is about to be carried out. */
export interface Apply {
  /** Undefined when there is no such object yet. */
  readonly live: JsonObject | undefined;
  readonly applied: JsonObject;
  readonly schema: ObjectSchema;
  /** Name of the field manager. */
  readonly manager: string;
  /** Takes fields from managers that own them with other values. */
  readonly force: boolean;
  readonly apiVersion: string;
  /** "" for the object itself. */
  readonly subresource: string;
  /** RFC 3339, to the second. */
  readonly time: string;
}

/** `object` is the live one itself when the apply changes nothing. `invalid` has the answer's status and message. */
export type ApplyResult =
  | { readonly ok: true; readonly object: JsonObject; readonly changed: boolean }
  | { readonly ok: false; readonly conflicts: ConflictAnswer }
  | {
      readonly ok: false;
      readonly invalid: { readonly status: 400 | 500; readonly message: string };
    };

/** Applies a configuration. */
export function applyObject(apply: Apply): ApplyResult {
  const invalid = findMistake(apply);
  if (invalid !== undefined) return { ok: false, invalid };
  const standing = standingOwnerships(apply);
  const merged = mergeAll(apply, standing);
  const self = managerId(managerOf(apply));
  const conflicts = findConflicts(standing, merged.change, self);
  if (conflicts.length > 0 && !apply.force) {
    const left = lastAppliedAllows(apply, conflicts);
    if (left.length > 0) return { ok: false, conflicts: describeConflicts(left) };
  }
  return { ok: true, ...store(apply, standing, merged) };
}

/** What came of the merge. */
interface Merged {
  readonly object: JsonObject;
  readonly fields: FieldSet;
  readonly change: Comparison;
}

function mergeAll(apply: Apply, standing: Ownerships): Merged {
  const { live, applied, schema, subresource } = apply;
  const reset = schema.resetFields(subresource);
  const named = deepDifference(fieldsOfValue(applied, schema.type), reset);
  const base = live ?? newObject(applied);
  const merged = mergeValues(base, withoutReset(applied, base, reset), schema.type);
  const self = managerId(managerOf(apply));
  const others = [...standing].flatMap(([id, owner]) => (id === self ? [] : [owner.fields]));
  const object = pruneFields(
    isJsonObject(merged) ? merged : base,
    { last: standing.get(self)?.fields, now: named, others },
    schema.type,
  );
  return {
    object,
    fields: ownable(named),
    change: withoutFields(compareValues(base, object, schema.type), reset),
  };
}

function store(
  apply: Apply,
  standing: Ownerships,
  { object, fields, change }: Merged,
): { object: JsonObject; changed: boolean } {
  const { live, time } = apply;
  const manager = managerOf(apply);
  const self = managerId(manager);
  const before = standing.get(self);
  const isSame = live !== undefined && object === live;
  const isSameOwner =
    before !== undefined &&
    before.manager.apiVersion === manager.apiVersion &&
    isSameSet(before.fields, fields);
  if (isSame && isSameOwner && managedFieldsOf(live) !== undefined) {
    return { object: live, changed: false };
  }
  const owners = withdraw(standing, change, self);
  // An equal set is the one that is already written out.
  const owned = isSameOwner ? before.fields : fields;
  const own: Ownership = { manager, fields: owned, time: isSame ? before?.time : time };
  owners.set(self, own);
  const stored = withManagedFields(object, encodeManagedFields(owners, apply.schema.sets));
  return { object: withLastApplied(stored, apply), changed: true };
}

function managerOf({ manager: name, apiVersion, subresource }: Apply): Manager {
  return { name, operation: "Apply", apiVersion, subresource };
}

/** A live object that nobody owns fields of: from now on `before-first-apply` owns all that is there. */
function standingOwnerships(apply: Apply): Ownerships {
  const { live, schema, apiVersion, time } = apply;
  const standing = decodeManagedFields(managedFieldsOf(live)) ?? new Map<string, Ownership>();
  if (live === undefined || standing.size > 0) return standing;
  return ownershipsAfter(standing, {
    before: undefined,
    after: live,
    schema,
    manager: "before-first-apply",
    apiVersion,
    subresource: apply.subresource,
    time,
  });
}

function newObject({ apiVersion, kind, metadata }: JsonObject): JsonObject {
  const { name, namespace } = isJsonObject(metadata) ? metadata : {};
  return {
    ...(apiVersion !== undefined && { apiVersion }),
    ...(kind !== undefined && { kind }),
    metadata: {
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
    },
  };
}

/** What is applied to fields that this endpoint does not write is put aside. */
function withoutReset(applied: JsonObject, live: JsonObject, reset: FieldSet): JsonObject {
  let result = applied;
  for (const path of pathsOf(reset)) {
    const [first = "", second] = path.map((step) => step.slice(2));
    const member = result[first];
    if (member === undefined) continue;
    if (second === undefined) {
      const { [first]: _kept, ...rest } = result;
      // The object's identity stays, whoever writes its metadata.
      result = first === "metadata" ? { ...rest, metadata: live["metadata"] ?? {} } : rest;
    } else if (isJsonObject(member) && second in member) {
      const { [second]: _kept, ...rest } = member;
      result = { ...result, [first]: rest };
    }
  }
  return result;
}

function findMistake(apply: Apply): { status: 400 | 500; message: string } | undefined {
  const { applied, apiVersion, schema } = apply;
  if (managedFieldsOf(applied) !== undefined && managedFieldsOf(applied) !== null) {
    return { status: 400, message: "metadata.managedFields must be nil" };
  }
  if (applied["apiVersion"] !== apiVersion) {
    const specified = textOf(applied["apiVersion"]);
    const message = `Incorrect version specified in apply patch. Specified patch version: ${specified}, expected: ${apiVersion}`;
    return { status: 400, message };
  }
  const problems = checkApplied(applied, schema.type);
  if (problems.length === 0) return undefined;
  const { name, namespace } = metadataOf(applied);
  const id = `${textOf(namespace)}/${textOf(name)}; ${apiVersion}, Kind=${textOf(applied["kind"])}`;
  return {
    status: 500,
    message: `failed to create typed patch object (${id}): ${listProblems(problems)}`,
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function listProblems(problems: readonly string[]): string {
  const [first = ""] = problems;
  if (problems.length === 1) return first;
  return `errors:\n${problems.map((problem) => `  ${problem}`).join("\n")}`;
}
