/** Flotilla's own processes, started as a user starts them, for end-to-end tests. */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const leash = new URL("leash.mjs", import.meta.url).href;

export interface FlotillaProcess {
  readonly pid: number;
  isRunning(): boolean;
  /** SIGKILL: no clean-up of its own. Resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with its exit code. */
  stop(): Promise<number | null>;
  signal(name: NodeJS.Signals): void;
  /** What it wrote to stdout and stderr. */
  output(): string;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `flotilla ARGS` and lets it run; its output goes to `logPath` too. */
export function startFlotilla(args: readonly string[], logPath: string): FlotillaProcess {
  const child = launch(args);
  let output = "";
  writeFileSync(logPath, "", { flag: "a" });
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-200_000);
    appendFileSync(logPath, chunk);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const end = async (name: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(name);
    return exited;
  };
  return {
    pid: child.pid ?? 0,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    kill: async () => void (await end("SIGKILL")),
    stop: () => end("SIGTERM"),
    signal: (name) => void child.kill(name),
    output: () => output,
  };
}

/** Runs `flotilla ARGS` to its end. */
export async function runFlotilla(args: readonly string[]): Promise<CommandResult> {
  const child = launch(args);
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout, stderr };
}

function launch(args: readonly string[]): ChildProcess {
  const argv = ["--import", leash, "bin/flotilla.js", ...args];
  return spawn(process.execPath, argv, { cwd: root, stdio: ["pipe", "pipe", "pipe"] });
}
