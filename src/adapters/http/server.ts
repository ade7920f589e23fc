/**
 * A small HTTP server over node:http or, with a certificate, node:https. Requests come in with routes; JSON answers,
 * errors as `{code, message, hint?}`, or a raw handler's own bytes go out. Without a certificate it never listens beyond
 * this machine and never answers a foreign `Host` (DNS rebinding; with one, the certificate ends that). It never answers
 * a foreign `Origin`, never reads an unbounded body, and never hangs on closing.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { FleetError } from "../../core/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Logger } from "../../runtime/logger.ts";
import { answerError, answerJson, HttpRefusal, statusOf } from "./answer-error.ts";
import {
  isLocalAuthority,
  type ListenAddress,
  parseListenAddress,
  parseLocalAddress,
} from "./listen-address.ts";
import { readJsonBody } from "./read-json-body.ts";
import {
  compileRoute,
  type CompiledRoute,
  matchRoute,
  type Route,
  type RouteContext,
} from "./route.ts";
import { followTlsPair, readTlsPair, type TlsFiles } from "./tls-files.ts";

export interface HttpServerOptions {
  /** `127.0.0.1:7420`; port 0 takes a free one. */
  readonly listen: string;
  /** Certificate and key: speaks TLS 1.2 or newer, and only that. Without it the address must be on this machine. */
  readonly tls?: TlsFiles | undefined;
  /** The first whose method and path agree gets the request. */
  readonly routes: readonly Route[];
  readonly logger: Logger;
  readonly clock: Clock;
  /** Aborting it closes the server. */
  readonly signal?: AbortSignal;
  /** How long `close` waits for requests under way before it cuts them. Default 2,000. */
  readonly closeGraceMs?: number;
}

export interface HttpServer {
  /** `http://127.0.0.1:7420`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Stops listening, aborts the signals of requests under way, and resolves when every connection is gone. */
  close(): Promise<void>;
}

const defaultMaxBodyBytes = 1024 * 1024;
const headersTimeoutMs = 10_000;
/** For receiving a request; streams that go out may last. */
const requestTimeoutMs = 60_000;
/** A worker reports more often than this: what it asks next need not open a connection first, far away as it may be. */
const keepAliveTimeoutMs = 75_000;

/** Starts listening. USAGE when the address is taken, not on this machine without TLS, or the certificate of no use. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { listen: text, tls } = options;
  const address = tls === undefined ? parseLocalAddress(text) : parseListenAddress(text);
  const routes = options.routes.map(compileRoute);
  const stopping = new AbortController();
  const server = await createListener(options, stopping.signal, (request, response) => {
    void serve({ request, response, routes, options, stopping: stopping.signal });
  });
  await listen(server, address);
  const { port } = server.address() as AddressInfo; // we listen on TCP
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= closeServer(server, stopping, options));
  options.signal?.addEventListener("abort", () => void close(), { once: true });
  if (options.signal?.aborted) await close();
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return { url: `${tls === undefined ? "http" : "https"}://${host}:${port}`, port, close };
}

type Listener = Server | TlsServer;

async function createListener(
  { tls, clock, logger }: HttpServerOptions,
  stopping: AbortSignal,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Listener> {
  const timeouts = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
  };
  if (tls === undefined) return createServer(timeouts, answer);
  const pair = await readTlsPair(tls);
  const server = createTlsServer(
    { ...timeouts, ...pair, handshakeTimeout: headersTimeoutMs },
    answer,
  );
  const use = (next: typeof pair): void => server.setSecureContext(next);
  void followTlsPair(tls, { known: pair, use, clock, logger }, stopping);
  return server;
}

function listen(server: Listener, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === "EADDRINUSE";
      reject(
        new FleetError("USAGE", `cannot listen on ${host}:${port} (${cause.code ?? "error"})`, {
          cause,
          retry: "never",
          ...(isTaken ? { hint: "another process listens there; set another port" } : {}),
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}

async function closeServer(
  server: Listener,
  stopping: AbortController,
  { clock, closeGraceMs = 2000 }: HttpServerOptions,
): Promise<void> {
  const done = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  stopping.abort();
  server.closeIdleConnections();
  const ended = new AbortController();
  void clock.sleep(closeGraceMs, ended.signal).then(() => server.closeAllConnections());
  await done;
  ended.abort();
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly routes: readonly CompiledRoute[];
  readonly options: HttpServerOptions;
  readonly stopping: AbortSignal;
}

async function serve(exchange: Exchange): Promise<void> {
  const { request, response, options, stopping } = exchange;
  // A cut connection is no error of ours; without a listener it would end the process.
  response.on("error", () => undefined);
  if (stopping.aborted) response.setHeader("connection", "close");
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  try {
    await dispatch(exchange, AbortSignal.any([gone.signal, stopping]));
  } catch (error) {
    const isBug = !(error instanceof FleetError) && !gone.signal.aborted;
    if (isBug) options.logger.error("request failed", { ...describe(request), error });
    else logRefusal(options.logger, request, error);
    dropBody(request, response);
    answerError(response, error);
  }
}

function logRefusal(logger: Logger, request: IncomingMessage, error: unknown): void {
  const status = error instanceof FleetError ? statusOf(error) : undefined;
  const level = status !== undefined && status >= 500 ? "warn" : "debug";
  logger[level]("request refused", { ...describe(request), status, error });
}

function describe(request: IncomingMessage): { method: string; path: string } {
  return { method: request.method ?? "", path: (request.url ?? "").replace(/\?.*$/s, "") };
}

/** What was not read would be taken for the next request: the connection ends after this answer. */
function dropBody(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || response.headersSent) return;
  response.setHeader("connection", "close");
  request.resume();
}

