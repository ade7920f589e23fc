/**
 * Serves mirrors to workers: smart HTTP, packs of what is new in process or else by `git http-backend`, one repository for each mirror, of which only
 * `refs/heads/main` is shown. It is read-only but for one push: of the commit that the controller asks for, to
 * `refs/flotilla/recover`. Nothing is said about a mirror, not even whether it exists, without its credential.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline, type Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { createGunzip } from "node:zlib";
import pLimit from "p-limit";
import { mirrorBranch, recoverRef } from "../../core/protocol/mirror-layout.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { GitConfig } from "./git-environment.ts";
import { runHttpBackend } from "./http-backend-process.ts";
import type { NewsRange } from "./news-pack.ts";
import { answerUploadPack } from "./upload-pack.ts";

/** Answers the git requests of a mirror; false (untouched) for any other request. */
export type MirrorGitHandler = (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<boolean>;

interface Options {
  /** The bare repository of a mirror, absolute. Called after `authorize` only. */
  readonly repoDir: (mirror: string) => string;
  /** True when the Authorization header opens this mirror; false for an unknown mirror too. See `headerHasToken`. */
  readonly authorize: (mirror: string, authorization: string | undefined) => boolean;
  /** The one commit that a mirror takes by a push now; null: none. */
  readonly wanted?: (mirror: string) => string | null;
  /** Makes packs of what was written last, of a mirror that was authorized. Without it, git makes all of them. */
  readonly news?: (mirror: string, range: NewsRange) => Promise<readonly Buffer[] | null>;
  /** Called when a push has come in; what came is still to be verified. */
  readonly onPush?: () => void;
  readonly clock: Clock;
  /** For one answer, default 300,000. */
  readonly timeoutMs?: number;
  /** Of a request, after decompression; default 8 MiB. */
  readonly maxBodyBytes?: number;
  /** Of a push, default 64 MiB. */
  readonly maxPushBytes?: number;
  /** Git processes at the same time, default 16; more requests wait. */
  readonly maxProcesses?: number;
}

interface GitRequest {
  readonly mirror: string;
  readonly endpoint: string;
  readonly query: string;
}

const maxPushBytes = 64 * 1024 * 1024;

const configuration: GitConfig = {
  "safe.directory": "*",
  "http.receivepack": "false",
  "http.getanyfile": "false",
  // What an object was before is the first one that it is compared with, and nearly all that is saved: a list of all sites
  // in which one has changed goes as that. To look further takes longer than it saves. Files are sent whole: to find what
  // has changed of a thousand small ones, and to put them together again, takes longer than all else of a fetch.
  "pack.window": "1",
  "core.attributesFile": fileURLToPath(new URL("mirror.gitattributes", import.meta.url)),
  // Later values win: everything is hidden, and then the one branch is not.
  "uploadpack.hideRefs": ["refs/", `!${mirrorBranch}`],
  "uploadpack.allowAnySHA1InWant": "false",
  "uploadpack.allowReachableSHA1InWant": "false",
  "uploadpack.allowTipSHA1InWant": "false",
  "uploadpack.allowFilter": "false",
};

/** For a push: the branch is shown, so that only what it lacks is sent; of all refs one can be written. */
const pushConfiguration = (maxBytes: number): GitConfig => ({
  ...configuration,
  "http.receivepack": "true",
  "receive.hideRefs": ["refs/", `!${mirrorBranch}`, `!${recoverRef}`],
  "receive.fsckObjects": "true",
  "receive.maxInputSize": String(maxBytes),
  "receive.autogc": "false",
  "receive.shallowUpdate": "false",
});

/** Makes the handler for `/mirrors/<mirror>.git/info/refs` and `…/git-upload-pack`. */
export function createMirrorGitHandler(options: Options): MirrorGitHandler {
  const limit = pLimit(options.maxProcesses ?? 16);
  return async (request, response) => {
    const wanted = parseTarget(request.url ?? "");
    if (wanted === undefined) return false;
    const refusal = refuse(options, request, wanted);
    if (refusal !== undefined) {
      answer(request, response, refusal);
      return true;
    }
    const body = await readBody(request, bodyLimit(options, wanted));
    const problem = "status" in body ? body : refuseUpdate(options, wanted, body);
    if (problem === undefined && !("status" in body)) {
      const exchange = { options, request, response, body };
      await serve(exchange, wanted, limit);
      if (wanted.endpoint === "git-receive-pack") options.onPush?.();
    } else if (problem !== undefined) answer(request, response, problem);
    return true;
  };
}

/** RFC 1123 labels, joined by `--` for a cell. */
const target =
  /^\/mirrors\/(?<mirror>[a-z0-9](?:[a-z0-9-]{0,126}[a-z0-9])?)\.git\/(?<endpoint>info\/refs|git-upload-pack|git-receive-pack)$/;

function parseTarget(url: string): GitRequest | undefined {
  const [path = "", query = ""] = url.split("?", 2);
  const { mirror, endpoint } = target.exec(path)?.groups ?? {};
  return mirror === undefined || endpoint === undefined ? undefined : { mirror, endpoint, query };
}

interface Refusal {
  readonly status: number;
  readonly message: string;
}

function refuse(
  options: Options,
  request: IncomingMessage,
  wanted: GitRequest,
): Refusal | undefined {
  if (!options.authorize(wanted.mirror, request.headers.authorization)) {
    return { status: 401, message: "the token does not open this mirror" };
  }
  if (isPush(wanted) && wantedOf(options, wanted) === null) {
    return { status: 403, message: "mirrors are read-only" };
  }
  if (wanted.endpoint === "info/refs") {
    if (request.method !== "GET") return { status: 405, message: "use GET" };
    const smart = wanted.query === "service=git-upload-pack" || isPush(wanted);
    return smart ? undefined : { status: 403, message: "only smart HTTP is served" };
  }
  if (request.method !== "POST") return { status: 405, message: "use POST" };
  const isGit = request.headers["content-type"] === `application/x-${wanted.endpoint}-request`;
  return isGit ? undefined : { status: 415, message: "not a git request" };
}

function isPush({ endpoint, query }: GitRequest): boolean {
  return endpoint === "git-receive-pack" || query === "service=git-receive-pack";
}

function wantedOf({ wanted }: Options, { mirror }: GitRequest): string | null {
  return wanted?.(mirror) ?? null;
}

function bodyLimit(options: Options, wanted: GitRequest): number {
  return isPush(wanted)
    ? (options.maxPushBytes ?? maxPushBytes)
    : (options.maxBodyBytes ?? 8 * 1024 * 1024);
}

/** How git asks whether it would be let in, before it sends much. */
const probe = "0000";
const update =
  /^[0-9a-f]{4}[0-9a-f]{40} (?<commit>[0-9a-f]{40}) (?<ref>[^\0\n ]+)(?:\0[^\n]*)?\n?$/;

/** A push says first what it updates: that must be the one ref, to the one commit, and nothing else. */
function refuseUpdate(options: Options, wanted: GitRequest, body: Buffer): Refusal | undefined {
  if (wanted.endpoint !== "git-receive-pack" || body.toString("latin1", 0, 5) === probe) {
    return undefined;
  }
  const length = Number.parseInt(body.toString("latin1", 0, 4), 16);
  const groups = update.exec(body.toString("latin1", 0, length))?.groups;
  const isAlone = body.toString("latin1", length, length + 4) === "0000";
  if (isAlone && groups?.["ref"] === recoverRef && groups["commit"] === wantedOf(options, wanted)) {
    return undefined;
  }
  return { status: 403, message: `only the commit that was asked for is taken, at ${recoverRef}` };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { status, message }: Refusal,
): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    ...(status === 401 ? { "www-authenticate": 'Basic realm="flotilla", charset="UTF-8"' } : {}),
  });
  response.end(`${message}\n`);
  // A connection closed over an unread body would be a reset to the client, and hide the answer.
  request.resume();
}

