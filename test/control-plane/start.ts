/**
 * Real Kubernetes control planes for tests: one etcd and any number of independent API servers
 * with their controllers, all on 127.0.0.1 and gone with the process that started them.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Components, resolveComponents } from "./build.ts";
import { type Cluster, type StaticUser, startCluster } from "./cluster.ts";
import { type Component, type ComponentStarter, createComponentStarter } from "./component.ts";
import { type EtcdPorts, etcdFlags } from "./flags.ts";
import { freePort } from "./ports.ts";

export type { Cluster, StaticUser } from "./cluster.ts";

const etcdTimeoutMs = 30_000;

/** What to start. */
export interface StartOptions {
  /** How many; they are named c1, c2 and so on. */
  readonly clusters: number;
  /** Keeps data, logs and kubeconfig files here; default a temporary folder that is removed. */
  readonly dir?: string;
  /** Aborting it stops everything. */
  readonly signal?: AbortSignal;
  /** Users of every cluster besides its administrator. */
  readonly users?: readonly StaticUser[];
}

/** Running clusters. */
export interface ControlPlanes extends AsyncDisposable {
  readonly dir: string;
  readonly clusters: readonly Cluster[];
  /** The ids of all processes that run now, etcd included. */
  pids(): readonly number[];
  /** Kills every process and removes the temporary folder. */
  stopAll(): Promise<void>;
}

/** Starts the clusters and resolves when all are ready; builds the programs first if needed. */
export async function startControlPlanes(options: StartOptions): Promise<ControlPlanes> {
  const resolved = await resolveComponents();
  if (!resolved.ok) throw new Error(resolved.reason);
  options.signal?.throwIfAborted();
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "flotilla-control-planes-")));
  await mkdir(dir, { recursive: true });
  const starter = createComponentStarter();
  const stopping = new AbortController();
  const stopAll = async (): Promise<void> => {
    stopping.abort(new Error("the test control planes were stopped"));
    await starter.killAll();
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  };
  options.signal?.addEventListener("abort", () => void stopAll(), { once: true });
  try {
    const context = { components: resolved.components, starter, dir, signal: stopping.signal };
    const { etcd, clusters } = await startEverything(context, options);
    const pids = (): number[] => [etcd.pid, ...clusters.flatMap((cluster) => cluster.pids())];
    return { dir, clusters, pids, stopAll, [Symbol.asyncDispose]: stopAll };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

interface Context {
  readonly components: Components;
  readonly starter: ComponentStarter;
  readonly dir: string;
  readonly signal: AbortSignal;
}

async function startEverything(
  context: Context,
  options: StartOptions,
): Promise<{ etcd: Component; clusters: Cluster[] }> {
  const taken = new Set<number>();
  const ports = { client: await freePort(taken), peer: await freePort(taken) };
  const etcd = await startEtcd(context, ports);
  const names = Array.from({ length: options.clusters }, (_, index) => `c${index + 1}`);
  const clusters = await mapBounded(names, async (name) =>
    startCluster({
      ...context,
      name,
      folder: join(context.dir, name),
      port: await freePort(taken),
      etcd: ports,
      users: options.users ?? [],
    }),
  );
  return { etcd, clusters };
}

async function startEtcd(context: Context, ports: EtcdPorts): Promise<Component> {
  const etcd = await context.starter.start({
    argv: [...context.components.etcd, ...etcdFlags(context.dir, ports)],
    logPath: join(context.dir, "etcd.log"),
    folder: context.dir,
  });
  const deadline = performance.now() + etcdTimeoutMs;
  while (performance.now() < deadline && etcd.isRunning()) {
    const health = fetch(`http://127.0.0.1:${ports.client}/health`).then((answer) => answer.ok);
    if (await health.catch(() => false)) return etcd;
    await sleep(50, undefined, { signal: context.signal });
  }
  throw new Error(`the test etcd did not start; its log ends with\n${etcd.logTail()}`);
}

/** As many at once as there are cores: an API server starts on about one. Keeps the order. */
async function mapBounded<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      results[next[0]] = await work(next[1]);
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));
  return results;
}
