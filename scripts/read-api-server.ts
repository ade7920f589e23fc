/** What the generators share that read the OpenAPI documents and the discovery of a real API server. */
import { createApiClient } from "../test/control-plane/api-client.ts";
import type { ClusterAccess } from "../test/control-plane/api-client.ts";
import { startControlPlanes } from "../test/control-plane/start.ts";

/** The types of an OpenAPI document, by name. */
export type Definitions = Readonly<Record<string, Definition>>;

/** One type; what generators read of it. */
export interface Definition extends Property {
  readonly properties?: Readonly<Record<string, Property>>;
  readonly required?: readonly string[];
  readonly "x-kubernetes-group-version-kind"?: readonly GroupVersionKind[];
}

/** One field, list item or map value; what generators read of it. */
export interface Property {
  readonly $ref?: string;
  /** Version 3 wraps a reference that has other keys beside it. */
  readonly allOf?: readonly Property[];
  readonly type?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly items?: Property;
  readonly additionalProperties?: Property;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: string;
  readonly "x-kubernetes-patch-strategy"?: string;
  readonly "x-kubernetes-patch-merge-key"?: string;
}

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A resource or subresource as discovery lists it. */
export interface Resource {
  readonly name: string;
  readonly singularName: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly group?: string;
  readonly version?: string;
}

/** Reads a path; throws unless the answer is 200. */
export type Get = <T>(path: string) => Promise<T>;

/** Calls `use` with an API server that was started for it. */
export async function withApiServer<T>(use: (access: ClusterAccess) => Promise<T>): Promise<T> {
  await using planes = await startControlPlanes({ clusters: 1 });
  const [cluster] = planes.clusters;
  if (cluster === undefined) throw new Error("no control plane was started");
  return await use(cluster);
}

/** Calls `use` with a reader of the API server's paths. */
export async function withGet<T>(access: ClusterAccess, use: (get: Get) => Promise<T>): Promise<T> {
  const client = createApiClient(access);
  try {
    return await use(async <Body>(path: string) => {
      const { status, body } = await client.request(path, { timeoutMs: 60_000 });
      if (status !== 200) throw new Error(`GET ${path} answered ${status}`);
      return body as Body; // what the API server documents for this path
    });
  } finally {
    client.close();
  }
}

/** A group and its versions, the preferred one first. */
export interface Group {
  readonly name: string;
  readonly versions: readonly { readonly groupVersion: string; readonly version: string }[];
}

/** The groups besides the core one. */
export async function readGroups(get: Get): Promise<readonly Group[]> {
  return (await get<{ groups: Group[] }>("/apis")).groups;
}

/** The resources of every served `group/version`, the core group's `v1` first. */
export async function readResources(
  get: Get,
): Promise<readonly (readonly [string, readonly Resource[]])[]> {
  const groups = await readGroups(get);
  const served = groups.flatMap(({ versions }) => versions.map((version) => version.groupVersion));
  const lists: [string, readonly Resource[]][] = [];
  for (const path of ["/api/v1", ...served.map((groupVersion) => `/apis/${groupVersion}`)]) {
    const list = await get<{ groupVersion: string; resources: Resource[] }>(path);
    lists.push([list.groupVersion, list.resources]);
  }
  return lists;
}

/** `group/version/Kind` → the short name of its type. */
export function typesByKind(definitions: Definitions): ReadonlyMap<string, string> {
  const types = new Map<string, string>();
  for (const [name, definition] of Object.entries(definitions)) {
    const kinds = definition["x-kubernetes-group-version-kind"] ?? [];
    // DeleteOptions and the like belong to every group: they are nobody's object.
    if (kinds.length !== 1) continue;
    for (const { group, version, kind } of kinds) {
      types.set(`${group}/${version}/${kind}`, shortName(name));
    }
  }
  return types;
}

/** `io.k8s.api.core.v1.PodSpec` → `core.v1.PodSpec`. */
export function shortName(name: string): string {
  return name.replace(/^io\.k8s\.(kube-aggregator\.pkg\.apis|apimachinery\.pkg\.apis|api)\./, "");
}
