/**
 * What every write goes through: server-kept metadata, defaults, checks, field ownership, generation. A write that
 * changes nothing leaves the object and its version alone.
 */
import type { Json, JsonObject } from "../../model/json.ts";
import { putObject } from "../change-object.ts";
import { checkMetadata } from "../check-metadata.ts";
import { type Cluster, nextSuffix, nextUid } from "../cluster.ts";
import { checkFields } from "../kinds/check-fields.ts";
import { rulesOf } from "../kinds/kind-rules.ts";
import { keyOf } from "../object-store.ts";
import { toServerForm } from "../ownership/server-form.ts";
import { schemaOf, trackUpdate } from "../track-fields.ts";
import {
  type Cause,
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  invalidValue,
} from "../status-failure.ts";
import {
  type StoredObject,
  isSame,
  metadataOf,
  numberOf,
  textOf,
  timestamp,
  withFields,
  withMetadata,
} from "../stored-object.ts";
import { definitionResource } from "../controllers/reconcile-definition.ts";
import { checkNamespace } from "./check-namespace.ts";
import type { ResourcePath } from "./parse-path.ts";
import type { WriteOptions } from "./write-options.ts";

/** A write on its way. `warnings` go into the answer's headers. */
export interface Write {
  readonly cluster: Cluster;
  readonly target: ResourcePath;
  readonly options: WriteOptions;
  readonly isPatch?: boolean;
  readonly warnings: string[];
}

/** Who wrote what: an update is recorded here, an apply has been recorded already. */
export type Ownership = "update" | "applied";

