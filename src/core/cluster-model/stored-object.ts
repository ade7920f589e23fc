/** Objects as a cluster keeps them, and small ways to read and change them. Stored objects are never mutated. */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";

/** An object with the metadata that every stored one has. */
export interface StoredObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: StoredMetadata;
}

/** `generation`, `namespace` and the rest are there where the kind has them. */
interface StoredMetadata extends JsonObject {
  readonly name: string;
  readonly uid: string;
  readonly creationTimestamp: string;
}

/** One entry of `metadata.ownerReferences`. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: boolean;
  readonly blockOwnerDeletion: boolean;
}

/** Kubernetes times have no fractions of seconds. */
export function timestamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}

/** The namespace, "" for a cluster-scoped object. */
export function namespaceOf(object: JsonObject): string {
  return textOf(metadataOf(object)["namespace"]);
}

/** The metadata, `{}` where there is none. */
export function metadataOf(object: JsonObject): JsonObject {
  return objectOf(object["metadata"]);
}

/** A text, "" for anything else. */
export function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

/** A number, `absent` for anything else. */
export function numberOf(value: Json | undefined, absent = 0): number {
  return typeof value === "number" ? value : absent;
}

/** A map, `{}` for anything else. */
export function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** The maps of a list, none for anything else. */
export function objectsOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((item: Json) => isJsonObject(item)) : [];
}

/** The texts of a list, none for anything else. */
export function textsOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item: Json) => typeof item === "string") : [];
}

/** The text values of a map. */
export function textMapOf(value: Json | undefined): Readonly<Record<string, string>> {
  // The guard keeps every other value out.
  return Object.fromEntries(
    Object.entries(objectOf(value)).filter(([, text]) => typeof text === "string"),
  ) as Record<string, string>;
}

/** The finalizers. */
export function finalizersOf(object: JsonObject): readonly string[] {
  return textsOf(metadataOf(object)["finalizers"]);
}

/** Whether its deletion has been asked for. */
export function isDeleting(object: JsonObject): boolean {
  return metadataOf(object)["deletionTimestamp"] !== undefined;
}

/** The owners. */
export function ownersOf(object: JsonObject): readonly OwnerReference[] {
  return objectsOf(metadataOf(object)["ownerReferences"]).map((owner) => ({
    apiVersion: textOf(owner["apiVersion"]),
    kind: textOf(owner["kind"]),
    name: textOf(owner["name"]),
    uid: textOf(owner["uid"]),
    controller: owner["controller"] === true,
    blockOwnerDeletion: owner["blockOwnerDeletion"] === true,
  }));
}

/** The object with some of its metadata changed; undefined takes a field away. */
export function withMetadata<T extends JsonObject>(
  object: T,
  changes: Readonly<Record<string, Json | undefined>>,
): T {
  return { ...object, metadata: withFields(metadataOf(object), changes) };
}

/** The map with some fields changed; undefined takes a field away. */
export function withFields(
  map: JsonObject,
  changes: Readonly<Record<string, Json | undefined>>,
): JsonObject {
  const result: Record<string, Json> = { ...map };
  for (const [field, value] of Object.entries(changes)) {
    if (value === undefined) delete result[field];
    else result[field] = value;
  }
  return result;
}

/** Whether two values are the same data, whatever the order of keys. */
export function isSame(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && isSameList(a, b);
  return isJsonObject(a) && isJsonObject(b) && isSameMap(a, b);
}

function isSameList(a: readonly Json[], b: readonly Json[]): boolean {
  return a.length === b.length && a.every((item, i) => isSame(item, b[i]));
}

function isSameMap(a: JsonObject, b: JsonObject): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => isSame(a[key], b[key]));
}
