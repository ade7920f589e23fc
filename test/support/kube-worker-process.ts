/** A worker as a process of its own, to be killed: `node kube-worker-process.ts <config as JSON>`. */
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import type { WorkerConfig } from "../../src/worker/config.ts";
import { runWorker } from "../../src/worker/worker.ts";

// Written by the test.
const config = JSON.parse(process.argv[2] ?? "{}") as WorkerConfig;
const logger = createLogger({ name: "worker", level: "silent" });
await runWorker(config, { clock: systemClock(), logger }, new AbortController().signal);
