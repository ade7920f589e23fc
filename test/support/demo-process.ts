/** `flotilla demo` as a process of its own, with a folder of its own for temporary files. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

export interface DemoProcess {
  readonly child: ChildProcess;
  /** TMPDIR of the process: what is left in it is left on disk. */
  readonly temporary: string;
  stdout(): string;
  stderr(): string;
  readonly ended: Promise<number | null>;
  /** Resolves when stderr has this. */
  saw(text: string): Promise<void>;
}

export interface DemoProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** With a channel to this process, as an older Node starts it. */
  readonly channel?: boolean;
}

/** Starts `flotilla demo ARGS`; what of it still runs when the test ends is killed. */
export async function startDemoProcess(
  args: readonly string[],
  options: DemoProcessOptions = {},
): Promise<DemoProcess> {
  const temporary = await mkdtemp(join(tmpdir(), "flotilla-demo-test-"));
  const child = spawn(process.execPath, ["bin/flotilla.js", "demo", ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe", ...(options.channel === true ? (["ipc"] as const) : [])],
    env: { ...process.env, TMPDIR: temporary, ...options.env },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  // Not `close`: that does not come any more once the channel was closed from here.
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve)).then(
    async (code) => {
      if (child.stdout !== null) await finished(child.stdout);
      if (child.stderr !== null) await finished(child.stderr);
      return code;
    },
  );
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await noneLeft(temporary);
    await rm(temporary, { recursive: true, force: true });
  });
  const saw = async (text: string): Promise<void> => {
    while (!stderr.includes(text)) {
      if (child.exitCode !== null) throw new Error(`it ended without "${text}": ${stderr}`);
      await sleep(50);
    }
  };
  return { child, temporary, stdout: () => stdout, stderr: () => stderr, ended, saw };
}

/** Command lines of processes that name a folder, each behind its pid. */
export async function processesNaming(folder: string): Promise<string[]> {
  const { stdout } = await run("ps", ["-A", "-o", "pid,args"], { maxBuffer: 16 * 1024 * 1024 });
  return stdout.split("\n").filter((line) => line.includes(folder));
}

/** Kills the process of a demo in this folder whose command line has a word. */
export async function killProcess(folder: string, word: string): Promise<void> {
  const found = (await processesNaming(folder)).find(
    (line) => line.includes(word) && line.includes("bin/flotilla.js"),
  );
  if (found === undefined) throw new Error(`no ${word} runs in ${folder}`);
  process.kill(Number.parseInt(found, 10), "SIGKILL");
}

/** Resolves when no process names the folder any more; gives what is left in it. */
export async function noneLeft(folder: string): Promise<string[]> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const left = await processesNaming(folder);
    if (left.length === 0) return readdir(folder);
    if (performance.now() > deadline) throw new Error(`still running: ${left.join("\n")}`);
    await sleep(50);
  }
}
