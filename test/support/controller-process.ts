/**
 * A controller for tests: in this process (quick, ends in order) or as a child process (kill -9). Both have the real
 * git, the real HTTP and a state folder of their own that outlives them.
 *
 *   const bench = await controllerBench();              // fleet repository, tokens, state folder
 *   const controller = await bench.start();             // in this process
 *   await controller.stop();
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ControllerConfig } from "../../src/controller/config.ts";
import { runController } from "../../src/controller/controller.ts";
import type { Decision, DecisionAnswer, FleetStatus } from "../../src/core/protocol/api.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { createRepository, git, temporaryFolder, type TestRepository } from "./git-repository.ts";
import { type MirrorReader, openMirror } from "./controller-mirror.ts";

/** Tokens of the mirrors. */
export const mirrorTokens = {
  east: "east-token-0123456789",
  west: "west-token-0123456789",
} as const;
export type MirrorName = keyof typeof mirrorTokens;

/** The controller's API, as an operator's tool calls it. */
export interface ControllerApi {
  readonly url: string;
  request(path: string, init?: RequestInit): Promise<Response>;
  /** null while the controller cannot tell. */
  status(): Promise<FleetStatus | null>;
  decide(decision: Decision & { readonly by?: string }): Promise<DecisionAnswer>;
}

interface RunningController extends ControllerApi {
  /** Ends it in order. */
  stop(): Promise<void>;
}

export interface ChildController extends ControllerApi {
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  output(): string;
}

export interface ControllerBench {
  readonly dir: string;
  readonly stateDir: string;
  readonly fleet: TestRepository;
  readonly port: number;
  readonly config: ControllerConfig;
  mirror(name: MirrorName): MirrorReader;
  /** Head of control; "" before the first commit. */
  controlHead(): Promise<string>;
  /** `git` in control. */
  control(...args: string[]): Promise<string>;
  start(changes?: Partial<ControllerConfig>): Promise<RunningController>;
  spawn(changes?: Partial<ControllerConfig>): Promise<ChildController>;
}

/** Makes the folders and files of a controller; starts nothing. */
export async function controllerBench(
  changes: Partial<ControllerConfig> = {},
): Promise<ControllerBench> {
  const dir = await temporaryFolder();
  const fleet = await createRepository();
  const mirrors: Record<string, { tokenFile: string }> = {};
  for (const [name, token] of Object.entries(mirrorTokens)) {
    const tokenFile = join(dir, `${name}.token`);
    await writeFile(tokenFile, token);
    mirrors[name] = { tokenFile };
  }
  const port = await freePort();
  const stateDir = join(dir, "state");
  const config: ControllerConfig = {
    fleet: { url: fleet.dir },
    stateDir,
    listen: `127.0.0.1:${port}`,
    pollInterval: "150ms",
    heartbeat: "500ms",
    mirrors,
    ...changes,
  };
  const control = (...args: string[]): Promise<string> => git(args, join(stateDir, "control.git"));
  return {
    dir,
    stateDir,
    fleet,
    port,
    config,
    mirror: (name) => openMirror(join(stateDir, "mirrors", `${name}.git`)),
    controlHead: () =>
      control("rev-parse", "--quiet", "--verify", "refs/heads/main").catch(() => ""),
    control,
    start: (more = {}) => startInProcess({ ...config, ...more }, port),
    spawn: (more = {}) => spawnController(dir, { ...config, ...more }, port),
  };
}

async function startInProcess(config: ControllerConfig, port: number): Promise<RunningController> {
  const ending = new AbortController();
  const listening = Promise.withResolvers<void>();
  const logger = createLogger({ name: "controller", level: logLevel() });
  const deps = { clock: systemClock(), logger, onListening: () => listening.resolve() };
  const ended = runController(config, deps, ending.signal);
  await Promise.race([listening.promise, ended]);
  const stop = async (): Promise<void> => {
    ending.abort();
    await ended;
  };
  return { ...apiAt(port, config), stop };
}

function logLevel(): "debug" | "silent" {
  return process.env["FLOTILLA_TEST_LOG"] === undefined ? "silent" : "debug";
}

const childScript = fileURLToPath(new URL("controller-child.ts", import.meta.url));

async function spawnController(
  dir: string,
  config: ControllerConfig,
  port: number,
): Promise<ChildController> {
  const path = join(dir, "controller.json");
  await writeFile(path, JSON.stringify(config));
  const child = spawn(process.execPath, [childScript, path], { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  const keep = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const api = apiAt(port, config);
  await waitForHealth(api, child, () => output);
  return { ...api, kill: () => killChild(child), output: () => output };
}

async function waitForHealth(
  api: ControllerApi,
  child: ChildProcess,
  output: () => string,
): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (child.exitCode !== null) throw new Error(`the controller ended: ${output()}`);
    const answer = await fetch(`${api.url}/healthz`).catch(() => null);
    if (answer?.ok) return;
    await sleep(50);
  }
  throw new Error(`the controller does not listen: ${output()}`);
}

async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
}

function apiAt(port: number, { stateDir }: ControllerConfig): ControllerApi {
  const url = `http://127.0.0.1:${port}`;
  const request = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const token = (await readFile(join(stateDir, "api-token"), "utf8")).trim();
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    return fetch(url + path, { ...init, headers });
  };
  return {
    url,
    request,
    status: async () => {
      const answer = await request("/api/v1/status").catch(() => null);
      // The controller's own API: its shape is what the tests are about.
      return answer?.ok ? ((await answer.json()) as FleetStatus) : null;
    },
    decide: async ({ verb, ...body }) => {
      const answer = await request(`/api/v1/rollout/${verb}`, {
        method: "POST",
        body: JSON.stringify(body),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${answer.status} ${text}`);
      return JSON.parse(text) as DecisionAnswer; // as above
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  await new Promise((resolve) => server.close(resolve));
  return port;
}
