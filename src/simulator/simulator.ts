/**
 * Simulated Kubernetes clusters over HTTP on this machine: all of them on one port, each below its own path, so that
 * thousands fit in a process. The model behind them is pure (core/cluster-model); here are sockets, time and faults.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { FleetError } from "../core/errors.ts";
import type { Cluster } from "../core/cluster-model/cluster.ts";
import type { PodScript } from "../core/cluster-model/pods/pod-script.ts";
import type { Clock } from "../runtime/clock.ts";
import { type ClusterUrl, answerCluster, sendStatus } from "./answer-http.ts";
import { answerAdmin } from "./answer-admin.ts";
import { type Answered, ClusterHost, type ClusterStart, type Fault } from "./cluster-host.ts";
import { countsOf, failHost, healHost } from "./fault-controls.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { listen, openOwnPort } from "./own-port.ts";

/** `port` 0 (the default) takes a free one; `host` defaults to 127.0.0.1. */
export interface SimulatorOptions {
  readonly clusters: readonly (string | ClusterStart)[];
  readonly clock: Clock;
  /** Bearer token of every cluster and of the admin API. */
  readonly token: string;
  readonly host?: string;
  readonly port?: number;
  /** Clusters that listen on a port of their own: when they refuse, nothing listens there. */
  readonly ownPorts?: readonly string[];
  /** Called after each answer of a cluster. */
  readonly onAnswered?: (answered: Answered) => void;
}

/** A running simulator. Unknown cluster names throw a FleetError (NOT_FOUND). */
export interface Simulator extends AsyncDisposable {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly names: readonly string[];
  /** Address of a cluster's API. */
  server(name: string): string;
  kubeconfig(name: string): string;
  /** From now on the cluster fails in this way. */
  fail(name: string, fault: Fault): void;
  /** From now on it answers again; requests that hang are answered. */
  heal(name: string): void;
  /** What becomes of pods, those that run included. */
  script(name: string, script: PodScript): void;
  /** Requests by verb (GET, WATCH, APPLY, ...), of one cluster or of all. */
  counts(name?: string): Readonly<Record<string, number>>;
  /** Starts counting anew. */
  forgetCounts(): void;
  /** The state of a cluster, to look at. */
  cluster(name: string): Cluster;
  /** Adds a cluster. */
  add(cluster: string | ClusterStart): void;
  close(): Promise<void>;
}

/** Starts listening. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { clock, token, host = "127.0.0.1", port = 0 } = options;
  const hosts = new Map<string, ClusterHost>();
  const add = (cluster: string | ClusterStart): void => {
    const start = typeof cluster === "string" ? { name: cluster } : cluster;
    hosts.set(start.name, new ClusterHost(start, clock, options.onAnswered));
  };
  for (const cluster of options.clusters) add(cluster);
  const server = listen(host, port, (request, response) => {
    route({ hosts, token }, request, response);
  });
  await once(server, "listening");
  // A server that listens on TCP has such an address.
  const url = `http://${host}:${(server.address() as AddressInfo).port}`;
  for (const name of options.ownPorts ?? []) {
    const only = hostOf(hosts, name);
    only.ownPort = await openOwnPort(host, (request, response) => {
      route({ hosts, token, only: name }, request, response);
    });
  }
  const close = async (): Promise<void> => {
    for (const one of hosts.values()) one.close();
    server.close();
    server.closeAllConnections();
    await once(server, "close").catch(() => undefined);
  };
  const running = { url, hosts, token, add, close };
  return { ...controlsOf(running), [Symbol.asyncDispose]: close };
}

interface Running {
  readonly url: string;
  readonly hosts: ReadonlyMap<string, ClusterHost>;
  readonly token: string;
  readonly add: (cluster: string | ClusterStart) => void;
  readonly close: () => Promise<void>;
}

function controlsOf({ url, hosts, token, add, close }: Running): Omit<Simulator, symbol> {
  /** `key` lies before the path of the cluster. */
  const serverOf = (name: string, key = ""): string => {
    const { ownPort } = hostOf(hosts, name);
    return ownPort === undefined ? `${url}${key}${prefix}${name}` : `${ownPort.url}${key}`;
  };
  return {
    url,
    get names() {
      return [...hosts.keys()];
    },
    server: (name) => serverOf(name),
    kubeconfig: (name) =>
      kubeconfigText({ name, server: serverOf(name, `${keyPrefix}${token}`), token }),
    fail: (name, fault) => failHost(hostOf(hosts, name), fault),
    heal: (name) => healHost(hostOf(hosts, name)),
    script: (name, script) => hostOf(hosts, name).setScript(script),
    counts: (name) => countsOf(name === undefined ? [...hosts.values()] : [hostOf(hosts, name)]),
    forgetCounts: () => {
      for (const one of hosts.values()) one.counts.clear();
    },
    cluster: (name) => hostOf(hosts, name).cluster(),
    add,
    close,
  };
}

/** The cluster of a name; NOT_FOUND when there is none. */
function hostOf(hosts: ReadonlyMap<string, ClusterHost>, name: string): ClusterHost {
  const found = hosts.get(name);
  if (found !== undefined) return found;
  throw new FleetError("NOT_FOUND", `there is no simulated cluster "${name}"`, { retry: "never" });
}

const prefix = "/clusters/";
const keyPrefix = "/key/";

/** kubectl sends no token over plain HTTP: its kubeconfig has the token in the path instead. */
function withoutKey(url: string, token: string): string | undefined {
  const key = `${keyPrefix}${token}/`;
  return url.startsWith(key) ? url.slice(key.length - 1) : undefined;
}

function route(
  { hosts, token, only }: Routes,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { url: asked = "/", headers } = request;
  const isKnown = headers.authorization === `Bearer ${token}`;
  const allowed = withoutKey(asked, token) ?? (isKnown ? asked : undefined);
  if (allowed === undefined) {
    sendStatus(response, { code: 401, reason: "Unauthorized", message: "Unauthorized" });
    return;
  }
  const url = only === undefined ? allowed : `${prefix}${only}${allowed}`;
  if (!url.startsWith(prefix)) {
    answerAdmin({ hosts, url }, request, response);
    return;
  }
  const place = clusterPlace(url);
  const host = hosts.get(place.name);
  if (host === undefined) {
    const message = "there is no simulated cluster of this name";
    sendStatus(response, { code: 404, reason: "NotFound", message });
    return;
  }
  answerCluster(host, { request, response }, place);
}

/** `/clusters/<name>/<path>?<query>`. */
function clusterPlace(url: string): ClusterUrl & { readonly name: string } {
  const end = url.indexOf("/", prefix.length);
  if (end < 0) return { name: url.slice(prefix.length), path: "/", query: "" };
  const name = url.slice(prefix.length, end);
  const queryAt = url.indexOf("?", end);
  if (queryAt < 0) return { name, path: url.slice(end), query: "" };
  return { name, path: url.slice(end, queryAt), query: url.slice(queryAt + 1) };
}

interface Routes {
  /** The cluster of a port of its own: there the path begins with the API's. */
  readonly only?: string;
  readonly hosts: ReadonlyMap<string, ClusterHost>;
  readonly token: string;
}
