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

function resourceAt(
  rest: readonly string[],
  find: (plural: string) => ResourceType | undefined,
): ResourcePath | undefined {
  // `/namespaces/x/status` is the subresource of a namespace, `/namespaces/x/pods` a collection in it.
  const isInNamespace =
    rest[0] === "namespaces" && rest.length > 2 && !namespaceSubresources.has(rest[2] ?? "");
  const namespace = isInNamespace ? (rest[1] ?? "") : "";
  const [plural = "", name = "", subresource = "", ...more] = isInNamespace ? rest.slice(2) : rest;
  const type = find(plural);
  if (type === undefined || more.length > 0 || plural === "") return undefined;
  if (isInNamespace && !type.namespaced) return undefined;
  if (type.namespaced && namespace === "" && name !== "") return undefined;
  return { type, namespace, name, subresource };
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
