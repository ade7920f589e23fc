/** Field ownership of the kinds that a cluster serves: which schema a kind has, and what a write does with it. */
import type { JsonObject } from "../model/json.ts";
import { applyObject } from "./ownership/apply-object.ts";
import { builtInSchemas } from "./ownership/built-in-schemas.ts";
import { schemaOfCrdVersion } from "./ownership/crd-schema.ts";
import { recordUpdate } from "./ownership/record-update.ts";
import type { ObjectSchema } from "./ownership/schema.ts";
import type { Write } from "./requests/store-object.ts";
import { inVersion } from "./requests/present-object.ts";
import { type ResourceType, apiVersionOf } from "./resource-types.ts";
import { type Cause, StatusFailure, badRequest } from "./status-failure.ts";
import { type StoredObject, timestamp } from "./stored-object.ts";

// A pure table, worked out kind by kind when first asked for: all clusters share it.
const builtIn = builtInSchemas();
const customSchemas = new WeakMap<JsonObject, ObjectSchema>();

/** The schema of a kind. */
export function schemaOf({ group, version, kind, custom }: ResourceType): ObjectSchema {
  if (custom === undefined) {
    const schema = builtIn.schemaFor(group, version, kind);
    if (schema === undefined) throw new Error(`no schema of ${group}/${version} ${kind}`);
    return schema;
  }
  const known = customSchemas.get(custom.version);
  if (known !== undefined) return known;
  const schema = schemaOfCrdVersion(custom.version, { group, kind, builtIn });
  customSchemas.set(custom.version, schema);
  return schema;
}

/** The object with its managedFields after an update. */
export function trackUpdate(
  { cluster, target, options }: Write,
  before: StoredObject | undefined,
  after: StoredObject,
): StoredObject {
  const { type, subresource } = target;
  const recorded = recordUpdate({
    before: before === undefined ? undefined : inVersion(before, type),
    after,
    schema: schemaOf(type),
    manager: options.manager,
    apiVersion: apiVersionOf(type),
    subresource,
    time: timestamp(cluster.now),
  });
  return recorded as StoredObject; // `after` with other managedFields
}

/** What an apply gives, or the conflicts; a configuration that cannot be applied is refused. */
export function trackApply(
  { cluster, target, options }: Write,
  live: StoredObject | undefined,
  applied: JsonObject,
):
  | { readonly ok: true; readonly object: JsonObject }
  | { readonly ok: false; readonly message: string; readonly causes: readonly Cause[] } {
  const { type, subresource } = target;
  const result = applyObject({
    live: live === undefined ? undefined : inVersion(live, type),
    applied,
    schema: schemaOf(type),
    manager: options.manager,
    force: options.force,
    apiVersion: apiVersionOf(type),
    subresource,
    time: timestamp(cluster.now),
  });
  if (result.ok) {
    // Nothing changed: the caller sees it by identity.
    return { ok: true, object: !result.changed && live !== undefined ? live : result.object };
  }
  if ("conflicts" in result) return { ok: false, ...result.conflicts };
  const { status, message } = result.invalid;
  if (status === 400) throw badRequest(message);
  throw new StatusFailure(500, "InternalError", { message });
}
