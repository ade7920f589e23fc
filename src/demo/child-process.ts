import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const leash = new URL("leash.mjs", import.meta.url).href;
const keptOutput = 200_000;

/** One of Flotilla's own processes, started as a user starts it. */
export interface FlotillaProcess {
  readonly pid: number;
  isRunning(): boolean;
  /** SIGKILL: no clean-up of its own. Resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL when that does not end it within `patienceMs`; resolves with its exit code. */
  stop(patienceMs?: number): Promise<number | null>;
  signal(name: NodeJS.Signals): void;
  /** What it wrote to stdout and stderr, its end. */
  output(): string;
  /** Null while it runs, and where a signal ended it. */
  exitCode(): number | null;
}

/** Starts `flotilla ARGS` and lets it run; its output goes to `logPath` too. It lives no longer than this process. */
export function startFlotilla(args: readonly string[], logPath: string): FlotillaProcess {
  const child = launchFlotilla(args);
  let output = "";
  writeFileSync(logPath, "", { flag: "a" });
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-keptOutput);
    appendFileSync(logPath, chunk);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const exited = new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
    child.once("error", () => resolve(null));
  });
  const isRunning = (): boolean =>
    child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  const end = async (name: NodeJS.Signals): Promise<number | null> => {
    if (isRunning()) child.kill(name);
    return exited;
  };
  return {
    pid: child.pid ?? 0,
    isRunning,
    kill: async () => void (await end("SIGKILL")),
    stop: async (patienceMs) => {
      const timer =
        patienceMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), patienceMs);
      const code = await end("SIGTERM");
      clearTimeout(timer);
      return code;
    },
    signal: (name) => void child.kill(name),
    output: () => output,
    exitCode: () => child.exitCode,
  };
}

/**
 * `flotilla ARGS` as a child that ends when its standard input does. In a process group of its own: Ctrl-C reaches
 * whoever started it, and not the child past it.
 */
export function launchFlotilla(args: readonly string[]): ChildProcess {
  const argv = ["--import", leash, "bin/flotilla.js", ...args];
  return spawn(process.execPath, argv, {
    cwd: root,
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
}
