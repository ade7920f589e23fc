/** One real cluster, one test mirror and a worker between them, fresh for each test. */
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { mirrorBranch } from "../../src/core/protocol/mirror-layout.ts";
import type { AppReport } from "../../src/core/protocol/worker-report.ts";
import type { WorkerConfig } from "../../src/worker/config.ts";
import { type Kubelet, startKubelet } from "../control-plane/kubelet.ts";
import { type ControlPlanes, startControlPlanes } from "../control-plane/start.ts";
import { type ProxiedCluster, proxied } from "./kube-cluster.ts";
import { type TestMirror, startTestMirror } from "./kube-mirror.ts";
import {
  type TestWorker,
  eventually,
  startTestWorker,
  temporaryState,
  workerConfig,
} from "./kube-worker.ts";

/** What a test works with; the fields are those of the running test. */
export interface TestSite {
  readonly planes: ControlPlanes;
  readonly cluster: ProxiedCluster;
  /** Of a second cluster, where two were asked for. */
  readonly other: ProxiedCluster;
  readonly kubelet: Kubelet;
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
  "/api/v1/namespaces/flotilla-system/configmaps",
];

/** Registers the hooks of a suite; call it inside `describe`. */
export function useTestSite(clusters = 1): TestSite {
  let planes: ControlPlanes;
  let kubelet: Kubelet;
  let proxies: ProxiedCluster[] = [];
  let folder: Awaited<ReturnType<typeof temporaryState>>;
  let state: Awaited<ReturnType<typeof temporaryState>>;
  let mirror: TestMirror;
  let worker: TestWorker | undefined;

  beforeAll(async () => {
    folder = await temporaryState();
    planes = await startControlPlanes({ clusters });
    proxies = await Promise.all(planes.clusters.map((one) => proxied(one, folder.dir)));
    kubelet = await startKubelet(at(proxies, 0).cluster);
  }, startTimeoutMs);
  afterAll(async () => {
    await Promise.all(proxies.map((one) => one.close()));
    await kubelet?.stop();
    await planes?.stopAll();
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
    kubelet.setScript([]);
  });

  const treeOf = async (app: string): Promise<string> => {
    const head = await mirror.store.resolve(mirrorBranch);
    return (await mirror.store.at(head ?? "", `sites/s1/${app}`))?.oid ?? "";
  };
  return {
    get planes() {
      return planes;
    },
    get cluster() {
      return at(proxies, 0);
    },
    get other() {
      return at(proxies, 1);
    },
    get kubelet() {
      return kubelet;
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
      return eventually(`${app} is applied and healthy`, () => {
        const report = mirror.app("s1", app);
        const isDone = report?.sync === "Synced" && report.health === "Healthy";
        return isDone && report.tree === tree ? report : undefined;
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
