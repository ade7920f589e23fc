/** A worker, a test mirror and stand-ins for as many clusters as a test wants, fresh for each test. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import type { Clock } from "../../src/runtime/clock.ts";
import type { WorkerConfig } from "../../src/worker/config.ts";
import { type TestMirror, startTestMirror } from "./kube-mirror.ts";
import { type StandIns, startStandIns } from "./kube-stand-in.ts";
import { type TestWorker, startTestWorker, temporaryState, workerConfig } from "./kube-worker.ts";

export interface StandInFleet {
  readonly mirror: TestMirror;
  readonly clusters: StandIns;
  readonly stateDir: string;
  /** Starts the worker for these sites (again). */
  start(
    sites: readonly string[],
    settings?: Partial<WorkerConfig>,
    clock?: Clock,
  ): Promise<TestWorker>;
  stop(): Promise<void>;
}

/** Registers the hooks of a suite; call it inside `describe`. */
export function useStandInFleet(): StandInFleet {
  let folder: Awaited<ReturnType<typeof temporaryState>>;
  let mirror: TestMirror;
  let clusters: StandIns;
  let worker: TestWorker | undefined;

  const stop = async (): Promise<void> => {
    const old = worker;
    worker = undefined;
    await old?.stop();
  };
  const stateDir = (): string => join(folder.dir, "state");
  beforeEach(async () => {
    folder = await temporaryState();
    mirror = await startTestMirror();
    clusters = await startStandIns();
  });
  afterEach(async () => {
    clusters.delayMs = () => 0;
    await clusters.close();
    await stop();
    await mirror.close();
    await folder.remove();
  });
  return {
    get mirror() {
      return mirror;
    },
    get clusters() {
      return clusters;
    },
    get stateDir() {
      return stateDir();
    },
    start: async (sites, settings = {}, clock) => {
      await mkdir(join(folder.dir, "kubeconfigs"), { recursive: true });
      const paths: Record<string, string> = {};
      for (const site of sites) {
        paths[site] = join(folder.dir, "kubeconfigs", site);
        await writeFile(paths[site], clusters.kubeconfig(site));
      }
      worker = startTestWorker({ ...workerConfig(mirror, stateDir(), paths), ...settings }, clock);
      return worker;
    },
    stop,
  };
}
