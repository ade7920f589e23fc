import { spawn } from "node:child_process";
import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Clock } from "../../runtime/clock.ts";
import { type GitConfig, gitEnvironment } from "./git-environment.ts";
import { killGroup } from "./git-process.ts";

/** One request for git, already authorized, with its whole body. */
export interface BackendRequest {
  /** The repository, absolute. */
  readonly repoDir: string;
  readonly method: "GET" | "POST";
  /** Behind the repository: `/info/refs`. */
  readonly path: string;
  readonly query: string;
  readonly contentType: string;
  /** Git-Protocol header; "" for none. */
  readonly protocol: string;
  readonly body: Uint8Array;
  readonly config: GitConfig;
  readonly timeoutMs: number;
}

const maxHeader = 8 * 1024;

/**
 * Runs git and streams its answer to `response`: a fetch goes to what `git http-backend` (CGI) would start for it, all
 * else to that. The process ends when the client goes away or the time is over. Resolves when all is over; one that
 * fails before it answers gives 500.
 */
export async function runHttpBackend(
  request: BackendRequest,
  response: ServerResponse,
  clock: Clock,
): Promise<void> {
  const isFetch = request.path === fetchPath && request.protocol === "version=2";
  const args = isFetch ? ["upload-pack", "--stateless-rpc", request.repoDir] : ["http-backend"];
  const child = spawn("git", args, {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
    env: { ...gitEnvironment({ config: request.config }), ...cgiEnvironment(request) },
  });
  const ended = new AbortController();
  const closed = new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(null));
    child.once("close", (code) => resolve(code));
  });
  const stop = (): void => {
    if (!ended.signal.aborted) killGroup(child, clock, ended.signal);
  };
  response.once("close", stop);
  void clock.sleep(request.timeoutMs, ended.signal).then(stop);
  child.stdin.on("error", () => undefined);
  child.stdin.end(request.body);
  try {
    await copyAnswer(child.stdout, response, isFetch ? readPlain : readHeader);
    // Killed in the middle: a cut connection, so that nobody takes what came for the whole.
    if ((await closed) === null) response.destroy();
    else response.end();
  } catch {
    // The client went away.
    response.destroy();
  } finally {
    await closed;
    ended.abort();
    response.off("close", stop);
  }
}

function cgiEnvironment(request: BackendRequest): Record<string, string> {
  return {
    GIT_PROJECT_ROOT: request.repoDir,
    GIT_HTTP_EXPORT_ALL: "1",
    PATH_INFO: request.path,
    QUERY_STRING: request.query,
    REQUEST_METHOD: request.method,
    CONTENT_TYPE: request.contentType,
    CONTENT_LENGTH: String(request.body.length),
    REMOTE_USER: "flotilla",
    REMOTE_ADDR: "127.0.0.1",
    ...(request.protocol === "" ? {} : { GIT_PROTOCOL: request.protocol }),
  };
}

async function copyAnswer(
  stdout: Readable,
  response: ServerResponse,
  readStart: (stdout: Readable) => Promise<AnswerStart | undefined>,
): Promise<void> {
  const start = await readStart(stdout);
  if (start === undefined) {
    response.writeHead(500, { "content-type": "text/plain" }).write("git failed\n");
    return;
  }
  response.writeHead(start.status, start.headers);
  // A line that never comes must not hold back what is there: the client waits for the first bytes.
  response.write(start.rest);
  await pipeline(stdout, response, { end: false });
}

interface AnswerStart {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly rest: Buffer;
}

const fetchPath = "/git-upload-pack";
const fetchHeaders = {
  "content-type": "application/x-git-upload-pack-result",
  "cache-control": "no-cache",
};

/** An answer without a header of its own. Undefined when there is none. */
async function readPlain(stdout: Readable): Promise<AnswerStart | undefined> {
  const rest = await nextChunk(stdout);
  return rest === undefined ? undefined : { status: 200, headers: fetchHeaders, rest };
}

/** Reads the CGI header. Undefined when the stream ends (or goes on too long) without one. */
async function readHeader(stdout: Readable): Promise<AnswerStart | undefined> {
  let seen = Buffer.alloc(0);
  for (;;) {
    const end = seen.indexOf("\r\n\r\n");
    if (end >= 0) return parseHeader(seen.subarray(0, end), seen.subarray(end + 4));
    if (seen.length > maxHeader) return undefined;
    const chunk = await nextChunk(stdout);
    if (chunk === undefined) return undefined;
    seen = Buffer.concat([seen, chunk]);
  }
}

function nextChunk(stdout: Readable): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const read = (): void => {
      // A stream without an encoding gives Buffers.
      const chunk = stdout.read() as Buffer | null;
      if (chunk !== null) done(chunk);
    };
    const done = (chunk: Buffer | undefined): void => {
      stdout.off("readable", read).off("end", over).off("error", over).off("close", over);
      resolve(chunk);
    };
    const over = (): void => done(undefined);
    stdout.on("readable", read).on("end", over).on("error", over).on("close", over);
    if (stdout.readableEnded || stdout.destroyed) over();
    else read();
  });
}

function parseHeader(header: Buffer, rest: Buffer): AnswerStart {
  const headers: Record<string, string> = {};
  let status = 200;
  for (const line of header.toString("latin1").split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === "status") status = Number.parseInt(value, 10);
    else headers[name] = value;
  }
  return { status: Number.isInteger(status) ? status : 500, headers, rest };
}
