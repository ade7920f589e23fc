/** What a cluster says about itself: version, health, which kinds it serves. */
import { isBuiltInGroup } from "../../model/built-in-groups.ts";
import type { JsonObject } from "../../model/json.ts";
import type { ApiRequest, ApiResponse } from "../api-request.ts";
import { builtInTypes } from "../built-in-types.ts";
import type { Cluster } from "../cluster.ts";
import { type ResourceType, apiVersionOf } from "../resource-types.ts";
import { notModelled } from "../status-failure.ts";
import { openApiDocument, openApiPaths } from "./open-api.ts";

const version: JsonObject = {
  major: "1",
  minor: "36",
  emulationMajor: "1",
  emulationMinor: "36",
  minCompatibilityMajor: "1",
  minCompatibilityMinor: "35",
  gitVersion: "v1.36.4",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "simulated",
  compiler: "simulated",
  platform: "simulated",
};

const health = new Set(["/healthz", "/livez", "/readyz"]);

/** The answer to a GET of a path that is no resource; undefined for what the model does not know. */
export function answerDiscovery(cluster: Cluster, request: ApiRequest): ApiResponse | undefined {
  if (request.method !== "GET") return undefined;
  const { path } = request;
  if (path === "/version") return { status: 200, body: version };
  if (health.has(path)) return answerHealth(request);
  if (path === "/openapi/v3")
    return { status: 200, body: openApiPaths(groupVersionPaths(cluster)) };
  if (path.startsWith("/openapi/v3/")) return answerOpenApi(cluster, path);
  if (path === "/api" || path === "/apis") return answerRoots(cluster, request);
  return path.startsWith("/api/") || path.startsWith("/apis/")
    ? answerGroup(cluster, path)
    : undefined;
}

/** The model has no single checks to tell of (`verbose`) or to leave out (`exclude`). */
function answerHealth({ path, query }: ApiRequest): ApiResponse {
  if (!query.has("verbose") && !query.has("exclude")) return { status: 200, text: "ok" };
  throw notModelled(`GET ${path}?${query.toString()}`);
}

function allTypes(cluster: Cluster): readonly ResourceType[] {
  return [...builtInTypes, ...cluster.custom.all()];
}

/** `api/v1`, `apis/apps/v1`, ... */
function groupVersionPaths(cluster: Cluster): readonly string[] {
  return [...new Set(allTypes(cluster).map(pathOf))];
}

function pathOf(type: ResourceType): string {
  return type.group === "" ? `api/${type.version}` : `apis/${apiVersionOf(type)}`;
}

function answerOpenApi(cluster: Cluster, path: string): ApiResponse | undefined {
  const wanted = path.slice("/openapi/v3/".length);
  const types = allTypes(cluster).filter((type) => pathOf(type) === wanted);
  return types.length === 0 ? undefined : { status: 200, body: openApiDocument(types) };
}

/** Aggregated where it is asked for, else the lists of versions and groups. */
function answerRoots(cluster: Cluster, { path, accept }: ApiRequest): ApiResponse {
  if (/g=apidiscovery\.k8s\.io/.test(accept) && /v=v2(?![a-z])/.test(accept)) {
    return { status: 200, body: aggregated(cluster, path === "/api") };
  }
  if (path === "/api") {
    const addresses = [{ clientCIDR: "0.0.0.0/0", serverAddress: "127.0.0.1:443" }];
    const body = { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: addresses };
    return { status: 200, body };
  }
  return { status: 200, body: { kind: "APIGroupList", apiVersion: "v1", groups: groups(cluster) } };
}

function groups(cluster: Cluster): readonly JsonObject[] {
  const names = new Set(allTypes(cluster).map(({ group }) => group));
  return [...names].filter((name) => name !== "").map((name) => groupObject(cluster, name));
}

function groupObject(cluster: Cluster, name: string): JsonObject {
  const versions = versionsOf(cluster, name).map((one) => ({
    groupVersion: `${name}/${one}`,
    version: one,
  }));
  return { name, versions, preferredVersion: versions[0] ?? {} };
}

/** The preferred one first: v2 before v1 before v1beta1. */
function versionsOf(cluster: Cluster, group: string): readonly string[] {
  const types = allTypes(cluster).filter((type) => type.group === group);
  return [...new Set(types.map((type) => type.version))].toSorted(compareVersions);
}

