/** Runs the worker itself in tests, against a test mirror and real or stand-in clusters. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import type { WorkerConfig } from "../../src/worker/config.ts";
import { runWorker } from "../../src/worker/worker.ts";
import type { TestMirror } from "./kube-mirror.ts";

/** A worker in this process. */
export interface TestWorker {
  readonly config: WorkerConfig;
  /** What it has logged so far, at the level debug: JSON lines. */
  log(): string;
  /** Ends it in order; its state stays. */
  stop(): Promise<void>;
}

/** A configuration with short times. */
export function workerConfig(
  mirror: TestMirror,
  stateDir: string,
  kubeconfigs: Readonly<Record<string, string>>,
): WorkerConfig {
  const sites = Object.entries(kubeconfigs).map(([site, kubeconfig]) => [
    site,
    { kubeconfig, allowExec: false },
  ]);
  return {
    mirror: { url: mirror.url, tokenFile: mirror.tokenFile },
    stateDir,
    sites: Object.fromEntries(sites) as WorkerConfig["sites"],
    heartbeat: "500ms",
    poll: "500ms",
    observe: "1s",
    settle: "100ms",
    offlineAfter: "2s",
    requestTimeout: "3s",
    retry: "100ms",
    retryMax: "1s",
    upkeep: "30m",
    concurrency: 16,
  };
}

/** Starts a worker; fails the stop when the worker failed. */
export function startTestWorker(config: WorkerConfig, clock = systemClock()): TestWorker {
  const ending = new AbortController();
  const isShown = process.env["FLOTILLA_TEST_LOG"] !== undefined;
  const lines: string[] = [];
  const write = (line: string): void => {
    lines.push(line);
    if (isShown) process.stderr.write(line);
  };
  const logger = createLogger({ name: "worker", level: "debug", destination: { write } });
  const ended = runWorker(config, { clock, logger }, ending.signal);
  ended.catch(() => {}); // told by stop
  return {
    config,
    log: () => lines.join(""),
    stop: async () => {
      ending.abort();
      await ended;
    },
  };
}

/** A folder that is removed by the returned function. */
export async function temporaryState(): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), "flotilla-worker-"));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

/** Waits until the probe gives something else than undefined, null or false. */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  timeoutMs = 15_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== null && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`not so after ${timeoutMs} ms: ${what}`);
    await sleep(30);
  }
}

/** A ConfigMap. */
export function configMap(
  name: string,
  data: Readonly<Record<string, string>>,
  namespace = "default",
): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data };
}

/** A Deployment of one container. */
export function deployment(name: string, image: string, namespace = "default"): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [
            { name: "main", image, resources: { requests: { cpu: "1000m", memory: "64Mi" } } },
          ],
        },
      },
    },
  };
}
