/**
 * Runs the program that a kubeconfig names to log in (`exec`), by the protocol of `client.authentication.k8s.io`: its
 * description in the environment, its answer on standard output. It ends within its time, or when nobody waits for it any
 * more, with all that it has started: whoever asks again never has two of them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { type Json, type JsonObject, isJsonObject } from "../../core/model/json.ts";
import type { Clock } from "../../runtime/clock.ts";
import { absoluteFile } from "./kubeconfig-fields.ts";

/** What a login program gives: a token, a client certificate with its key, or both. */
export interface LoginAnswer {
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Why a program has given nothing; never holds what it has written. */
export class LoginError extends Error {}

/** How it is run. */
export interface LoginOptions {
  /** Where the kubeconfig was read. */
  readonly path: string;
  /** The cluster, for a program that asks for it (`provideClusterInfo`). */
  readonly cluster: JsonObject;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const graceMs = 2000;
const maxOutput = 1024 * 1024;

/** Runs it to its end. LoginError where it gives no credentials in time; an abort throws the signal's reason. */
export async function runLoginProgram(
  exec: JsonObject,
  options: LoginOptions,
): Promise<LoginAnswer> {
  const { clock, timeoutMs, signal } = options;
  signal.throwIfAborted();
  const child = start(exec, options);
  const ended = new AbortController();
  let stopped: "abort" | "slow" | "long" | undefined;
  const stop = (why: typeof stopped): void => {
    if (stopped !== undefined || ended.signal.aborted) return;
    stopped = why;
    child.stdout?.destroy(); // what it has started may hold it open
    void end(child, clock, ended.signal);
  };
  const onAbort = (): void => stop("abort");
  signal.addEventListener("abort", onAbort);
  void clock.sleep(timeoutMs, ended.signal).then(() => stop("slow"));
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout?.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxOutput) stop("long");
    });
    const code = await ending(child);
    if (stopped === "abort") throw signal.reason;
    if (stopped === "slow") throw new LoginError("runs a program that does not answer");
    if (stopped === "long") throw new LoginError("runs a program that writes too much");
    if (code !== 0) throw unusable(`its program ended with ${code ?? "a signal"}`);
    return readAnswer(Buffer.concat(chunks).toString("utf8"));
  } finally {
    ended.abort();
    signal.removeEventListener("abort", onAbort);
  }
}

/** In a process group of its own, so that what it starts ends with it. */
function start(exec: JsonObject, options: LoginOptions): ChildProcess {
  const { command, args } = exec;
  if (typeof command !== "string" || command === "") throw unusable("it names no program");
  // One that is named by a path lies beside the kubeconfig, if nothing else is said.
  const program = command.includes("/") ? absoluteFile(command, options.path) : command;
  return spawn(program, textsOf(args), {
    env: { ...process.env, ...variablesOf(exec), KUBERNETES_EXEC_INFO: describe(exec, options) },
    detached: true,
    // What it says of a failure may quote credentials.
    stdio: ["ignore", "pipe", "ignore"],
  });
}

function textsOf(list: Json | undefined): string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
}

function variablesOf({ env }: JsonObject): Record<string, string> {
  const entries = Array.isArray(env) ? env.filter(isJsonObject) : [];
  return Object.fromEntries(
    entries.flatMap(({ name, value }: JsonObject) =>
      typeof name === "string" && typeof value === "string" ? [[name, value]] : [],
    ),
  );
}

/** What a program is told of who asks; the names are those of the protocol. */
function describe(exec: JsonObject, { cluster }: LoginOptions): string {
  const about = {
    server: cluster["server"],
    "tls-server-name": cluster["tls-server-name"],
    "insecure-skip-tls-verify": cluster["insecure-skip-tls-verify"],
    "certificate-authority-data": cluster["certificate-authority-data"],
  };
  const isAsked = exec["provideClusterInfo"] === true;
  return JSON.stringify({
    apiVersion: exec["apiVersion"],
    kind: "ExecCredential",
    spec: { interactive: false, ...(isAsked && { cluster: about }) },
  });
}

/** First politely, then for certain. */
async function end({ pid }: ChildProcess, clock: Clock, ended: AbortSignal): Promise<void> {
  if (pid === undefined) return;
  signalGroup(pid, "SIGTERM");
  await clock.sleep(graceMs, ended);
  signalGroup(pid, "SIGKILL");
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: all of it has ended. EPERM: what is left is somebody else's.
    if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

function ending(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", () => reject(unusable("its program cannot be started")));
    child.once("close", resolve);
  });
}

function readAnswer(text: string): LoginAnswer {
  const status = statusOf(text);
  const { token, clientCertificateData: cert, clientKeyData: key } = status;
  const answer = {
    ...(typeof token === "string" && token !== "" && { token }),
    ...(typeof cert === "string" && cert !== "" && { cert }),
    ...(typeof key === "string" && key !== "" && { key }),
  };
  if (answer.token === undefined && answer.cert === undefined) {
    throw unusable("its program answers without any");
  }
  return answer;
}

function statusOf(text: string): JsonObject {
  try {
    const credential = JSON.parse(text) as Json; // JSON text gives Json
    const status = isJsonObject(credential) ? credential["status"] : undefined;
    return isJsonObject(status) ? status : {};
  } catch {
    return {};
  }
}

function unusable(why: string): LoginError {
  return new LoginError(`gives no usable credentials: ${why}`);
}