function compareVersions(a: string, b: string): number {
  const rank = (text: string): number => {
    const match = /^v(?<major>\d+)(?:(?<stage>alpha|beta)(?<minor>\d+))?$/.exec(text)?.groups;
    if (match === undefined) return -1;
    const stage = match["stage"] === undefined ? 2 : match["stage"] === "beta" ? 1 : 0;
    return stage * 1_000_000 + Number(match["major"]) * 1000 + Number(match["minor"] ?? 0);
  };
  return rank(b) - rank(a);
}

/** A path in a group that is not of Kubernetes itself and that no kind is behind (any more); undefined: it is of none. */
export function answerUnserved(cluster: Cluster, path: string): ApiResponse | undefined {
  const [, root, group = ""] = path.split("/");
  const isDefined = cluster.custom.all().some((type) => type.group === group);
  return root === "apis" && (isDefined || !isBuiltInGroup(group)) ? unserved : undefined;
}

const unserved: ApiResponse = { status: 404, text: "404 page not found\n" };

/** `/apis/apps` a group, `/api/v1` and `/apis/apps/v1` its resources. A real server answers others with a bare 404. */
function answerGroup(cluster: Cluster, path: string): ApiResponse | undefined {
  const parts = path.split("/").slice(1);
  const isCore = parts[0] === "api";
  if (parts.length > (isCore ? 2 : 3)) return undefined;
  const group = isCore ? "" : (parts[1] ?? "");
  const types = allTypes(cluster).filter((type) => type.group === group);
  if (types.length === 0) return unserved;
  if (!isCore && parts.length === 2) {
    const body = { kind: "APIGroup", apiVersion: "v1", ...groupObject(cluster, group) };
    return { status: 200, body };
  }
  const version = parts[isCore ? 1 : 2];
  const served = types.filter((type) => type.version === version);
  if (served.length === 0) return unserved;
  return { status: 200, body: resourceList(served) };
}

function resourceList(types: readonly ResourceType[]): JsonObject {
  const [first] = types;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: first === undefined ? "" : apiVersionOf(first),
    resources: types.flatMap((type) => [resourceEntry(type), ...subresourceEntries(type)]),
  };
}

function resourceEntry(type: ResourceType): JsonObject {
  return {
    name: type.plural,
    singularName: type.singular,
    namespaced: type.namespaced,
    kind: type.kind,
    verbs: type.verbs,
    ...(type.shortNames.length > 0 && { shortNames: type.shortNames }),
    ...(type.categories.length > 0 && { categories: type.categories }),
  };
}

const subresourceVerbs = ["get", "patch", "update"];

function subresourceEntries(type: ResourceType): readonly JsonObject[] {
  return type.subresources.map((name) => ({
    name: `${type.plural}/${name}`,
    singularName: "",
    namespaced: type.namespaced,
    ...(name === "scale"
      ? { group: "autoscaling", version: "v1", kind: "Scale" }
      : { kind: type.kind }),
    verbs: subresourceVerbs,
  }));
}

function aggregated(cluster: Cluster, isCore: boolean): JsonObject {
  const names = new Set(allTypes(cluster).map(({ group }) => group));
  const wanted = [...names].filter((name) => (name === "") === isCore);
  const items = wanted.map((group) => ({
    metadata: { ...(group !== "" && { name: group }), creationTimestamp: null },
    versions: versionsOf(cluster, group).map((one) => ({
      version: one,
      resources: allTypes(cluster)
        .filter((type) => type.group === group && type.version === one)
        .map(aggregatedResource),
      freshness: "Current",
    })),
  }));
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items,
  };
}

function aggregatedResource(type: ResourceType): JsonObject {
  // Group and version are told only where they are other ones.
  const own = { group: "", version: "", kind: type.kind };
  return {
    resource: type.plural,
    responseKind: own,
    scope: type.namespaced ? "Namespaced" : "Cluster",
    singularResource: type.singular,
    verbs: type.verbs,
    ...(type.shortNames.length > 0 && { shortNames: type.shortNames }),
    ...(type.categories.length > 0 && { categories: type.categories }),
    ...(type.subresources.length > 0 && {
      subresources: type.subresources.map((subresource) => ({
        subresource,
        responseKind:
          subresource === "scale" ? { group: "autoscaling", version: "v1", kind: "Scale" } : own,
        verbs: subresourceVerbs,
      })),
    }),
  };
}