async function dispatch(exchange: Exchange, signal: AbortSignal): Promise<void> {
  const { request, response } = exchange;
  refuseForeign(request, exchange.options.tls !== undefined);
  const url = parseUrl(request);
  const { route, params } = findRoute(exchange, url.pathname);
  const asked: RouteContext = {
    method: request.method ?? "GET",
    path: url.pathname,
    params,
    query: url.searchParams,
    signal,
    authorization: request.headers.authorization,
    peer: request.socket.remoteAddress ?? "",
  };
  const caller = await route.authorize?.(asked);
  const context = { ...asked, caller: caller ?? undefined };
  if (route.kind === "raw") {
    await route.handle(context, request, response);
    return;
  }
  const body = await readJsonBody(request, route.maxBodyBytes ?? defaultMaxBodyBytes);
  answerJson(response, 200, await route.handle(context, body));
}

function refuseForeign(request: IncomingMessage, hasTls: boolean): void {
  const { host = "", origin } = request.headers;
  if (!hasTls && !isLocalAuthority(host)) {
    throw new HttpRefusal(421, "the Host header names another machine", {
      hint: "call the server by 127.0.0.1 or localhost",
    });
  }
  if (origin === undefined) return;
  const page = origin.replace(/^https?:\/\//, "");
  const isOurs = hasTls ? origin === `https://${host}` : isLocalAuthority(page);
  if (!isOurs) throw new HttpRefusal(403, "requests of other web pages are refused");
}

function parseUrl(request: IncomingMessage): URL {
  const url = URL.parse(request.url ?? "", "http://localhost");
  if (url === null || !(request.url ?? "").startsWith("/")) {
    throw new HttpRefusal(400, "the request target cannot be read");
  }
  return url;
}

interface FoundRoute {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

function findRoute({ request, response, routes }: Exchange, path: string): FoundRoute {
  const method = request.method ?? "GET";
  const allowed: string[] = [];
  for (const compiled of routes) {
    const params = matchRoute(compiled, path);
    if (params === undefined) continue;
    const { route } = compiled;
    if (route.method === method || route.method === "*") return { route, params };
    allowed.push(route.method);
  }
  if (allowed.length === 0) throw new HttpRefusal(404, `there is nothing at ${path}`);
  response.setHeader("allow", allowed.join(", "));
  throw new HttpRefusal(405, `${path} does not take ${method}`);
}
