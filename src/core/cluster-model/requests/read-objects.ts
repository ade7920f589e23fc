/** GET of an object, and of a collection: the list in pages, or a watch. */
import type { JsonObject } from "../../model/json.ts";
import type { ApiRequest, ApiResponse } from "../api-request.ts";
import type { ResourceType } from "../resource-types.ts";
import type { Cluster } from "../cluster.ts";
import { keyOf } from "../object-store.ts";
import { StatusFailure, badRequest, expired, notFound, notModelled } from "../status-failure.ts";
import { type StoredObject, namespaceOf, textOf } from "../stored-object.ts";
import type { ResourcePath } from "./parse-path.ts";
import { presentList, presentObject, readPresentation } from "./present-object.ts";
import { scaleOf } from "./scale-object.ts";
import { isSelected, readSelection } from "./select-objects.ts";
import { byPlace, watchObjects } from "./watch-objects.ts";

/** GET of one object, its status or its scale. */
export function readObject(
  cluster: Cluster,
  request: ApiRequest,
  target: ResourcePath,
): ApiResponse {
  const { type } = target;
  const presentation = readPresentation(request.accept, cluster.now);
  const object = liveObject(cluster, target);
  if (target.subresource === "scale") return { status: 200, body: scaleOf(object, type) };
  return { status: 200, body: presentObject(object, type, presentation) };
}

/** The live object that a path names; 404 when there is none. */
export function liveObject(
  cluster: Cluster,
  { type, namespace, name }: ResourcePath,
): StoredObject {
  const object = cluster.store.get(type.resource, keyOf(namespace, name));
  if (object === undefined) throw notFound(type, name);
  return object;
}

/** GET of a collection. */
export function readObjects(
  cluster: Cluster,
  request: ApiRequest,
  { type, namespace }: ResourcePath,
): ApiResponse {
  const { query } = request;
  const presentation = readPresentation(request.accept, cluster.now);
  const selection = readSelection(query, type.kind);
  const watch = query.get("watch") ?? "0";
  if (watch === "1" || watch === "true") {
    const options = { type, namespace, selection, presentation, query };
    return { status: 200, watch: watchObjects(cluster, options) };
  }
  if (watch !== "0" && watch !== "false") throw notModelled(`a list with watch ${watch}`);
  checkVersion(cluster, query);
  checkListOptions(query);
  const token = readToken(query.get("continue") ?? "");
  const objects = objectsAt(cluster, { type, namespace, version: token?.version })
    .filter((object) => isSelected(object, selection))
    .toSorted(byPlace);
  const page = pageOf(cluster, objects, { token, limit: Number(query.get("limit") ?? "0") });
  const { items, metadata } = page;
  return { status: 200, body: presentList(items, type, { presentation, metadata }) };
}

/** A version that lies in the future is waited for by a real server, and then answered 504. */
function checkVersion(cluster: Cluster, query: URLSearchParams): void {
  const version = query.get("resourceVersion") ?? "";
  if (!/^\d*$/.test(version))
    throw badRequest(`invalid resource version ${JSON.stringify(version)}`);
  if (Number(version) <= cluster.store.version) return;
  throw new StatusFailure(504, "Timeout", {
    message: `Too large resource version: ${version}, current: ${cluster.store.version}`,
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    },
  });
}

/** 501 for what a real server refuses, or answers with another state than the newest. */
function checkListOptions(query: URLSearchParams): void {
  const isLimit = /^\d*$/.test(query.get("limit") ?? "");
  if (isLimit && asksForNewest(query) && !query.has("sendInitialEvents")) return;
  throw notModelled(`a list with ${query.toString()}`);
}

/** A version in pages asks for the state at that version, as `Exact` does. */
function asksForNewest(query: URLSearchParams): boolean {
  const version = query.get("resourceVersion") ?? "";
  const isContinued = (query.get("continue") ?? "") !== "";
  const isInPages = isContinued || Number(query.get("limit") ?? "0") > 0;
  switch (query.get("resourceVersionMatch") ?? "") {
    case "":
      return /^0?$/.test(version) || !isInPages;
    case "NotOlderThan":
      return version !== "" && !isContinued;
    default:
      return false;
  }
}

interface Page {
  readonly items: readonly StoredObject[];
  readonly metadata: JsonObject;
}

/** A continue token names the version of the first page and the last key that was given. */
function pageOf(
  cluster: Cluster,
  objects: readonly StoredObject[],
  { token, limit }: { readonly token: PageToken | undefined; readonly limit: number },
): Page {
  const version = token?.version ?? cluster.store.version;
  const rest = objects.filter((object) => token === undefined || placeOf(object) > token.after);
  const metadata = { resourceVersion: String(version) };
  if (limit <= 0 || rest.length <= limit) return { items: rest, metadata };
  const items = rest.slice(0, limit);
  const after = encodeURIComponent(items.map(placeOf).at(-1) ?? "");
  const remainingItemCount = rest.length - limit;
  return { items, metadata: { ...metadata, continue: `${version}.${after}`, remainingItemCount } };
}

function pageExpired(): StatusFailure {
  return expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
  );
}

/** The objects as they were at a version, told from the changes since. */
function objectsAt(
  { store }: Cluster,
  at: {
    readonly type: ResourceType;
    readonly namespace: string;
    readonly version: number | undefined;
  },
): readonly StoredObject[] {
  const { type, namespace, version } = at;
  const current = store.all(type.resource, namespace);
  if (version === undefined || version === store.version) return current;
  const changes = store.changesAfter(version);
  if (changes === undefined) throw pageExpired();
  const objects = new Map(current.map((object) => [placeOf(object), object]));
  for (const { resource, object, before } of changes.toReversed()) {
    if (resource !== type.resource) continue;
    if (namespace !== "" && namespaceOf(object) !== namespace) continue;
    if (before === undefined) objects.delete(placeOf(object));
    else objects.set(placeOf(before), before);
  }
  return [...objects.values()];
}

interface PageToken {
  readonly version: number;
  readonly after: string;
}

function placeOf(object: StoredObject): string {
  return `${textOf(namespaceOf(object))}/${object.metadata.name}`;
}

function readToken(text: string): PageToken | undefined {
  if (text === "") return undefined;
  const match = /^(?<version>\d+)\.(?<after>.*)$/.exec(text)?.groups;
  if (match === undefined) throw badRequest("continue key is not valid");
  return { version: Number(match["version"]), after: decodeURIComponent(match["after"] ?? "") };
}
