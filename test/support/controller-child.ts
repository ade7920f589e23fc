/** A controller as a process of its own, to be killed: `node controller-child.ts CONFIG.json`. Ends with its parent. */
import { readFile } from "node:fs/promises";
import type { ControllerConfig } from "../../src/controller/config.ts";
import { runController } from "../../src/controller/controller.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";

const config = JSON.parse(await readFile(process.argv[2] ?? "", "utf8")) as ControllerConfig;
process.stdin.resume();
process.stdin.once("end", () => process.exit(0));
const deps = { clock: systemClock(), logger: createLogger({ name: "controller", level: "warn" }) };
await runController(config, deps, new AbortController().signal);
