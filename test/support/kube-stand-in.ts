/**
 * Many clusters behind one loopback port, for what needs more of them than API servers can be had: each knows
 * ConfigMaps and namespaces only, and answers at once, late or never. What an API server decides is tested on one.
 *
 *   const clusters = await startStandIns();
 *   clusters.kubeconfig("s1");                     // text of a kubeconfig
 *   clusters.delayMs = (site) => site === "s1" ? Number.POSITIVE_INFINITY : 0;
 *   clusters.data("s1", "a");                      // data of ConfigMap default/a
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type JsonObject, isJsonObject } from "../../src/core/model/json.ts";

export interface StandIns {
  kubeconfig(site: string): string;
  /** How long each request of a site waits, by its method; infinity: for ever. */
  delayMs: (site: string, method: string) => number;
  data(site: string, name: string): unknown;
  /** Changes the data of a ConfigMap in `default` by hand. */
  edit(site: string, name: string, data: JsonObject): void;
  /** What `/version` says of a site. */
  version: (site: string) => string;
  /** Requests that came in, as `<site> <method> <path>`. */
  readonly requests: string[];
  close(): Promise<void>;
}

const resources = {
  kind: "APIResourceList",
  resources: [
    { name: "configmaps", kind: "ConfigMap", namespaced: true },
    { name: "namespaces", kind: "Namespace", namespaced: false },
  ],
};
/** Fields of whoever wrote an object last. */
const owned = { "f:data": { "f:k": {} } };
const notFound = { kind: "Status", status: "Failure", reason: "NotFound", code: 404 };

export async function startStandIns(): Promise<StandIns> {
  const live = new Map<string, JsonObject>();
  const requests: string[] = [];
  let version = 0;
  const answerTo = (method: string, url: URL, body: string): [number, unknown] => {
    const [, site = "", ...rest] = url.pathname.split("/");
    const path = `/${rest.join("/")}`;
    if (path === "/api/v1") return [200, resources];
    if (path === "/version") return [200, { gitVersion: standIns.version(site) }];
    if (path === "/api/v1/namespaces/kube-system") {
      const metadata = { name: "kube-system", uid: `uid-of-${site}` };
      return [200, { apiVersion: "v1", kind: "Namespace", metadata }];
    }
    if (path === "/api/v1/namespaces/flotilla-system/configmaps") {
      const items = [...live].filter(([key]) => key.startsWith(`${url.pathname}/`));
      return [200, { kind: "ConfigMapList", metadata: {}, items: items.map(([, item]) => item) }];
    }
    const found = live.get(url.pathname);
    if (method === "GET") return found === undefined ? [404, notFound] : [200, found];
    version += 1;
    const sent = JSON.parse(body) as JsonObject; // written by the worker
    const metadata = isJsonObject(sent["metadata"]) ? sent["metadata"] : {};
    const uid = metadata["uid"] ?? `uid-${version}`;
    const entry = { manager: url.searchParams.get("fieldManager"), operation: "Apply" };
    const managedFields = [{ ...entry, fieldsV1: owned }];
    const resourceVersion = String(version);
    const next = { ...sent, metadata: { ...metadata, uid, resourceVersion, managedFields } };
    live.set(url.pathname, next);
    return [200, next];
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? "/", "http://localhost");
    const method = request.method ?? "GET";
    const site = url.pathname.split("/")[1] ?? "";
    requests.push(`${site} ${method} ${url.pathname.slice(site.length + 1)}`);
    const waitMs = standIns.delayMs(site, method);
    if (waitMs === Number.POSITIVE_INFINITY) return;
    if (waitMs > 0) await delay(waitMs);
    const [status, body] = answerTo(method, url, Buffer.concat(chunks).toString());
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy());
  });
  server.unref();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A listening TCP server has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  const standIns: StandIns = {
    kubeconfig: (site) => {
      const cluster = {
        server: `http://127.0.0.1:${port}/${site}`,
        "insecure-skip-tls-verify": true,
      };
      return JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "c", cluster }],
        users: [{ name: "u", user: { token: "t" } }],
        contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
        "current-context": "c",
      });
    },
    delayMs: () => 0,
    version: () => "v1.36.4",
    data: (site, name) =>
      live.get(`/${site}/api/v1/namespaces/default/configmaps/${name}`)?.["data"],
    edit: (site, name, data) => {
      const key = `/${site}/api/v1/namespaces/default/configmaps/${name}`;
      const { metadata, ...rest } = live.get(key) ?? {};
      version += 1;
      const managedFields = [{ manager: "kubectl-edit", operation: "Update", fieldsV1: owned }];
      const known = isJsonObject(metadata) ? metadata : {};
      const edited = { ...known, resourceVersion: String(version), managedFields };
      live.set(key, { ...rest, metadata: edited, data });
    },
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return standIns;
}
