import { FleetError } from "../../core/errors.ts";
import type { Answer } from "./exchange.ts";
import { type Json, type JsonObject, isJsonObject } from "../../core/model/json.ts";

/** How a kind is addressed. */
export interface ApiResource {
  readonly plural: string;
  readonly namespaced: boolean;
  /** It has a status of its own for a controller to write (a subresource). */
  readonly hasStatus: boolean;
}

/** Reads `/api/v1` or `/apis/<group>/<version>`: undefined when the cluster does not serve it. */
export type ReadGroupVersion = (path: string, signal?: AbortSignal) => Promise<Json | undefined>;

/** The kinds that a cluster serves, asked for by group and version and remembered. */
export interface Discovery {
  /** undefined: the cluster does not serve the kind (asked again, not only remembered). */
  find(apiVersion: string, kind: string, signal?: AbortSignal): Promise<ApiResource | undefined>;
  /** The served version of a kind whose group alone is known, the preferred one first; undefined: the cluster says that it serves none. */
  version(group: string, kind: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Forgets everything: another cluster may stand behind the address. */
  forget(): void;
}

/** `read` is asked once per group and version, and again for a kind that is not among the remembered ones. */
export function createDiscovery(read: ReadGroupVersion): Discovery {
  const known = new Map<string, ReadonlyMap<string, ApiResource>>();
  const asking = new Map<string, Promise<ReadonlyMap<string, ApiResource>>>();

  const ask = (apiVersion: string, signal?: AbortSignal) => {
    const running = asking.get(apiVersion);
    if (running !== undefined) return running;
    const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const answer = read(path, signal)
      .then((body) => {
        const kinds = parseResources(body);
        if (body === undefined) known.delete(apiVersion);
        else known.set(apiVersion, kinds);
        return kinds;
      })
      .finally(() => asking.delete(apiVersion));
    asking.set(apiVersion, answer);
    return answer;
  };
  const find: Discovery["find"] = async (apiVersion, kind, signal) =>
    known.get(apiVersion)?.get(kind) ?? (await ask(apiVersion, signal)).get(kind);
  return {
    find,
    version: async (group, kind, signal) => {
      const versions = group === "" ? ["v1"] : parseVersions(await read("/apis", signal), group);
      for (const apiVersion of versions) {
        if ((await find(apiVersion, kind, signal)) !== undefined) return apiVersion;
        // A version that is listed and not answered is no word about the kinds in it.
        if (!known.has(apiVersion)) throw notTold(`the kinds of ${apiVersion}`);
      }
      return undefined;
    },
    forget: () => known.clear(),
  };
}

/** The versions of a group in an APIGroupList, the preferred one first. */
function parseVersions(body: Json | undefined, group: string): readonly string[] {
  const groups = isJsonObject(body) && Array.isArray(body["groups"]) ? body["groups"] : undefined;
  if (groups === undefined) throw notTold("its groups");
  const entry = groups.filter(isJsonObject).find((one: JsonObject) => one["name"] === group);
  if (entry === undefined) return [];
  const preferred = isJsonObject(entry["preferredVersion"]) ? [entry["preferredVersion"]] : [];
  const all = Array.isArray(entry["versions"]) ? entry["versions"].filter(isJsonObject) : [];
  const names = [...preferred, ...all].map((version: JsonObject) => version["groupVersion"]);
  return [...new Set(names.filter((name) => typeof name === "string"))];
}

/** The kinds of an APIResourceList; of their subresources only whether there is a status. */
function parseResources(body: Json | undefined): ReadonlyMap<string, ApiResource> {
  const list = isJsonObject(body) && Array.isArray(body["resources"]) ? body["resources"] : [];
  const entries = list.filter((item: Json) => isJsonObject(item));
  const names = new Set(entries.map(({ name }) => name));
  const kinds = new Map<string, ApiResource>();
  for (const { kind, name, namespaced } of entries) {
    if (typeof kind !== "string" || typeof name !== "string" || name.includes("/")) continue;
    const hasStatus = names.has(`${name}/status`);
    kinds.set(kind, { plural: name, namespaced: namespaced === true, hasStatus });
  }
  return kinds;
}

/** `gitVersion` of an answer of `/version`; undefined where it is none. */
export function parseServerVersion({ status, body }: Answer): string | undefined {
  const version = status === 200 && isJsonObject(body) ? body["gitVersion"] : undefined;
  return typeof version === "string" && /^v\d[\w.+-]{0,62}$/.test(version) ? version : undefined;
}

function notTold(what: string): FleetError {
  return new FleetError("CLUSTER_UNREACHABLE", `the API server did not tell ${what}`);
}

/** Where objects of a kind are listed and created; `namespace` "": in all, or in none. */
export function collectionPath(apiVersion: string, found: ApiResource, namespace: string): string {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const within =
    found.namespaced && namespace !== "" ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${within}/${found.plural}`;
}
