/** The demo's controller and workers as real processes, and the links between them. */
import { FleetError } from "../core/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { type FlotillaProcess, startFlotilla } from "./child-process.ts";
import {
  type DemoPaths,
  type Regions,
  writeControllerConfig,
  writeWorkerConfigs,
} from "./configs.ts";
import { startTcpFaultProxy, type TcpFaultProxy } from "./tcp-fault-proxy.ts";

/** A process that ended though nobody ended it. */
export interface Ended {
  readonly role: string;
  readonly code: number | null;
  readonly log: string;
  /** The end of what it wrote. */
  readonly output: string;
}

export interface DemoProcesses {
  /** Where the controller listens; it stays the same when it is started again. */
  readonly controllerUrl: string;
  readonly links: ReadonlyMap<string, TcpFaultProxy>;
  /** `controller`, or `worker-<region>`. */
  isRunning(role: string): boolean;
  /** SIGKILL. */
  kill(role: string): Promise<void>;
  /** Starts it again when it does not run; nothing after `close`. */
  revive(role: string): Promise<void>;
  /** Those that ended by themselves. */
  ended(): readonly Ended[];
  /** Ends everything, in order where it goes quickly. */
  close(): Promise<void>;
}

const startLimitMs = 30_000;
const patienceMs = 4000;

/** The role of a region's worker. */
export function workerRole(region: string): string {
  return `worker-${region}`;
}

/** Writes the configs and starts everything. DEMO_FAILED when something does not come up. */
export async function startProcesses(
  paths: DemoPaths,
  regions: Regions,
  clock: Clock,
): Promise<DemoProcesses> {
  const processes = new Processes(paths, clock);
  try {
    await processes.start(regions);
  } catch (error) {
    await processes.close();
    throw error;
  }
  return processes;
}

class Processes implements DemoProcesses {
  readonly links = new Map<string, TcpFaultProxy>();
  readonly #paths: DemoPaths;
  readonly #clock: Clock;
  readonly #running = new Map<string, FlotillaProcess>();
  readonly #killed = new Set<string>();
  #isClosed = false;
  controllerUrl = "";

  constructor(paths: DemoPaths, clock: Clock) {
    this.#paths = paths;
    this.#clock = clock;
  }

  async start(regions: Regions): Promise<void> {
    for (const region of regions.keys()) {
      // To where nobody listens, until the controller has told its port.
      this.links.set(region, await startTcpFaultProxy({ host: "127.0.0.1", port: 9 }));
    }
    const linkPort = (region: string): number => this.links.get(region)?.port ?? 0;
    await writeWorkerConfigs(this.#paths, { regions, linkPort });
    await writeControllerConfig(this.#paths, { regions, port: 0 });
    // Workers come up beside the controller: they wait for it.
    this.#launch("controller");
    for (const region of regions.keys()) this.#launch(workerRole(region));
    this.controllerUrl = await this.#listening();
    const port = Number(new URL(this.controllerUrl).port);
    for (const link of this.links.values()) link.redirect({ host: "127.0.0.1", port });
    await writeControllerConfig(this.#paths, { regions, port });
  }

  isRunning(role: string): boolean {
    return this.#running.get(role)?.isRunning() === true;
  }

  async kill(role: string): Promise<void> {
    this.#killed.add(role);
    await this.#running.get(role)?.kill();
  }

  async revive(role: string): Promise<void> {
    if (this.#isClosed || this.isRunning(role)) return;
    this.#launch(role);
    if (role === "controller") await this.#listening();
  }

  ended(): readonly Ended[] {
    return [...this.#running]
      .filter(([role, process]) => !process.isRunning() && !this.#killed.has(role))
      .map(([role, process]) => this.#endOf(role, process));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const role of this.#running.keys()) this.#killed.add(role);
    await Promise.all([...this.#running.values()].map((process) => process.stop(patienceMs)));
    await Promise.all([...this.links.values()].map((link) => link.close()));
  }

  #launch(role: string): void {
    this.#killed.delete(role);
    const command = role === "controller" ? "controller" : "worker";
    const args = [command, "--config", this.#paths.config(role)];
    this.#running.set(role, startFlotilla(args, this.#paths.log(role)));
  }

  /** The URL that the controller tells once it listens. */
  async #listening(): Promise<string> {
    const process = this.#running.get("controller");
    const deadline = this.#clock.monotonic() + startLimitMs;
    while (process?.isRunning() === true && this.#clock.monotonic() < deadline) {
      const url = /"url":"(?<url>http:[^"]+)"[^\n]*"controller listens"/.exec(process.output());
      if (url?.groups?.["url"] !== undefined) return url.groups["url"];
      await this.#clock.sleep(20);
    }
    if (process === undefined) throw new Error("the controller was never started");
    throw failure(this.#endOf("controller", process));
  }

  #endOf(role: string, process: FlotillaProcess): Ended {
    return {
      role,
      code: process.exitCode(),
      log: this.#paths.log(role),
      output: lastWords(process.output()),
    };
  }
}

const ownError = "flotilla: ";

/** What a process says of its end: its own error, else the end of what it wrote. */
export function lastWords(output: string): string {
  const lines = output.trim().split("\n");
  const error = lines.findLast((line) => line.startsWith(ownError));
  return error?.slice(ownError.length) ?? lines.slice(-3).join("\n");
}

/** The error for a process that ended. */
export function failure({ role, log, output }: Ended): FleetError {
  return new FleetError("DEMO_FAILED", `the ${role} does not run: ${output}`, {
    hint: `its log is ${log}`,
    retry: "never",
  });
}
