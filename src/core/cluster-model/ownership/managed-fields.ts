/** `metadata.managedFields`: who owns which fields of an object. What was read once is remembered. */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import { type FieldSet, isEmptySet } from "./field-set.ts";
import { type SharedSets, decodeFields, encodeFields, shareSet } from "./fields-v1.ts";

/** Who writes: an entry of managedFields is of one of these. */
export interface Manager {
  readonly name: string;
  readonly operation: "Apply" | "Update";
  /** Of the object that was written, `apps/v1`. */
  readonly apiVersion: string;
  /** "" for the object itself. */
  readonly subresource: string;
}

/** The fields that a manager owns. */
export interface Ownership {
  readonly manager: Manager;
  readonly fields: FieldSet;
  /** When it last changed the object; an owner that never did has none. */
  readonly time?: string | undefined;
  /** The entry that it was read from, when nothing changed since. */
  readonly entry?: JsonObject;
}

/** By identity of the manager. */
export type Ownerships = ReadonlyMap<string, Ownership>;

const noOwnerships: Ownerships = new Map();
const decoded = new WeakMap<readonly Json[], Ownerships | "invalid">();

/** Appliers are one manager in all versions, updaters one in each. The text is also what messages sort by. */
export function managerId({ name, operation, apiVersion, subresource }: Manager): string {
  return JSON.stringify({
    manager: name,
    operation,
    ...(operation === "Update" && { apiVersion }),
    ...(subresource !== "" && { subresource }),
  });
}

/** The object's managedFields; undefined when they are absent. */
export function managedFieldsOf(object: JsonObject | undefined): Json | undefined {
  const metadata = object?.["metadata"];
  return isJsonObject(metadata) ? metadata["managedFields"] : undefined;
}

/** Reads managedFields: none when absent, undefined when they are not in the form. */
export function decodeManagedFields(value: Json | undefined): Ownerships | undefined {
  if (value === undefined || value === null) return noOwnerships;
  if (!Array.isArray(value)) return undefined;
  const entries: readonly Json[] = value;
  let ownerships = decoded.get(entries);
  if (ownerships === undefined) {
    ownerships = decodeEntries(entries) ?? "invalid";
    decoded.set(entries, ownerships);
  }
  return ownerships === "invalid" ? undefined : ownerships;
}

function decodeEntries(entries: readonly Json[]): Ownerships | undefined {
  const ownerships = new Map<string, Ownership>();
  for (const entry of entries) {
    const ownership = isJsonObject(entry) ? decodeEntry(entry) : undefined;
    if (ownership === undefined) return undefined;
    ownerships.set(managerId(ownership.manager), ownership);
  }
  return ownerships;
}

function decodeEntry(entry: JsonObject): Ownership | undefined {
  const { operation, fieldsType, time } = entry;
  const apiVersion = textOf(entry["apiVersion"]);
  if ((operation !== "Apply" && operation !== "Update") || apiVersion === "") return undefined;
  if (fieldsType !== "FieldsV1") return undefined;
  const fields = decodeFields(isJsonObject(entry["fieldsV1"]) ? entry["fieldsV1"] : {});
  if (fields === undefined) return undefined;
  const name = textOf(entry["manager"]);
  const subresource = textOf(entry["subresource"]);
  const manager: Manager = { name, operation, apiVersion, subresource };
  return { manager, fields, time: typeof time === "string" ? time : undefined, entry };
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

/** Writes managedFields in the API server's order; undefined when nobody owns anything. */
export function encodeManagedFields(
  ownerships: Ownerships,
  shared: SharedSets,
): readonly Json[] | undefined {
  const owners = [...ownerships.values()].filter(({ fields }) => !isEmptySet(fields));
  if (owners.length === 0) return undefined;
  const sorted = owners
    .toSorted(compareOwnerships)
    .map((owner) => ({ ...owner, fields: shareSet(owner.fields, shared) }));
  const entries = sorted.map(encodeEntry);
  const kept = sorted.map((owner, index) => ({ ...owner, entry: entries[index] ?? {} }));
  decoded.set(entries, new Map(kept.map((owner) => [managerId(owner.manager), owner])));
  return entries;
}

function compareOwnerships(a: Ownership, b: Ownership): number {
  const keys = ({ manager, time }: Ownership): readonly string[] => [
    manager.operation,
    time ?? "",
    manager.name,
    manager.apiVersion,
    manager.subresource,
  ];
  const [left, right] = [keys(a), keys(b)];
  for (const [index, key] of left.entries()) {
    const other = right[index] ?? "";
    if (key !== other) return key < other ? -1 : 1;
  }
  return 0;
}

function encodeEntry({ manager, fields, time, entry }: Ownership): JsonObject {
  return (
    entry ?? {
      manager: manager.name,
      operation: manager.operation,
      apiVersion: manager.apiVersion,
      ...(time !== undefined && { time }),
      fieldsType: "FieldsV1",
      fieldsV1: encodeFields(fields),
      ...(manager.subresource !== "" && { subresource: manager.subresource }),
    }
  );
}

/** The object with these managedFields; itself when they are the same already. */
export function withManagedFields(object: JsonObject, entries: Json | undefined): JsonObject {
  if (managedFieldsOf(object) === entries) return object;
  const { managedFields: _former, ...metadata } = metadataOf(object);
  return {
    ...object,
    metadata: entries === undefined ? metadata : { ...metadata, managedFields: entries },
  };
}

/** The object's metadata, empty when there are none. */
export function metadataOf(object: JsonObject): JsonObject {
  const metadata = object["metadata"];
  return isJsonObject(metadata) ? metadata : {};
}