/** The whole body, decompressed; a refusal when it is too large or damaged. */
async function readBody(request: IncomingMessage, max: number): Promise<Buffer | Refusal> {
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity" && encoding !== "gzip") {
    return { status: 415, message: "only gzip is understood" };
  }
  const source = encoding === "gzip" ? unzip(request) : request;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // The request must outlive a refusal, or the client would see a cut connection instead.
    for await (const chunk of source.iterator({ destroyOnReturn: false })) {
      // Streams without an encoding give Buffers.
      const bytes = chunk as Buffer;
      size += bytes.length;
      if (size > max) return { status: 413, message: "the request is too large" };
      chunks.push(bytes);
    }
  } catch {
    return { status: 400, message: "the request cannot be read" };
  }
  return Buffer.concat(chunks);
}

function unzip(request: IncomingMessage): Readable {
  const source = createGunzip();
  // What goes wrong on the way is met by whoever reads the result.
  pipeline(request, source, () => undefined);
  return source;
}

interface Exchange {
  readonly options: Options;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
}

async function serve(
  exchange: Exchange,
  wanted: GitRequest,
  limit: ReturnType<typeof pLimit>,
): Promise<void> {
  if (await serveQuickly(exchange, wanted)) return;
  await limit(() => serveByGit(exchange, wanted));
}

/** A worker asks often and mostly learns nothing new: that costs no process. False: git is to answer. */
async function serveQuickly(
  { options, request, response, body }: Exchange,
  wanted: GitRequest,
): Promise<boolean> {
  if (isPush(wanted)) return false;
  const { news } = options;
  const { mirror } = wanted;
  const found = await answerUploadPack({
    repoDir: options.repoDir(mirror),
    method: methodOf(request),
    protocol: protocolOf(request),
    body,
    news: news === undefined ? undefined : (range) => news(mirror, range),
  });
  if (found === null) return false;
  response.writeHead(200, { "content-type": found.contentType, "cache-control": "no-cache" });
  response.end(found.body);
  return true;
}

function methodOf({ method }: IncomingMessage): "GET" | "POST" {
  return method === "POST" ? "POST" : "GET";
}

function protocolOf({ headers }: IncomingMessage): string {
  const protocol = String(headers["git-protocol"] ?? "");
  return /^version=[0-2]$/.test(protocol) ? protocol : "";
}

async function serveByGit(
  { options, request, response, body }: Exchange,
  wanted: GitRequest,
): Promise<void> {
  // The client went away while it waited.
  if (response.destroyed || response.closed) return;
  const backendRequest = {
    repoDir: options.repoDir(wanted.mirror),
    method: methodOf(request),
    path: `/${wanted.endpoint}`,
    query: wanted.query,
    contentType: request.headers["content-type"] ?? "",
    protocol: protocolOf(request),
    body,
    config: isPush(wanted)
      ? pushConfiguration(options.maxPushBytes ?? maxPushBytes)
      : configuration,
    timeoutMs: options.timeoutMs ?? 300_000,
  };
  await runHttpBackend(backendRequest, response, options.clock);
}
