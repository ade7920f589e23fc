/**
 * A worker as a process of its own, to be killed: `node kube-worker-process.ts <config as JSON> [<stop as JSON>]`.
 * `{"at": 7, "signal": "SIGKILL"}` sends itself the signal before its seventh step; steps are the calls by which it changes
 * anything, once it has a commit to follow: its store, a cluster, its copy of the mirror, what it tells. With
 * `"object": "a"` only writes of objects by that name count.
 */
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import type { WorkerConfig } from "../../src/worker/config.ts";
import type { WorkerPorts } from "../../src/worker/run-with.ts";
import { runWorker } from "../../src/worker/worker.ts";

interface Stop {
  readonly at: number;
  readonly object?: string;
  readonly signal: "SIGKILL" | "SIGSTOP";
}

const changes = {
  store: [
    "durable",
    "setSiteUid",
    "distrustSite",
    "forgetSite",
    "saveApp",
    "dropApp",
    "saveObjects",
    "setValue",
    "deleteValue",
  ],
  cluster: ["apply", "create", "mergePatch", "delete"],
  fetcher: ["accept"],
  controller: ["report"],
} as const;

// Written by the test.
const config = JSON.parse(process.argv[2] ?? "{}") as WorkerConfig;
const stop = JSON.parse(process.argv[3] ?? "null") as Stop | null;
let steps = 0;
let isFollowing = false;

function step(part: keyof typeof changes, target: unknown): void {
  // Before it follows something it tells that it lives, now and then.
  isFollowing ||= part === "fetcher";
  if (!isFollowing) return;
  if (stop?.object === undefined || stop.object === nameOf(part, target)) steps += 1;
  if (steps !== stop?.at) return;
  process.kill(process.pid, stop.signal);
  // The signal may come to another thread first, while this one goes on.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
}

/** Of what is written to a cluster: an object, or the address of one. */
function nameOf(part: keyof typeof changes, target: unknown): string | undefined {
  if (part !== "cluster") return undefined;
  const { name, metadata } = target as { name?: string; metadata?: { name: string } };
  return name ?? metadata?.name;
}

/** The same port; some of its methods are steps. */
function stepping<T extends object>(part: keyof typeof changes, port: T): T {
  const methods: readonly PropertyKey[] = changes[part];
  return new Proxy(port, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        if (methods.includes(name)) step(part, args[0]);
        return Reflect.apply(value, target, args);
      };
    },
  });
}

function wrap(ports: WorkerPorts): WorkerPorts {
  return {
    ...ports,
    store: stepping("store", ports.store),
    fetcher: stepping("fetcher", ports.fetcher),
    controller: stepping("controller", ports.controller),
    // A copy, as it is copied where answers are timed.
    open: (site) => ({ ...stepping("cluster", ports.open(site)) }),
  };
}

const logger = createLogger({ name: "worker", level: "silent" });
await runWorker(config, { clock: systemClock(), logger, wrap }, new AbortController().signal);
