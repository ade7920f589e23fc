/**
 * Who owns what after an update: everything but server-side apply (create, replace, patches of other kinds, writes of
 * the server's own). In: the object before and after. Out: the object after with its managedFields. The writer owns
 * what it changed, and others no longer own it.
 */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import { ownable, withdraw } from "./change-owners.ts";
import { compareValues, withoutFields } from "./compare-values.ts";
import { deepDifference, isEmptySet, union } from "./field-set.ts";
import {
  type Manager,
  type Ownership,
  type Ownerships,
  decodeManagedFields,
  encodeManagedFields,
  managedFieldsOf,
  managerId,
  withManagedFields,
} from "./managed-fields.ts";
import type { ObjectSchema } from "./schema.ts";

/** An update that is about to be stored. */
export interface Update {
  /** Undefined when the object is new. */
  readonly before: JsonObject | undefined;
  /** With its defaults, and with the fields that the write may not change put back. */
  readonly after: JsonObject;
  readonly schema: ObjectSchema;
  /** Name of the field manager. */
  readonly manager: string;
  readonly apiVersion: string;
  /** "" for the object itself. */
  readonly subresource: string;
  /** RFC 3339, to the second. */
  readonly time: string;
}

/** The object to store. */
export function recordUpdate(update: Update): JsonObject {
  const ownerships = standingOwnerships(update);
  // An object that nobody owned fields of when it was written last is not tracked until it is applied.
  if (ownerships.size === 0 && update.before !== undefined) {
    return withManagedFields(update.after, undefined);
  }
  const changed = ownershipsAfter(ownerships, update);
  return withManagedFields(update.after, encodeManagedFields(changed, update.schema.sets));
}

/** The ownerships after an update, before they are written to the object. */
export function ownershipsAfter(ownerships: Ownerships, update: Update): Ownerships {
  const { before, after, schema, manager: name, apiVersion, subresource, time } = update;
  const manager: Manager = { name, operation: "Update", apiVersion, subresource };
  const reset = schema.resetFields(subresource);
  const change = withoutFields(compareValues(before ?? schema.empty, after, schema.type), reset);
  const result = withdraw(ownerships, change, undefined);
  const gained = ownable(deepDifference(union(change.modified, change.added), reset));
  if (isEmptySet(gained)) return result;
  const id = managerId(manager);
  const former = result.get(id);
  result.set(id, { manager, time, fields: union(gained, former?.fields ?? gained) });
  return capUpdaters(result);
}

/**
 * The writer may send managedFields: `[]` and `[{}]` take all ownership away, others replace it. Without any, or with
 * ones that cannot be read, and for subresources, what stands stays.
 */
function standingOwnerships({ before, after, subresource }: Update): Ownerships {
  const standing = decodeManagedFields(managedFieldsOf(before)) ?? none;
  const sent = managedFieldsOf(after);
  if (subresource !== "" || sent === managedFieldsOf(before)) return standing;
  if (isReset(sent)) return none;
  const decoded = decodeManagedFields(sent);
  return decoded === undefined || decoded.size === 0 ? standing : decoded;
}

const none: Ownerships = new Map();

function isReset(sent: Json | undefined): boolean {
  if (!Array.isArray(sent)) return false;
  const entries: readonly Json[] = sent;
  const [first] = entries;
  if (entries.length === 0) return true;
  return entries.length === 1 && isJsonObject(first) && Object.keys(first).length === 0;
}

const maxUpdaters = 10;
const bucketName = "ancient-changes";

/** Updaters above ten are put together, the oldest first, into one for each version. */
function capUpdaters(ownerships: Map<string, Ownership>): Ownerships {
  const updaters = [...ownerships].filter(([, { manager }]) => manager.operation === "Update");
  if (updaters.length <= maxUpdaters) return ownerships;
  const byAge = updaters.toSorted(([idA, a], [idB, b]) =>
    `${a.time ?? ""} ${idA}` < `${b.time ?? ""} ${idB}` ? -1 : 1,
  );
  const firstOfVersion = new Map<string, string>();
  let count = updaters.length;
  for (const [id, { manager, fields, time }] of byAge) {
    if (count <= maxUpdaters) break;
    const { apiVersion } = manager;
    const bucket: Manager = { name: bucketName, operation: "Update", apiVersion, subresource: "" };
    const first = firstOfVersion.get(apiVersion);
    if (first === undefined) {
      firstOfVersion.set(apiVersion, id);
      continue;
    }
    const bucketId = managerId(bucket);
    const held = ownerships.get(bucketId) ?? ownerships.get(first);
    ownerships.delete(first);
    ownerships.delete(id);
    ownerships.set(bucketId, {
      manager: bucket,
      time,
      fields: union(fields, held?.fields ?? fields),
    });
    count -= 1;
  }
  return ownerships;
}
