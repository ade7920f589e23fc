/** One cluster: an API server and its controllers, which can be stopped, frozen and restarted. */
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ApiClient, type ClusterAccess, createApiClient } from "./api-client.ts";
import type { Components } from "./build.ts";
import type { Component, ComponentStarter } from "./component.ts";
import { type EtcdPorts, apiserverFlags, controllersFlags } from "./flags.ts";
import { kubeconfigText } from "./kubeconfig.ts";

const readyTimeoutMs = 120_000;
const pollMs = 100;

/** A user of a cluster with a fixed token; what it may do is up to RBAC objects. */
export interface StaticUser {
  readonly name: string;
  readonly token: string;
  readonly groups?: readonly string[];
}

/** A running (or stopped, or frozen) cluster. `token` is that of an administrator. */
export interface Cluster extends ClusterAccess {
  readonly name: string;
  readonly kubeconfigPath: string;
  readonly kubeconfig: string;
  /** Its processes that run now, for measurements. */
  pids(): readonly number[];
  /** kill -9 of API server and controllers: connections are refused. */
  stop(): Promise<void>;
  /** Brings it back on the same port with the same data; resolves when it is ready. */
  start(): Promise<void>;
  /** SIGSTOP: connections are accepted and requests hang. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
}

/** What a cluster is made from; its files are kept in `folder`. */
export interface ClusterSpec {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly etcd: EtcdPorts;
  readonly components: Components;
  readonly starter: ComponentStarter;
  readonly users: readonly StaticUser[];
  readonly signal: AbortSignal;
}

/** Writes the files of a new cluster, starts it and waits until it is ready. */
export async function startCluster(spec: ClusterSpec): Promise<Cluster> {
  const server = `https://127.0.0.1:${spec.port}`;
  const token = randomUUID();
  const admin = { name: "admin", token, groups: ["system:masters"] };
  await writeClusterFiles(spec.folder, [admin, ...spec.users]);
  const apiserver = await startApiserver(spec);
  const caPem = await whenReady(apiserver, spec.signal, () => readCa(spec.folder));
  const access = { server, token, caData: Buffer.from(caPem).toString("base64") };
  const kubeconfig = kubeconfigText({ ...access, cluster: spec.name, user: admin.name });
  const kubeconfigPath = join(spec.folder, "kubeconfig");
  await writeFile(kubeconfigPath, kubeconfig, { mode: 0o600 });
  await writeFile(join(spec.folder, "ca.crt"), caPem);
  await whenReady(apiserver, spec.signal, () => isReady(access));
  const controllers = await startControllers(spec);
  const processes = controllers === undefined ? [apiserver] : [apiserver, controllers];
  const controls = clusterControls(spec, access, processes);
  return { name: spec.name, ...access, kubeconfig, kubeconfigPath, ...controls };
}

type Controls = Pick<Cluster, "pids" | "stop" | "start" | "freeze" | "thaw">;

function clusterControls(
  spec: ClusterSpec,
  access: ClusterAccess,
  started: readonly Component[],
): Controls {
  let processes = started;
  const stop = async (): Promise<void> => {
    await Promise.all(processes.map((process) => process.kill()));
    processes = [];
  };
  const start = async (): Promise<void> => {
    if (processes.some((process) => process.isRunning())) return;
    const apiserver = await startApiserver(spec);
    processes = [apiserver];
    await whenReady(apiserver, spec.signal, () => isReady(access));
    const controllers = await startControllers(spec);
    if (controllers !== undefined) processes = [apiserver, controllers];
  };
  return {
    pids: () => processes.map((process) => process.pid),
    stop,
    start,
    freeze: () => processes.forEach((process) => process.freeze()),
    thaw: () => processes.forEach((process) => process.thaw()),
  };
}

async function writeClusterFiles(folder: string, users: readonly StaticUser[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "sec1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  await writeFile(join(folder, "service-account.key"), privateKey, { mode: 0o600 });
  await writeFile(join(folder, "service-account.pub"), publicKey);
  const lines = users.map(({ name, token, groups = [] }) =>
    [token, name, name, groups.join(",")].map(quoteCsv).join(","),
  );
  await writeFile(join(folder, "tokens.csv"), `${lines.join("\n")}\n`, { mode: 0o600 });
}

function quoteCsv(field: string): string {
  return `"${field.replaceAll('"', '""')}"`;
}

function startApiserver(spec: ClusterSpec): Promise<Component> {
  return spec.starter.start({
    argv: [...spec.components.apiserver, ...apiserverFlags(spec, spec.etcd)],
    logPath: join(spec.folder, "apiserver.log"),
    folder: spec.folder,
  });
}

async function startControllers(spec: ClusterSpec): Promise<Component | undefined> {
  if (spec.components.controllers === undefined) return undefined;
  return spec.starter.start({
    argv: [...spec.components.controllers, ...controllersFlags(spec)],
    logPath: join(spec.folder, "controllers.log"),
    folder: spec.folder,
  });
}

/** The API server writes its own certificate followed by that of the CA it made for it. */
async function readCa(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, "certs", "apiserver.crt"), "utf8").catch(() => "");
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g);
  return certificates?.length === 2 ? certificates[1] : undefined;
}

/** Ready means: /readyz says so and the namespaces that everything relies on exist. */
async function isReady(access: ClusterAccess): Promise<true | undefined> {
  const api = createApiClient(access);
  try {
    for (const path of [
      "/readyz",
      "/api/v1/namespaces/default",
      "/api/v1/namespaces/kube-system",
    ]) {
      if (!(await isOk(api, path))) return undefined;
    }
    return true;
  } finally {
    api.close();
  }
}

async function isOk(api: ApiClient, path: string): Promise<boolean> {
  try {
    return (await api.request(path, { timeoutMs: 5_000 })).status === 200;
  } catch {
    return false; // not listening yet
  }
}

/** Polls `probe` until it gives a value; fails early when the process ends. */
async function whenReady<Value>(
  component: Component,
  signal: AbortSignal,
  probe: () => Promise<Value | undefined>,
): Promise<Value> {
  const deadline = performance.now() + readyTimeoutMs;
  while (performance.now() < deadline) {
    const value = await probe();
    if (value !== undefined) return value;
    if (!component.isRunning()) break;
    await sleep(pollMs, undefined, { signal });
  }
  const problem = component.isRunning() ? "is not ready in time" : "ended while starting";
  throw new Error(`a test API server ${problem}; its log ends with\n${component.logTail()}`);
}
