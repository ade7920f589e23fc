/**
 * Watches: a cursor in the history of a cluster, which its owner polls. A watch that the history has overtaken ends
 * with 410, as after compaction.
 */
import type { JsonObject } from "../../model/json.ts";
import type { Cluster } from "../cluster.ts";
import type { ChangeEvent } from "../object-store.ts";
import { type ResourceType, apiVersionOf } from "../resource-types.ts";
import { StatusFailure, badRequest, expired, notModelled } from "../status-failure.ts";
import { type StoredObject, namespaceOf, textOf } from "../stored-object.ts";
import { type Presentation, presentObject } from "./present-object.ts";
import { type Selection, isSelected } from "./select-objects.ts";

/** One line of a watch. */
interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: JsonObject;
}

/** A watch under way. `poll` after every call to the cluster; nothing is kept for it in between. */
export interface WatchCursor {
  /** What happened since the last poll. */
  poll(now: number): readonly WatchEvent[];
  /** True once it has ended: its time is up, or it was overtaken. */
  isOver(): boolean;
  /** When it must be polled even if nothing happens: its end, or the next bookmark. */
  wakeAt(): number;
}

/** What to watch. */
export interface WatchOptions {
  readonly type: ResourceType;
  readonly namespace: string;
  readonly selection: Selection;
  readonly presentation: Presentation;
  readonly query: URLSearchParams;
}

const bookmarkEveryMs = 60_000;
/** A real server ends watches after 30 to 60 minutes. */
const longestWatchMs = 1_800_000;

/** Starts a watch. Without a version, or from "0", it begins with what is there. */
export function watchObjects(cluster: Cluster, options: WatchOptions): WatchCursor {
  const { query } = options;
  const since = query.get("resourceVersion") ?? "";
  if (!/^\d*$/.test(since)) throw badRequest(`invalid resource version ${JSON.stringify(since)}`);
  checkInitialEvents(query);
  const seconds = secondsOf(query.get("timeoutSeconds") ?? "");
  return new HistoryCursor(cluster, options, {
    version: Number(since),
    startsWithAll: since === "" || since === "0" || query.get("sendInitialEvents") === "true",
    endsAt: cluster.now + (seconds > 0 ? seconds * 1000 : longestWatchMs),
  });
}

/** 0: as long as it goes. */
function secondsOf(text: string): number {
  if (/^\d{0,9}$/.test(text)) return Number(text);
  throw notModelled(`a watch with timeoutSeconds ${JSON.stringify(text)}`);
}

function checkInitialEvents(query: URLSearchParams): void {
  if (query.get("sendInitialEvents") === null) {
    if (query.get("resourceVersionMatch") === null) return;
    throw invalidOptions(
      "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
    );
  }
  if (query.get("resourceVersionMatch") === "NotOlderThan") return;
  throw invalidOptions("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
}

function invalidOptions(message: string): StatusFailure {
  return new StatusFailure(422, "Invalid", {
    message: `ListOptions.meta.k8s.io "" is invalid: ${message}`,
    details: { group: "meta.k8s.io", kind: "ListOptions" },
  });
}

interface Start {
  readonly version: number;
  readonly startsWithAll: boolean;
  readonly endsAt: number;
}

class HistoryCursor implements WatchCursor {
  readonly #cluster: Cluster;
  readonly #options: WatchOptions;
  readonly #endsAt: number;
  #version: number;
  #startsWithAll: boolean;
  #isOver = false;
  #bookmarkAt: number;

  constructor(cluster: Cluster, options: WatchOptions, start: Start) {
    this.#cluster = cluster;
    this.#options = options;
    this.#endsAt = start.endsAt;
    this.#version = start.version;
    this.#startsWithAll = start.startsWithAll;
    const wantsBookmarks = options.query.get("allowWatchBookmarks") === "true";
    this.#bookmarkAt = wantsBookmarks ? cluster.now + bookmarkEveryMs : Number.POSITIVE_INFINITY;
  }

  isOver(): boolean {
    return this.#isOver;
  }

  wakeAt(): number {
    return Math.min(this.#endsAt, this.#bookmarkAt);
  }

  poll(now: number): readonly WatchEvent[] {
    if (this.#isOver) return [];
    const events = this.#startsWithAll ? this.#initialEvents() : this.#news();
    // A server that ends a watch first says how far it came.
    const isEnding = now >= this.#endsAt;
    if (now >= this.#bookmarkAt || (isEnding && Number.isFinite(this.#bookmarkAt))) {
      events.push(this.#bookmark({}));
      this.#bookmarkAt = now + bookmarkEveryMs;
    }
    if (isEnding) this.#isOver = true;
    return events;
  }

  #initialEvents(): WatchEvent[] {
    const { store } = this.#cluster;
    const { type, namespace, selection, query } = this.#options;
    this.#startsWithAll = false;
    this.#version = store.version;
    const events = store
      .all(type.resource, namespace)
      .filter((object) => isSelected(object, selection))
      .toSorted(byPlace)
      .map((object) => this.#event("ADDED", object));
    const isMarked = query.get("sendInitialEvents") === "true";
    const end = { annotations: { "k8s.io/initial-events-end": "true" } };
    return isMarked ? [...events, this.#bookmark(end)] : events;
  }

  #news(): WatchEvent[] {
    const { store } = this.#cluster;
    const changes = store.changesAfter(this.#version);
    if (changes === undefined) {
      this.#isOver = true;
      const said = `too old resource version: ${this.#version} (${store.forgottenUpTo + 1})`;
      return [{ type: "ERROR", object: expired(said).status }];
    }
    this.#version = Math.max(this.#version, store.version);
    return changes.flatMap((change) => this.#eventOf(change));
  }

  /** An object that begins or ceases to be selected is added or deleted in the eyes of the watch. */
  #eventOf({ resource, type, object, before }: ChangeEvent): WatchEvent[] {
    const { type: watched, namespace, selection } = this.#options;
    if (resource !== watched.resource) return [];
    if (namespace !== "" && namespaceOf(object) !== namespace) return [];
    const was = before !== undefined && isSelected(before, selection);
    const is = type !== "DELETED" && isSelected(object, selection);
    if (was && is) return [this.#event("MODIFIED", object)];
    if (is) return [this.#event("ADDED", object)];
    return was ? [this.#event("DELETED", object)] : [];
  }

  #event(type: WatchEvent["type"], object: StoredObject): WatchEvent {
    return { type, object: presentObject(object, this.#options.type, this.#options.presentation) };
  }

  #bookmark(more: JsonObject): WatchEvent {
    const { type } = this.#options;
    return {
      type: "BOOKMARK",
      object: {
        kind: type.kind,
        apiVersion: apiVersionOf(type),
        metadata: {
          resourceVersion: String(this.#version),
          creationTimestamp: null,
          ...more,
        },
      },
    };
  }
}

/** The order of lists: by namespace and name. */
export function byPlace(a: StoredObject, b: StoredObject): number {
  const [left, right] = [a, b].map(
    ({ metadata }) => `${textOf(metadata["namespace"])}/${metadata.name}`,
  );
  return (left ?? "") < (right ?? "") ? -1 : 1;
}
