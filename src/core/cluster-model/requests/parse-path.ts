/** What the path of a request names. */
import { builtInAt } from "../built-in-types.ts";
import type { Cluster } from "../cluster.ts";
import type { ResourceType } from "../resource-types.ts";

/** A collection, an object, or a subresource of one; `namespace` and `name` are "" where there is none. */
export interface ResourcePath {
  readonly type: ResourceType;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** Reads `/api/v1/...` and `/apis/group/version/...`; undefined for other paths and for kinds that are not served. */
export function parseResourcePath(cluster: Cluster, path: string): ResourcePath | undefined {
  const parts = path.split("/").slice(1);
  const isCore = parts[0] === "api";
  if (!isCore && parts[0] !== "apis") return undefined;
  const group = isCore ? "" : (parts[1] ?? "");
  const rest = parts.slice(isCore ? 2 : 3).map(decode);
  const version = parts[isCore ? 1 : 2] ?? "";
  const find = (plural: string): ResourceType | undefined =>
    builtInAt(`${group}/${version}/${plural}`) ??
    cluster.custom.at(`${group}/${version}/${plural}`);
  return resourceAt(rest, find);
}

function resourceAt(rest: readonly string[], find: FindType): ResourcePath | undefined {
  // `/namespaces/x/status` is the subresource of a namespace, `/namespaces/x/pods` a collection in it.
  if (!namesCollection(rest)) return placeIn("", rest, find);
  const [, namespace = "", ...inside] = rest;
  const place = placeIn(namespace, inside, find);
  return place?.type.namespaced ? place : undefined;
}

type FindType = (plural: string) => ResourceType | undefined;

function placeIn(
  namespace: string,
  [plural, name = "", subresource = "", ...more]: readonly string[],
  find: FindType,
): ResourcePath | undefined {
  const type = plural === undefined || more.length > 0 ? undefined : find(plural);
  if (type === undefined) return undefined;
  const isHomeless = type.namespaced && namespace === "" && name !== "";
  return isHomeless ? undefined : { type, namespace, name, subresource };
}

function namesCollection([first, , third]: readonly string[]): boolean {
  return first === "namespaces" && third !== undefined && !namespaceSubresources.has(third);
}

const namespaceSubresources = new Set(["status", "finalize"]);

function decode(part: string): string {
  if (!part.includes("%")) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