/** Stores a new object, or with dryRun only says how it would look. */
export function storeNew(write: Write, proposed: JsonObject, ownership: Ownership): StoredObject {
  const { cluster, target, options } = write;
  const { type } = target;
  if (textOf(metadataOf(proposed)["resourceVersion"]) !== "") {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  const checked = inServerForm(write, { object: proposed, ownership, live: undefined });
  const named = withIdentity(write, checked);
  checkNamespace(cluster, type, { namespace: target.namespace, name: named.metadata.name });
  const rules = rulesOf(type);
  const complete = rules.complete(withoutStatus(named, type.subresources));
  const owned =
    ownership === "update"
      ? trackUpdate(write, undefined, complete)
      : withOwnership(complete, named);
  const object = rules.atBirth(cluster, owned);
  refuse(write, object, [...checkMetadata(object, type), ...rules.check(object)]);
  if (cluster.store.get(type.resource, keyOf(target.namespace, object.metadata.name))) {
    throw alreadyExists(type, object.metadata.name);
  }
  return options.dryRun ? object : putObject(cluster, type.resource, object);
}

/** Stores a changed object, or with dryRun only says how it would look. */
export function storeChange(
  write: Write,
  live: StoredObject,
  change: { readonly proposed: JsonObject; readonly ownership: Ownership },
): StoredObject {
  const { cluster, target, options } = write;
  const { type } = target;
  checkPreconditions(write, live, change.proposed);
  const { proposed, ownership } = change;
  const checked = inServerForm(write, { object: proposed, ownership, live });
  const kept = keepWhatIsNotWritten(target, live, checked);
  const rules = rulesOf(type);
  const complete = rules.complete(rules.carry(live, kept));
  const owned = ownership === "update" ? trackUpdate(write, live, complete) : complete;
  if (isUnchanged(live, owned)) return live;
  const object = withGeneration(type.hasGeneration, live, owned);
  refuse(write, object, [
    ...checkMetadata(object, type),
    ...checkKeptMetadata(live, object),
    ...rules.check(object),
    ...rules.checkChange(live, object),
  ]);
  return options.dryRun ? object : putObject(cluster, type.resource, object);
}

/** As the server keeps it; an applied configuration was checked when it was applied. */
function inServerForm(
  write: Write,
  proposal: {
    readonly object: JsonObject;
    readonly ownership: Ownership;
    readonly live: StoredObject | undefined;
  },
): JsonObject {
  const { object, ownership, live } = proposal;
  const known = ownership === "update" ? checkFields(write, object) : object;
  const { type } = write.target;
  // In the type table a CRD's `subresources.status: {}` looks like an empty map, which would be left out.
  if (type.resource === definitionResource) return known;
  return toServerForm(known, schemaOf(type).type, live);
}

function refuse({ target }: Write, object: StoredObject, causes: readonly Cause[]): void {
  if (causes.length > 0) throw invalid(target.type, object.metadata.name, causes);
}

function withIdentity({ cluster, target }: Write, object: JsonObject): StoredObject {
  const metadata = metadataOf(object);
  const prefix = textOf(metadata["generateName"]);
  const name = textOf(metadata["name"]) || (prefix === "" ? "" : `${prefix}${nextSuffix(cluster)}`);
  const identity = withFields(metadata, {
    name,
    namespace: target.type.namespaced ? target.namespace : undefined,
    uid: nextUid(cluster),
    creationTimestamp: timestamp(cluster.now),
    generation: target.type.hasGeneration ? 1 : undefined,
    resourceVersion: undefined,
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    selfLink: undefined,
  });
  // Name, uid and time were just set; the request's body has an apiVersion and a kind.
  return { ...object, metadata: identity } as StoredObject;
}

function withoutStatus(object: StoredObject, subresources: readonly string[]): StoredObject {
  if (!subresources.includes("status") || object["status"] === undefined) return object;
  const { status: _status, ...rest } = object;
  return rest;
}

function withOwnership(object: StoredObject, named: StoredObject): StoredObject {
  const { managedFields } = named.metadata;
  return managedFields === undefined ? object : withMetadata(object, { managedFields });
}

function checkPreconditions(write: Write, live: StoredObject, proposed: JsonObject): void {
  const { type, name } = write.target;
  const { resourceVersion, uid } = metadataOf(proposed);
  if (uid !== undefined && uid !== "" && uid !== live.metadata.uid) {
    // For a replacement the uid is a precondition; a patch would change it.
    if (write.isPatch)
      throw invalid(type, name, [invalidValue("metadata.uid", uid, "field is immutable")]);
    const message = `Precondition failed: UID in precondition: ${textOf(uid)}, UID in object meta: ${live.metadata.uid}`;
    throw conflict(type, name, { message });
  }
  const isCurrent =
    resourceVersion === undefined ||
    resourceVersion === "" ||
    resourceVersion === live.metadata["resourceVersion"];
  if (isCurrent) return;
  throw conflict(type, name, {
    message:
      "the object has been modified; please apply your changes to the latest version and try again",
  });
}

/** What the server keeps, whatever is written; a status only changes through its subresource, and nothing else there. */
function keepWhatIsNotWritten(
  { type, subresource }: ResourcePath,
  live: StoredObject,
  proposed: JsonObject,
): StoredObject {
  const { managedFields } = metadataOf(proposed);
  if (subresource === "status") {
    const { status: _old, ...rest } = live;
    const { status } = proposed;
    const kept = { ...rest, ...(status !== undefined && { status }) } as StoredObject; // `rest` is a stored object
    return withMetadata(kept, { managedFields });
  }
  const { uid, creationTimestamp, resourceVersion, generation, ...others } = live.metadata;
  const metadata = withFields(metadataOf(proposed), {
    uid,
    creationTimestamp,
    resourceVersion,
    generation,
    namespace: others["namespace"],
    deletionTimestamp: others["deletionTimestamp"],
    deletionGracePeriodSeconds: others["deletionGracePeriodSeconds"],
  });
  const { status: _status, ...rest } = proposed;
  const status = type.subresources.includes("status") ? live["status"] : proposed["status"];
  // Identity comes from the live object.
  return { ...rest, metadata, ...(status !== undefined && { status }) } as unknown as StoredObject;
}

/** The times in managedFields alone are no change. */
function isUnchanged(live: StoredObject, proposed: StoredObject): boolean {
  const { managedFields: before, ...was } = live.metadata;
  const { managedFields: after, ...is } = proposed.metadata;
  const { metadata: _was, ...liveRest } = live;
  const { metadata: _is, ...rest } = proposed;
  return isSame(was, is) && isSame(liveRest, rest) && isSame(timeless(before), timeless(after));
}

function timeless(managedFields: Json | undefined): Json {
  if (!Array.isArray(managedFields)) return [];
  return managedFields.map(({ time: _time, ...entry }: JsonObject) => entry);
}

function withGeneration(isCounted: boolean, live: StoredObject, next: StoredObject): StoredObject {
  if (!isCounted) return next;
  const { metadata: _a, status: _b, apiVersion: _c, ...before } = live;
  const { metadata: _d, status: _e, apiVersion: _f, ...after } = next;
  if (isSame(before, after)) return next;
  return withMetadata(next, { generation: numberOf(live.metadata["generation"]) + 1 });
}

function checkKeptMetadata(live: StoredObject, next: StoredObject): Cause[] {
  if (next.metadata.name === live.metadata.name) return [];
  return [invalidValue("metadata.name", next.metadata.name, "field is immutable")];
}
