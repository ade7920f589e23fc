/**
 * Rate of applies into one real API server: every object of some apps changes, by a worker that follows a mirror; then
 * the same applies are sent by a bare client, then some of them by kubectl; again and again.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { fieldManagerOf, prepareObject } from "../src/core/apply/ownership.ts";
import type { KubeObject } from "../src/core/model/kube-object.ts";
import { mirrorBranch } from "../src/core/protocol/mirror-layout.ts";
import { type FlotillaProcess, startFlotilla } from "../src/demo/child-process.ts";
import { type TestMirror, startTestMirror } from "../test/support/kube-mirror.ts";
import { type BareClient, createBareClient, type ReadyApply } from "./bare-client.ts";
import type { Note } from "./figure.ts";
import { cpuOf } from "./process-cpu.ts";
import type { RealCluster } from "./real-cluster.ts";

const run = promisify(execFile);
const site = "s1";
const namespace = "bench";
const kubectlObjects = 100;
/** Of the bare client: as many as a worker has at most. */
const connections = 16;
const limitMs = 300_000;

/** How many apps of one site, and how many ConfigMaps each has. */
export interface RateSize {
  readonly apps: number;
  readonly objects: number;
}

export interface RealRateOptions {
  readonly size: RateSize;
  readonly rounds: number;
  /** Path of a kubectl. */
  readonly kubectl: string;
}

/** A rate (applies a second), and the CPU time of one apply (ms). */
interface Measured {
  readonly rate: number;
  readonly clientMs: number;
  readonly serverMs: number;
}

interface Round {
  readonly flotilla: Measured;
  readonly bare: Measured;
  readonly kubectl: number;
}

/** Notes the rates of the three, and the ratio of each round. */
export async function measureRealRate(
  cluster: RealCluster,
  options: RealRateOptions,
  note: Note,
): Promise<void> {
  const rounds = await roundsOf(cluster, options);
  const what = `${options.size.apps} x ${options.size.objects} ConfigMaps`;
  const all = (pick: (round: Round) => number): number[] => rounds.map(pick);
  const rate = (who: string, pick: (round: Round) => number): void =>
    note(`applies, ${who}, ${what}`, "per second", all(pick));
  rate("worker, from the mirror's commit until reported", ({ flotilla }) => flotilla.rate);
  rate("bare client", ({ bare }) => bare.rate);
  rate("kubectl apply --server-side", ({ kubectl }) => kubectl);
  note(
    `applies, worker to bare client, ${what}`,
    "%",
    all(({ flotilla, bare }) => (100 * flotilla.rate) / bare.rate),
  );
  const cpu = (who: string, pick: (round: Round) => number): void =>
    note(`CPU of an apply, ${who}, ${what}`, "ms", all(pick));
  cpu("worker", ({ flotilla }) => flotilla.clientMs);
  cpu("cluster, for the worker", ({ flotilla }) => flotilla.serverMs);
  cpu("bare client", ({ bare }) => bare.clientMs);
  cpu("cluster, for the bare client", ({ bare }) => bare.serverMs);
}

