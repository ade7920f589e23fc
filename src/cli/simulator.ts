import { mkdir, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { join, resolve } from "node:path";
import { parseLocalAddress } from "../adapters/http/listen-address.ts";
import { FleetError } from "../core/errors.ts";
import { parseDuration } from "../core/model/duration.ts";
import { readConfigOrFail } from "../runtime/read-config.ts";
import { systemClock } from "../runtime/system-clock.ts";
import { SimulatorConfig } from "../simulator/config.ts";
import { type Simulator, startSimulator } from "../simulator/simulator.ts";
import type { CliIo, Command, CommandArgs, ExitCode } from "./command.ts";
import { noArguments } from "./no-arguments.ts";
import { textOption } from "./output.ts";

/** `flotilla simulator`. */
export const command: Command = {
  summary: "run simulated clusters on this machine",
  usage: `Usage: flotilla simulator [--clusters N] [--prefix TEXT] [--dir FOLDER] [OPTIONS]
       flotilla simulator --config FILE [--dir FOLDER] [OPTIONS]

Options:
  --clusters N     how many clusters; default 1
  --prefix TEXT    their names are TEXT1, TEXT2, ...; default "cluster-"
  --name NAME      a cluster of this name, instead of counted ones; may be repeated
  --config FILE    the clusters with their nodes, scripts and faults, instead of counted ones
  --dir FOLDER     write a kubeconfig NAME.kubeconfig of each cluster into it
  --listen H:P     address on this machine; default 127.0.0.1:0, a free port
  --end-after TIME end by itself, such as 10m

Prints the address, and ends at SIGINT or SIGTERM.
Exit codes: 0 ended in order, 2 could not start or failed.
`,
  options: {
    clusters: { type: "string" },
    prefix: { type: "string" },
    name: { type: "string", multiple: true },
    config: { type: "string" },
    dir: { type: "string" },
    listen: { type: "string" },
    "end-after": { type: "string" },
  },
  run: runSimulator,
};

async function runSimulator(args: CommandArgs, io: CliIo): Promise<ExitCode> {
  noArguments("simulator", args);
  const { host, port } = parseLocalAddress(textOption(args, "listen") ?? "127.0.0.1:0");
  const endAfterMs = readEndAfter(args);
  const clock = systemClock();
  const clusters = await readClusters(args, io);
  const ownPorts = clusters.filter(({ ownPort }) => ownPort).map(({ name }) => name);
  const options = { clusters, ownPorts, clock, host, port, token: randomUUID() };
  await using simulator = await startSimulator(options);
  for (const { name, fault } of clusters) if (fault !== undefined) simulator.fail(name, fault);
  const dir = textOption(args, "dir");
  if (dir !== undefined) await writeKubeconfigs(simulator, resolve(io.cwd, dir));
  io.stdout(`${simulator.url}\n`);
  const { promise, resolve: end } = Promise.withResolvers<void>();
  io.signal.addEventListener("abort", () => end());
  const timer = endAfterMs === undefined ? undefined : setTimeout(end, endAfterMs);
  if (!io.signal.aborted) await promise;
  clearTimeout(timer);
  return 0;
}

async function readClusters(
  args: CommandArgs,
  { cwd }: CliIo,
): Promise<SimulatorConfig["clusters"]> {
  const path = textOption(args, "config");
  if (path !== undefined) {
    return (await readConfigOrFail(resolve(cwd, path), SimulatorConfig)).clusters;
  }
  return readNames(args).map((name) => ({ name, ownPort: false }));
}

function readNames(args: CommandArgs): readonly string[] {
  const names = args.values["name"];
  if (Array.isArray(names)) return names.map(String);
  const count = Number(textOption(args, "clusters") ?? "1");
  if (!Number.isInteger(count) || count < 1) throw usage("--clusters is a number from 1");
  const prefix = textOption(args, "prefix") ?? "cluster-";
  return Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`);
}

function readEndAfter(args: CommandArgs): number | undefined {
  const text = textOption(args, "end-after");
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined) throw usage(`--end-after is a time such as 10m, not "${text}"`);
  return ms;
}

function usage(message: string): FleetError {
  return new FleetError("USAGE", message, {
    hint: "see flotilla simulator --help",
    retry: "never",
  });
}

async function writeKubeconfigs(simulator: Simulator, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const name of simulator.names) {
    const path = join(dir, `${name}.kubeconfig`);
    await writeFile(path, simulator.kubeconfig(name), { mode: 0o600 });
  }
}
