/** The client on the wire: what an API server (or what stands in its way) can answer. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ApiError, UnknownKindError } from "../../../src/adapters/kubernetes/api-error.ts";
import {
  type ClusterClient,
  openCluster,
} from "../../../src/adapters/kubernetes/cluster-client.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { kubeconfigFile } from "../../support/kubeconfig-file.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
const kinds = json(200, {
  kind: "APIResourceList",
  resources: [
    { name: "configmaps", kind: "ConfigMap", namespaced: true },
    { name: "secrets", kind: "Secret", namespaced: true },
    { name: "namespaces", kind: "Namespace", namespaced: false },
    { name: "namespaces/status", kind: "Namespace", namespaced: false },
    { name: "pods/log", kind: "Pod", namespaced: true },
  ],
});
const kubeSystem = json(200, {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "kube-system", uid: "u1" },
});
const address = { apiVersion: "v1", kind: "ConfigMap", namespace: "web", name: "a" };
const object: KubeObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", namespace: "web" },
};
const path = "/api/v1/namespaces/web/configmaps";

const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "/nonexistent/login" };

describe("a cluster client", () => {
  let server: Server | undefined;
  let client: ClusterClient | undefined;
  let requests: string[] = [];

  afterEach(async () => {
    await client?.close();
    server?.closeAllConnections();
    server?.close();
    requests = [];
  });

  const open = async (
    answers: Record<string, Answer>,
    timeoutMs = 2000,
  ): Promise<ClusterClient> => {
    const routes: Record<string, Answer> = {
      "GET /api/v1": kinds,
      "GET /api/v1/namespaces/kube-system": kubeSystem,
      ...answers,
    };
    server = createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://localhost");
      requests.push(`${request.method} ${url.pathname}${url.search}`);
      const answer = routes[`${request.method} ${url.pathname}`] ?? json(404, {});
      answer(request, response);
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    // A listening TCP server has an AddressInfo.
    const { port } = server.address() as AddressInfo;
    client = openCluster({
      kubeconfig: await kubeconfigFile(kubeconfig(`http://127.0.0.1:${port}`)),
      timeoutMs,
      clock: systemClock(),
    });
    return client;
  };
  const failure = async (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => expect.unreachable("it must fail"),
      (error: unknown) => error,
    );

  it("tells whether a kind has a status to write", async () => {
    const cluster = await open({});

    expect(await cluster.resource("v1", "Namespace")).toMatchObject({ hasStatus: true });
    expect(await cluster.resource("v1", "ConfigMap")).toMatchObject({ hasStatus: false });
  });

  it("believes that an object is absent only from an API server's own word", async () => {
    const notFound = { kind: "Status", reason: "NotFound", code: 404 };
    const told = await open({ [`GET ${path}/a`]: json(404, notFound) });
    expect(await told.get(address)).toBeNull();

    const page = await open({
      [`GET ${path}/a`]: (_, response) => response.writeHead(404).end("<html>not here</html>"),
    });
    expect(await failure(page.get(address))).toMatchObject({ code: "API_REFUSED" });
  });

  it.each<[string, string, Answer]>([
    ["500", "CLUSTER_UNREACHABLE", json(500, { kind: "Status", message: "etcd is away" })],
    ["401", "CLUSTER_AUTH", json(401, {})],
    ["403", "API_REFUSED", json(403, { kind: "Status", reason: "Forbidden", message: "no" })],
    ["an empty body", "CLUSTER_UNREACHABLE", (_, response) => response.writeHead(200).end()],
    ["a list instead", "CLUSTER_UNREACHABLE", json(200, [])],
    ["a reset", "CLUSTER_UNREACHABLE", (request) => request.socket.destroy()],
    [
      "a body cut short",
      "CLUSTER_UNREACHABLE",
      (request, response) => {
        response.writeHead(200, { "content-length": "1000" });
        response.write('{"apiVersion":"v1",', () => request.socket.destroy());
      },
    ],
    ["silence", "CLUSTER_UNREACHABLE", () => {}],
  ])("gives an error and no object for %s", async (_, code, answer) => {
    const cluster = await open({ [`GET ${path}/a`]: answer }, 500);

    expect(await failure(cluster.get(address))).toMatchObject({ code });
  });

  it("opens no more connections than there are requests at once", async () => {
    const connections = new Set<unknown>();
    let underWay = 0;
    let most = 0;
    const cluster = await open({
      [`GET ${path}/a`]: (request, response) => {
        connections.add(request.socket);
        underWay += 1;
        most = Math.max(most, underWay);
        setTimeout(() => {
          underWay -= 1;
          json(200, object)(request, response);
        }, 2);
      },
    });
    await cluster.identity();
    await Promise.all(Array.from({ length: 60 }, () => cluster.get(address)));
    expect(most).toBeGreaterThan(1);
    expect(connections.size).toBe(most);
  });

  it("waits as long as Retry-After asks", async () => {
    const cluster = await open({ [`GET ${path}/a`]: json(429, {}, { "retry-after": "7" }) });

    const error = await failure(cluster.get(address));
    expect(error).toMatchObject({ code: "CLUSTER_UNREACHABLE" });
    // And up to a quarter more, so that not all come back at once.
    const { afterMs } = (error as ApiError).retry as { afterMs: number }; // by its code
    expect(afterMs).toBeGreaterThan(6900);
    expect(afterMs).toBeLessThan(8800);
  });

  it("waits until the date that Retry-After names", async () => {
    const until = new Date(Date.now() + 7000).toUTCString();
    const cluster = await open({ [`GET ${path}/a`]: json(429, {}, { "retry-after": until }) });

    const error = await failure(cluster.get(address));
    expect(error).toMatchObject({ code: "CLUSTER_UNREACHABLE" });
    // A date has whole seconds.
    const { afterMs } = (error as ApiError).retry as { afterMs: number }; // by its code
    expect(afterMs).toBeGreaterThan(5500);
    expect(afterMs).toBeLessThan(8800);
  });

  it("gives a list whole or not at all", async () => {
    const page = (names: readonly string[], next: string) => ({
      kind: "ConfigMapList",
      metadata: { continue: next },
      items: names.map((name) => ({ metadata: { name, namespace: "web" } })),
    });
    let fails = false;
    const cluster = await open({
      [`GET ${path}`]: (request, response) => {
        if (!request.url?.includes("continue="))
          json(200, page(["a", "b"], "more"))(request, response);
        else if (fails) request.socket.destroy();
        else json(200, page(["c"], ""))(request, response);
      },
    });
    const query = { apiVersion: "v1", kind: "ConfigMap", namespace: "web", limit: 2 };
    const all = await cluster.list(query);
    expect(all.map((one) => [one.kind, one.metadata.name])).toEqual([
      ["ConfigMap", "a"],
      ["ConfigMap", "b"],
      ["ConfigMap", "c"],
    ]);

    fails = true;
    expect(await failure(cluster.list(query))).toMatchObject({ code: "CLUSTER_UNREACHABLE" });

    // A sample that the first page fills needs no second one.
    expect(await cluster.list({ ...query, sample: 2 })).toHaveLength(2);
  });

  it.each([
    ["without items", { kind: "ConfigMapList", metadata: {} }],
    ["that is a page", { hello: "world" }],
  ])("takes no answer for an empty list %s", async (_, body) => {
    const cluster = await open({ [`GET ${path}`]: json(200, body) });

    const work = cluster.list({ apiVersion: "v1", kind: "ConfigMap", namespace: "web" });
    expect(await failure(work)).toMatchObject({ code: "CLUSTER_UNREACHABLE" });
  });

  it("asks once which kinds there are, and again for one that it does not know", async () => {
    const cluster = await open({ [`GET ${path}/a`]: json(200, object) });
    await Promise.all([cluster.get(address), cluster.get(address), cluster.get(address)]);
    expect(requests.filter((one) => one === "GET /api/v1")).toHaveLength(1);

    const unknown = cluster.get({ ...address, kind: "Gadget" });
    expect(await failure(unknown)).toBeInstanceOf(UnknownKindError);
    expect(requests.filter((one) => one === "GET /api/v1")).toHaveLength(2);
  });

  it("says that a kind is not served only when the cluster says so", async () => {
    const groups = {
      groups: [{ name: "example.org", versions: [{ groupVersion: "example.org/v1" }] }],
    };
    const cluster = await open({ "GET /apis": json(200, groups) });

    expect(await cluster.version("gone.example.org", "Widget")).toBeUndefined();
    expect(await failure(cluster.version("example.org", "Widget"))).toMatchObject({
      code: "CLUSTER_UNREACHABLE",
    });
  });

  it("writes only to a cluster that was recognised, and asks again when the connection has changed", async () => {
    let breaks = false;
    const cluster = await open({
      [`PATCH ${path}/a`]: json(200, object),
      [`GET ${path}/a`]: (request, response) =>
        breaks ? request.socket.destroy() : json(200, object)(request, response),
    });
    const write = (): Promise<unknown> => cluster.apply(object, { fieldManager: "m" });
    expect(await failure(write())).toMatchObject({ code: "CLUSTER_UNREACHABLE" });

    cluster.pin(await cluster.identity());
    await write();
    breaks = true;
    await failure(cluster.get(address));
    expect(await failure(write())).toMatchObject({ code: "CLUSTER_UNREACHABLE" });
    cluster.onUnpinned(async () => cluster.pin(await cluster.identity()));
    await write();

    const writes = requests.filter((one) => one.startsWith("PATCH"));
    expect(writes).toEqual([`PATCH ${path}/a?fieldManager=m`, `PATCH ${path}/a?fieldManager=m`]);
  });

  it("asks once who it is for all writes that wait for it", async () => {
    const cluster = await open({ [`PATCH ${path}/a`]: json(200, object) });
    await cluster.resource("v1", "ConfigMap");
    cluster.onUnpinned(async () => cluster.pin(await cluster.identity()));
    const writes = Array.from({ length: 20 }, () => cluster.apply(object, { fieldManager: "m" }));
    await Promise.all(writes);

    expect(requests.filter((one) => one.includes("kube-system"))).toHaveLength(1);
    expect(requests.filter((one) => one.startsWith("PATCH"))).toHaveLength(20);
  });

  it("keeps the reason and causes of a refusal, and the values of a Secret out of its message", async () => {
    const status = {
      kind: "Status",
      reason: "Invalid",
      message: 'Secret "s" is invalid: data[key]: Invalid value: "canary-value"',
      details: {
        kind: "Secret",
        name: "s",
        causes: [{ reason: "FieldValueInvalid", field: "data[key]", message: "canary-value" }],
      },
    };
    const secret: KubeObject = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", namespace: "web" },
    };
    const cluster = await open({ "PATCH /api/v1/namespaces/web/secrets/s": json(422, status) });
    cluster.pin(await cluster.identity());

    const error = await failure(cluster.apply(secret, { fieldManager: "m" }));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      code: "API_REFUSED",
      message: "cannot apply Secret web/s: Invalid at data[key]",
      facts: { status: 422, reason: "Invalid", causes: [{ field: "data[key]" }] },
    });
  });

  it.each([
    ["is no YAML", "{", false, "is not a kubeconfig"],
    [
      "names a proxy",
      kubeconfig("https://127.0.0.1:1", { cluster: { "proxy-url": "http://127.0.0.1:3128" } }),
      false,
      "goes through none",
    ],
    [
      "speaks for somebody else",
      kubeconfig("https://127.0.0.1:1", { user: { token: "t", as: "admin" } }),
      false,
      "speaks for somebody else",
    ],
    [
      "names a token file that is not there",
      kubeconfig("https://127.0.0.1:1", { user: { tokenFile: "/nonexistent/token" } }),
      false,
      "token file that cannot be read",
    ],
    ["names no cluster", "apiVersion: v1\nkind: Config\n", false, "no current context"],
    [
      "wants to run a program",
      kubeconfig("https://127.0.0.1:1", { user: { exec } }),
      false,
      "not allowed",
    ],
    [
      "names a program that fails",
      kubeconfig("https://127.0.0.1:1", { user: { exec } }),
      true,
      "no usable credentials",
    ],
  ])("refuses a kubeconfig that %s", async (...[, text, allowExec, message]) => {
    const file = await kubeconfigFile(text);
    client = openCluster({ kubeconfig: file, allowExec, clock: systemClock() });

    const error = await failure(client.identity());
    expect(error).toMatchObject({ code: "CLUSTER_AUTH" });
    expect(String(error)).toContain(message);
  });
});

function kubeconfig(
  server: string,
  { cluster = {}, user = { token: "t" } }: { cluster?: object; user?: object } = {},
): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, "insecure-skip-tls-verify": true, ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    "current-context": "c",
  });
}
