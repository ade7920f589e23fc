/** One cluster (a real one, or the model), one test mirror and a worker between them, fresh for each test. */
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { mirrorBranch } from "../../src/core/protocol/mirror-layout.ts";
import type { AppReport } from "../../src/core/protocol/worker-report.ts";
import type { WorkerConfig } from "../../src/worker/config.ts";
import type { Kubelet } from "../control-plane/kubelet.ts";
import { type ProxiedCluster, proxied } from "./kube-cluster.ts";
import { type TestMirror, startTestMirror } from "./kube-mirror.ts";
import {
  type TestWorker,
  eventually,
  startTestWorker,
  temporaryState,
  workerConfig,
} from "./kube-worker.ts";
import { type OpenBed, type TestBed, realBed } from "./test-bed.ts";

/** What a test works with; the fields are those of the running test. */
export interface TestSite {
  readonly cluster: ProxiedCluster;
  /** Of a second cluster, where two were asked for. */
  readonly other: ProxiedCluster;
  readonly kubelet: Pick<Kubelet, "setScript">;
  readonly mirror: TestMirror;
  readonly stateDir: string;
  /** Starts the worker for site s1 (again), and for others by their kubeconfigs, with further settings. */
  start(others?: Readonly<Record<string, string>>, settings?: Partial<WorkerConfig>): TestWorker;
  stop(): Promise<void>;
  /** The app is applied and healthy, on the tree that the mirror holds now. */
  settled(app: string): Promise<AppReport>;
  treeOf(app: string): Promise<string>;
  report(app: string): AppReport | undefined;
}

const startTimeoutMs = 120_000;
const collections = [
  "/api/v1/namespaces/default/configmaps",
  "/api/v1/namespaces/default/secrets",
  "/apis/apps/v1/namespaces/default/deployments",
  "/apis/apps/v1/namespaces/default/statefulsets",
  "/apis/batch/v1/namespaces/default/jobs?propagationPolicy=Background",
  "/api/v1/namespaces/flotilla-system/configmaps",
];

/** Registers the hooks of a suite; call it inside `describe`. */
export function useTestSite(clusters = 1, openBed: OpenBed = realBed): TestSite {
  let bed: TestBed;
  let proxies: ProxiedCluster[] = [];
  let folder: Awaited<ReturnType<typeof temporaryState>>;
  let state: Awaited<ReturnType<typeof temporaryState>>;
  let mirror: TestMirror;
  let worker: TestWorker | undefined;

  beforeAll(async () => {
    folder = await temporaryState();
    bed = await openBed(clusters);
    proxies = await Promise.all(bed.clusters.map((one) => proxied(one, folder.dir)));
  }, startTimeoutMs);
  afterAll(async () => {
    await Promise.all(proxies.map((one) => one.close()));
    await bed?.stop();
    await folder?.remove();
  }, startTimeoutMs);
  beforeEach(async () => {
    state = await temporaryState();
    mirror = await startTestMirror();
    for (const one of proxies) {
      one.proxy.heal();
      one.proxy.forget();
    }
  });
  const stop = async (): Promise<void> => {
    const old = worker;
    worker = undefined;
    await old?.stop();
  };
  afterEach(async () => {
    for (const one of proxies) one.proxy.heal();
    await stop();
    await mirror.close();
    await state.remove();
    for (const one of proxies) for (const path of collections) await one.remove(path);
    bed.setScript([]);
  });

  const treeOf = async (app: string): Promise<string> => {
    const head = await mirror.store.resolve(mirrorBranch);
    return (await mirror.store.at(head ?? "", `sites/s1/${app}`))?.oid ?? "";
  };
  return {
    get cluster() {
      return at(proxies, 0);
    },
    get other() {
      return at(proxies, 1);
    },
    get kubelet() {
      return bed;
    },
    get mirror() {
      return mirror;
    },
    get stateDir() {
      return state.dir;
    },
    start: (others = {}, settings = {}) => {
      const kubeconfigs = { s1: at(proxies, 0).kubeconfigPath, ...others };
      worker = startTestWorker({ ...workerConfig(mirror, state.dir, kubeconfigs), ...settings });
      return worker;
    },
    stop,
    settled: async (app) => {
      const tree = await treeOf(app);
      const isSettled = (): AppReport | undefined => {
        const report = mirror.app("s1", app);
        const isDone = report?.sync === "Synced" && report.health === "Healthy";
        return isDone && report.tree === tree ? report : undefined;
      };
      return eventually(`${app} is applied and healthy`, isSettled).catch((error: unknown) => {
        const last = JSON.stringify(mirror.app("s1", app));
        throw new Error(`the last report of ${app}: ${last}`, { cause: error });
      });
    },
    treeOf,
    report: (app) => mirror.app("s1", app),
  };
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error(`there is no cluster ${index + 1}`);
  return item;
}