async function roundsOf(cluster: RealCluster, options: RealRateOptions): Promise<Round[]> {
  await cluster.api.request("/api/v1/namespaces", {
    method: "POST",
    body: { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
  });
  await using worker = await startWorker(cluster, options.size);
  await using client = createBareClient([cluster.server], { ...cluster, connections });
  // All objects are there, and all connections open.
  await worker.applied(1);
  await bareRate(cluster, client, twins(options.size, 1));
  const rounds: Round[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const version = 10 + 3 * round;
    rounds.push({
      flotilla: await worker.applied(version),
      bare: await bareRate(cluster, client, twins(options.size, version + 1)),
      kubectl: await kubectlRate(cluster, options, version + 2),
    });
  }
  return rounds;
}

interface RateWorker extends AsyncDisposable {
  /** Commits this version of all objects; resolves when the worker has reported it applied. */
  applied(version: number): Promise<Measured>;
}

async function startWorker(cluster: RealCluster, size: RateSize): Promise<RateWorker> {
  const dir = await mkdtemp(join(tmpdir(), "flotilla-bench-"));
  const mirror = await startTestMirror();
  const config = join(dir, "worker.yaml");
  const settings = {
    mirror: { url: mirror.url, tokenFile: mirror.tokenFile },
    stateDir: join(dir, "state"),
    sites: { [site]: { kubeconfig: cluster.kubeconfigPath } },
  };
  await writeFile(config, JSON.stringify(settings));
  const worker = startFlotilla(["worker", "--config", config], join(dir, "worker.log"));
  return {
    applied: (version) => applied({ cluster, mirror, worker, size }, version),
    [Symbol.asyncDispose]: async () => {
      await worker.stop(5000);
      await mirror.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

interface Bench {
  readonly cluster: RealCluster;
  readonly mirror: TestMirror;
  readonly worker: FlotillaProcess;
  readonly size: RateSize;
}

async function applied(
  { cluster, mirror, worker, size }: Bench,
  version: number,
): Promise<Measured> {
  const apps = Object.fromEntries(
    appNames(size).map((app) => [app, configMaps(app, size.objects, version)]),
  );
  const before = await cluster.cpuMs();
  const { ownMs: workerBefore } = await cpuOf(worker.pid);
  const head = await mirror.commit({ [site]: apps }, { namespace });
  const startedAt = performance.now();
  const trees = new Map<string, string | undefined>();
  for (const app of Object.keys(apps)) {
    trees.set(app, (await mirror.store.at(head, `sites/${site}/${app}`))?.oid);
  }
  const stands = ([app, tree]: [string, string | undefined]): boolean => {
    const report = mirror.app(site, app);
    return report?.sync === "Synced" && report.tree === tree;
  };
  while (![...trees].every(stands)) {
    if (performance.now() - startedAt > limitMs) throw new Error(`${mirrorBranch} is not applied`);
    if (!worker.isRunning()) throw new Error(`the worker ended: ${worker.output().slice(-500)}`);
    await sleep(5);
  }
  const tookMs = performance.now() - startedAt;
  const count = size.apps * size.objects;
  return {
    rate: (1000 * count) / tookMs,
    clientMs: ((await cpuOf(worker.pid)).ownMs - workerBefore) / count,
    serverMs: ((await cluster.cpuMs()) - before) / count,
  };
}

async function bareRate(
  cluster: RealCluster,
  client: BareClient,
  objects: readonly KubeObject[],
): Promise<Measured> {
  const applies = objects.map(readyApply);
  const before = await cluster.cpuMs();
  const own = process.cpuUsage();
  const tookMs = await client.applyEverywhere(applies);
  const { user, system } = process.cpuUsage(own);
  return {
    rate: (1000 * applies.length) / tookMs,
    clientMs: (user + system) / 1000 / applies.length,
    serverMs: ((await cluster.cpuMs()) - before) / applies.length,
  };
}

async function kubectlRate(
  { kubeconfigPath }: RealCluster,
  { size, kubectl }: RealRateOptions,
  version: number,
): Promise<number> {
  const objects = twins(size, version).slice(0, kubectlObjects);
  const manifest = `${kubeconfigPath}.manifest.yaml`;
  await writeFile(manifest, objects.map((one) => `${JSON.stringify(one)}\n`).join("---\n"));
  const startedAt = performance.now();
  const flags = ["--server-side", `--field-manager=${fieldManagerOf(twin)}`];
  const cache = ["--cache-dir", `${kubeconfigPath}.cache`];
  await run(kubectl, ["apply", ...flags, ...cache, "--kubeconfig", kubeconfigPath, "-f", manifest]);
  return (1000 * objects.length) / (performance.now() - startedAt);
}

function appNames({ apps }: RateSize): string[] {
  return Array.from({ length: apps }, (_, index) => `rate-${apps}-${index}`);
}

function configMaps(app: string, count: number, version: number): KubeObject[] {
  return Array.from({ length: count }, (_, index) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `${app}-${index}`, namespace },
    data: { version: String(version), text: "x".repeat(700) },
  }));
}

/** The same objects under names that Flotilla does not know: what the others write is not Flotilla's to repair. */
const twin = "twin";

function twins(size: RateSize, version: number): KubeObject[] {
  const objects = configMaps(`${twin}-${size.apps}`, size.apps * size.objects, version);
  return objects.map((object) => prepareObject(object, `bench/${twin}`));
}

function readyApply(object: KubeObject): ReadyApply {
  const query = new URLSearchParams({ fieldManager: fieldManagerOf(twin) }).toString();
  return {
    path: `/api/v1/namespaces/${namespace}/configmaps/${object.metadata.name}?${query}`,
    body: JSON.stringify(object),
  };
}
