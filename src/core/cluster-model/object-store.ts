/**
 * What a cluster keeps: objects by resource, the version counter, a bounded history of changes for watches, and which
 * objects name which owner. Values go in and out; nothing here knows a kind.
 */
import type { JsonObject } from "../model/json.ts";
import { type StoredObject, metadataOf, namespaceOf, objectsOf, textOf } from "./stored-object.ts";

/** One change. `object` is the state after it, or the last state of what was deleted. */
export interface ChangeEvent {
  readonly version: number;
  readonly resource: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: StoredObject;
  /** The state before, for watches that select by labels. */
  readonly before: StoredObject | undefined;
}

/** Where an object is: its resource (`apps/deployments`), and `namespace/name`. */
export interface ObjectPlace {
  readonly resource: string;
  readonly key: string;
}

/** The key of an object within its resource. */
export function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

/** The objects of one cluster. */
export class ObjectStore {
  /** resourceVersion of the last change. */
  version = 0;
  /** Changes up to this version are forgotten. */
  forgottenUpTo = 0;
  readonly #objects = new Map<string, Map<string, StoredObject>>();
  readonly #dependents = new Map<string, Map<string, ObjectPlace>>();
  readonly #historyLength: number;
  #history: ChangeEvent[] = [];

  constructor(historyLength: number) {
    this.#historyLength = historyLength;
  }

  /** The same objects, versions and history; what is stored in one is not in the other. */
  copy(): ObjectStore {
    const copy = new ObjectStore(this.#historyLength);
    copy.version = this.version;
    copy.forgottenUpTo = this.forgottenUpTo;
    copy.#history = [...this.#history];
    for (const [resource, objects] of this.#objects) copy.#objects.set(resource, new Map(objects));
    for (const [uid, places] of this.#dependents) copy.#dependents.set(uid, new Map(places));
    return copy;
  }

  get(resource: string, key: string): StoredObject | undefined {
    return this.#objects.get(resource)?.get(key);
  }

  /** All of a resource, or of one namespace, in no order. */
  all(resource: string, namespace = ""): StoredObject[] {
    const objects = this.#objects.get(resource);
    if (objects === undefined) return [];
    if (namespace === "") return [...objects.values()];
    const found: StoredObject[] = [];
    const prefix = `${namespace}/`;
    for (const [key, object] of objects) if (key.startsWith(prefix)) found.push(object);
    return found;
  }

  /** The resources that have objects. */
  resources(): string[] {
    return [...this.#objects].flatMap(([resource, { size }]) => (size > 0 ? [resource] : []));
  }

  count(): number {
    let count = 0;
    for (const objects of this.#objects.values()) count += objects.size;
    return count;
  }

  /** Stores it under the next version and gives it back with that version. */
  put(resource: string, object: StoredObject): StoredObject {
    const version = (this.version += 1);
    const stored: StoredObject = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(version) },
    };
    const objects = this.#objects.get(resource) ?? new Map<string, StoredObject>();
    this.#objects.set(resource, objects);
    const key = keyOf(namespaceOf(object), object.metadata.name);
    const before = objects.get(key);
    objects.set(key, stored);
    this.#index({ resource, key }, before, stored);
    const type = before === undefined ? "ADDED" : "MODIFIED";
    this.#record({ version, resource, type, object: stored, before });
    return stored;
  }

  /** Removes it; the event shows its last state under a version of its own. */
  remove(resource: string, object: StoredObject): StoredObject {
    const version = (this.version += 1);
    const key = keyOf(namespaceOf(object), object.metadata.name);
    const before = this.#objects.get(resource)?.get(key);
    this.#objects.get(resource)?.delete(key);
    this.#index({ resource, key }, before, undefined);
    const last: StoredObject = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(version) },
    };
    this.#record({ version, resource, type: "DELETED", object: last, before });
    return last;
  }

  /** Where the objects are that name this uid as an owner. */
  dependentsOf(uid: string): readonly ObjectPlace[] {
    return [...(this.#dependents.get(uid)?.values() ?? [])];
  }

  /** The changes after a version; undefined when some of them are forgotten. */
  changesAfter(version: number): readonly ChangeEvent[] | undefined {
    if (version < this.forgottenUpTo) return undefined;
    let from = this.#history.length;
    while (from > 0 && (this.#history[from - 1]?.version ?? 0) > version) from -= 1;
    return this.#history.slice(from);
  }

  /** Forgets the changes up to now, as compaction does. */
  forgetHistory(): void {
    this.#history = [];
    this.forgottenUpTo = this.version;
  }

  #record(event: ChangeEvent): void {
    this.#history.push(event);
    // In one go now and then: moving the whole list for every change would cost more.
    if (this.#history.length < this.#historyLength * 2) return;
    this.#history = this.#history.slice(-this.#historyLength);
    this.forgottenUpTo = (this.#history[0]?.version ?? 1) - 1;
  }

  #index(place: ObjectPlace, before: JsonObject | undefined, after: JsonObject | undefined): void {
    const old = before === undefined ? undefined : metadataOf(before)["ownerReferences"];
    const current = after === undefined ? undefined : metadataOf(after)["ownerReferences"];
    if (old === current) return;
    const id = `${place.resource}:${place.key}`;
    for (const owner of objectsOf(old)) this.#dependents.get(textOf(owner["uid"]))?.delete(id);
    for (const owner of objectsOf(current)) {
      const uid = textOf(owner["uid"]);
      const places = this.#dependents.get(uid) ?? new Map<string, ObjectPlace>();
      places.set(id, place);
      this.#dependents.set(uid, places);
    }
  }
}
