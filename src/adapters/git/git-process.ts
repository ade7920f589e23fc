import { type ChildProcessByStdio, spawn } from "node:child_process";
import { pipeline, Readable, type Writable } from "node:stream";
import { FleetError } from "../../core/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import { configArguments, type GitConfig, gitEnvironment } from "./git-environment.ts";
import { gitFailure } from "./git-errors.ts";
import type { SshAccess } from "./ssh-command.ts";

/** One git command. */
export interface GitCommand {
  /** Subcommand and its arguments; never holds a secret. */
  readonly args: readonly string[];
  /** The bare repository (or `.git` folder), absolute. */
  readonly gitDir?: string;
  /** A folder in a work tree, absolute: the repository is looked for from there upwards. */
  readonly workDir?: string;
  /** One that fails ends what git reads, as if it were cut off. */
  readonly input?: string | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
  /** Default 60,000 ms. */
  readonly timeoutMs?: number;
  /** Bytes of stdout that are accepted, default 64 MiB. */
  readonly maxOutput?: number;
  /** Transports that it may use, as GIT_ALLOW_PROTOCOL; none by default. */
  readonly protocols?: string;
  /** Configuration that may hold secrets: goes by environment. */
  readonly secretConfig?: GitConfig;
  /** PEM file of the authorities to trust for https. */
  readonly caFile?: string | undefined;
  /** How ssh logs in. */
  readonly ssh?: SshAccess | undefined;
  /** Taken out of every message. */
  readonly secrets?: readonly string[];
  /** Exit codes that are answers, not failures. Default [0]. */
  readonly codes?: readonly number[];
}

export interface GitAnswer {
  readonly code: number;
  readonly stdout: Buffer;
}

/** Runs git commands; a failure is a FleetError, an aborted signal rejects with its reason. */
export type Git = (command: GitCommand) => Promise<GitAnswer>;

/** A git process with its three pipes. */
export type GitChild = ChildProcessByStdio<Writable, Readable, Readable>;

const defaultTimeoutMs = 60_000;
const defaultMaxOutput = 64 * 1024 * 1024;
const maxStderr = 16 * 1024;
const graceMs = 2000;

/** Makes a runner of git commands that measures time by `clock` and stops when `signal` aborts. */
export function createGit(options: {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}): Git {
  return async (command) => {
    const signals = [options.signal, command.signal].filter((signal) => signal !== undefined);
    const signal = signals.length > 0 ? AbortSignal.any(signals) : undefined;
    signal?.throwIfAborted();
    return run(command, options.clock, signal);
  };
}

/** Starts git in a process group of its own, so that helpers such as git-remote-https end with it. */
export function spawnGit(command: GitCommand): GitChild {
  const location = [
    ...(command.gitDir === undefined ? [] : [`--git-dir=${command.gitDir}`]),
    ...(command.workDir === undefined ? [] : ["-C", command.workDir]),
  ];
  return spawn("git", [...configArguments(), ...location, ...command.args], {
    // No folder of the user's: a folder that is gone would look like a missing git.
    cwd: "/",
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: gitEnvironment({
      ...(command.protocols === undefined ? {} : { protocols: command.protocols }),
      config: command.secretConfig ?? {},
      caFile: command.caFile,
      ssh: command.ssh,
    }),
  });
}

/** Ends a process group: first politely, so that git removes its lock files, then for certain. */
export function killGroup(child: Pick<GitChild, "pid">, clock: Clock, ended: AbortSignal): void {
  if (child.pid === undefined) return;
  signalGroup(child.pid, "SIGTERM");
  const { pid } = child;
  void clock.sleep(graceMs, ended).then(() => {
    if (!ended.aborted) signalGroup(pid, "SIGKILL");
  });
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: it has already ended.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

type Stop = "timeout" | "output" | "abort";

async function run(
  command: GitCommand,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<GitAnswer> {
  const child = spawnGit(command);
  const ended = new AbortController();
  let stopped: Stop | undefined;
  const stop = (why: Stop): void => {
    if (stopped !== undefined || ended.signal.aborted) return;
    stopped = why;
    killGroup(child, clock, ended.signal);
  };
  const onAbort = (): void => stop("abort");
  signal?.addEventListener("abort", onAbort);
  const timeoutMs = command.timeoutMs ?? defaultTimeoutMs;
  void clock.sleep(timeoutMs, ended.signal).then(() => stop("timeout"));
  try {
    const maxOutput = command.maxOutput ?? defaultMaxOutput;
    const output = collect(child.stdout, maxOutput, () => stop("output"));
    const errors = collect(child.stderr, maxStderr, () => undefined);
    feed(child, command.input);
    const code = await ending(child);
    if (stopped === "abort") throw signal?.reason;
    if (stopped !== undefined) throw stoppedError(command, stopped, { timeoutMs, maxOutput });
    return answer(command, { code, stdout: output(), stderr: errors().toString("utf8") });
  } finally {
    ended.abort();
    signal?.removeEventListener("abort", onAbort);
  }
}

function answer(
  command: GitCommand,
  result: { code: number | null; stdout: Buffer; stderr: string },
): GitAnswer {
  const { code, stdout, stderr } = result;
  if (code !== null && (command.codes ?? [0]).includes(code)) return { code, stdout };
  const name = command.args[0] ?? "";
  throw gitFailure({ command: name, code, stderr, secrets: command.secrets ?? [] });
}

function stoppedError(
  command: GitCommand,
  stopped: Stop,
  limits: { timeoutMs: number; maxOutput: number },
): FleetError {
  const name = command.args[0] ?? "";
  if (stopped === "timeout") {
    return new FleetError(
      "GIT_TIMEOUT",
      `git ${name} did not end within ${limits.timeoutMs / 1000} s`,
    );
  }
  return new FleetError("GIT_FAILED", `git ${name} gave more than ${limits.maxOutput} bytes`);
}

/** Gathers a stream; beyond `max` bytes nothing more is kept and `onMore` is called. */
function collect(stream: Readable, max: number, onMore: () => void): () => Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= max) chunks.push(chunk);
    else onMore();
  });
  // A broken pipe is told by the exit code.
  stream.on("error", () => undefined);
  return () => Buffer.concat(chunks);
}

function feed(child: GitChild, input: GitCommand["input"]): void {
  child.stdin.on("error", () => undefined);
  if (input === undefined || typeof input === "string") child.stdin.end(input);
  else pipeline(Readable.from(input), child.stdin, () => undefined);
}

function ending(child: GitChild): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(cannotStart(error)));
    child.once("close", (code) => resolve(code));
  });
}

/** True for the error of `cannotStart` that says that there is no git here. */
export function isGitMissing(error: unknown): boolean {
  if (!(error instanceof FleetError) || !(error.cause instanceof Error)) return false;
  return (error.cause as NodeJS.ErrnoException).code === "ENOENT";
}

/** The error of a git that could not be started. */
export function cannotStart(error: Error): FleetError {
  const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
  return new FleetError("GIT_FAILED", missing ? "git was not found" : "git cannot be started", {
    cause: error,
    ...(missing ? { hint: "install git 2.36 or newer", retry: "never" as const } : {}),
  });
}
