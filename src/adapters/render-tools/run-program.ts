/** Runs one program with nothing of this process's environment, and with bounds: time, memory, output. */
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { FleetError } from "../../core/errors.ts";
import type { Clock } from "../../runtime/clock.ts";

/** One run. */
export interface ProgramRun {
  /** Absolute path of the program. */
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export interface ProgramLimits {
  readonly timeoutMs: number;
  readonly maxOutput: number;
  /** Of address space, in KiB. */
  readonly maxMemory: number;
}

/** Bounds how many programs run at once. */
export type RunSlots = <Result>(run: () => Promise<Result>) => Promise<Result>;

/** 60 s, 16 MiB of output, 4 GiB. */
export const defaultLimits: ProgramLimits = {
  timeoutMs: 60_000,
  maxOutput: 16 * 1024 * 1024,
  maxMemory: 4 * 1024 * 1024,
};

export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** It wrote more than it may; `stdout` is empty then. */
  readonly isTooLong: boolean;
}

const maxStderr = 64 * 1024;

/** Runs a program to its end. TOOL_FAILED where it does not come to one: too slow, too large, killed. */
export async function runProgram(
  run: ProgramRun,
  { timeoutMs, maxOutput, maxMemory }: ProgramLimits,
  clock: Clock,
): Promise<ProgramResult> {
  run.signal?.throwIfAborted();
  // In our own process group: who ends us at a terminal ends it too. It has no programs to start.
  // `ulimit -v` is not everywhere; where it is, a source that eats memory cannot take the machine with it.
  const script = `ulimit -v ${maxMemory} 2>/dev/null; exec "$@"`;
  const child = spawn("/bin/sh", ["-c", script, "sh", run.program, ...run.args], {
    cwd: run.cwd,
    env: run.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new AbortController();
  let stopped: "slow" | "long" | "abort" | undefined;
  const stop = (why: typeof stopped): void => {
    stopped ??= why;
    if (!ended.signal.aborted) child.kill("SIGKILL");
  };
  const onAbort = (): void => stop("abort");
  run.signal?.addEventListener("abort", onAbort);
  void clock.sleep(timeoutMs, ended.signal).then(() => ended.signal.aborted || stop("slow"));
  const stdout = collect(child.stdout, maxOutput, () => stop("long"));
  const stderr = collect(child.stderr, maxStderr, () => undefined);
  try {
    const { code, signal } = await new Promise<Ending>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve({ code, signal }));
    });
    if (stopped === "abort") throw run.signal?.reason;
    if (stopped === "long") return { code: 1, stdout: "", stderr: "", isTooLong: true };
    const errors = stderr();
    const problem =
      stopped === "slow"
        ? `did not end within ${timeoutMs / 1000} s`
        : crash({ code, signal }, errors);
    if (problem === undefined)
      return { code: code ?? 1, stdout: stdout(), stderr: errors, isTooLong: false };
    throw failed(run.program, problem);
  } finally {
    ended.abort();
    run.signal?.removeEventListener("abort", onAbort);
  }
}

interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Both tools end with 0 or 1; anything else says that they broke, not that their source is wrong. */
function crash({ code, signal }: Ending, stderr: string): string | undefined {
  if (code === 0 || code === 1) return undefined;
  if (code === 126 || code === 127) return "cannot be started";
  const [line = ""] = stderr.split("\n").filter((each) => /^(fatal|runtime|panic)/.test(each));
  return `broke (${signal ?? `exit code ${code}`})${line === "" ? "" : `: ${line.slice(0, 200)}`}`;
}

function failed(program: string, problem: string): FleetError {
  const name = program.slice(program.lastIndexOf("/") + 1);
  return new FleetError("TOOL_FAILED", `${name} ${problem}`, {
    hint: "look for a loop or a very large result in the source; on a busy machine, try again",
  });
}

/** Gathers a stream; beyond `max` bytes nothing more is kept and `onMore` is called. */
function collect(stream: Readable, max: number, onMore: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= max) chunks.push(chunk);
    else onMore();
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
