/**
 * An HTTP(S) proxy with switchable faults, for tests of anything that speaks HTTP (Kubernetes, git, GitHub, our API).
 *
 *   const proxy = await startFaultProxy({ target: "https://127.0.0.1:6443", upstream: { ca, cert, key } });
 *   client.use(proxy.url);                                       // http://127.0.0.1:<port>
 *   proxy.fail({ kind: "status", status: 500 });                 // every request, until heal()
 *   proxy.fail({ kind: "reset", afterBytes: 100 }, { method: "GET", path: /deployments/, times: 1 });
 *   proxy.heal();                                                // no fault any more; hanging requests are cut
 *   proxy.count({ method: "DELETE" });                           // requests that came in, faulty ones too
 *   proxy.requests();  proxy.forget();  await proxy.close();
 *
 * Faults, the newest rule that matches a request decides:
 *   refuse                  the connection is reset before an answer
 *   hang                    no answer, until heal() or close()
 *   status                  this status, headers and body instead of the target's
 *   empty                   200 with an empty body
 *   reset                   the target's answer, then a TCP reset after so many bytes of body
 *   cut                     the same with an orderly end: the body is short but the connection closes cleanly
 *   corrupt                 one bit of every byte of the body from this offset on is flipped
 *   slow                    the answer starts after `delayMs`
 *   drip                    the answer's body comes byte by byte, one every `everyMs`
 *   replace                 the body is rewritten by a function (a list without its items, ...)
 *
 * `tls: {key, cert}` makes the proxy itself speak HTTPS; `proxy.show({key, cert})` changes that for new connections. Streams (watches) pass through. It is unref'ed: it never
 * keeps a process alive. For plain TCP see src/demo/tcp-fault-proxy.ts.
 */
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type RequestOptions,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { TLSSocketOptions } from "node:tls";

export type HttpFault =
  | { readonly kind: "refuse" }
  | { readonly kind: "hang" }
  | {
      readonly kind: "status";
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: "empty" }
  | { readonly kind: "reset"; readonly afterBytes: number }
  | { readonly kind: "cut"; readonly afterBytes: number }
  | { readonly kind: "corrupt"; readonly afterBytes: number }
  | { readonly kind: "slow"; readonly delayMs: number }
  | { readonly kind: "drip"; readonly everyMs: number }
  | { readonly kind: "replace"; readonly body: (body: string) => string };

/** Which requests: all that are given must match. `path` is matched without the query, a RegExp with it. */
interface RequestMatch {
  readonly method?: string;
  readonly path?: string | RegExp;
}

interface SeenRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** With the `?`, "" for none. */
  readonly query: string;
  /** The user as whom it was sent; undefined: whose the credentials are. */
  readonly impersonated: string | undefined;
  /** Kind of the fault that it met; undefined: passed through. */
  readonly fault: HttpFault["kind"] | undefined;
  /** Of the target's answer; undefined: there was none, or none yet. */
  status: number | undefined;
}

export interface FaultProxy extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Adds a fault for the matching requests; `times`: so many of them, default all until `heal`. */
  fail(fault: HttpFault, match?: RequestMatch & { readonly times?: number }): void;
  /** Takes every fault back. */
  heal(): void;
  requests(match?: RequestMatch): readonly Readonly<SeenRequest>[];
  count(match?: RequestMatch): number;
  /** Forgets the requests seen so far. */
  forget(): void;
  /** Cuts every open connection (watches too), once. */
  dropConnections(): void;
  /** New connections see this certificate. Only of a proxy that speaks HTTPS. */
  show(tls: TlsIdentity): void;
  close(): Promise<void>;
}

interface TlsIdentity {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
}

interface Rule {
  readonly fault: HttpFault;
  readonly match: RequestMatch;
  left: number;
}

interface ProxyState {
  readonly rules: Rule[];
  readonly seen: SeenRequest[];
  readonly hanging: Set<ServerResponse>;
}

export async function startFaultProxy(options: {
  readonly target: string;
  /** TLS and other options of the requests to the target: ca, cert, key, rejectUnauthorized. */
  readonly upstream?: RequestOptions & TLSSocketOptions;
  readonly tls?: TlsIdentity;
  /** Default: a free one. */
  readonly port?: number;
}): Promise<FaultProxy> {
  const state: ProxyState = { rules: [], seen: [], hanging: new Set() };
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    void handle(
      { state, target: new URL(options.target), upstream: options.upstream ?? {} },
      request,
      response,
    );
  };
  const tlsServer = options.tls === undefined ? undefined : createTlsServer(options.tls, onRequest);
  const server = tlsServer ?? createServer(onRequest);
  server.unref();
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  // A listening TCP server has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  const heal = (): void => {
    state.rules.length = 0;
    for (const response of state.hanging) response.destroy();
    state.hanging.clear();
  };
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      heal();
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    url: `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    heal,
    fail: (fault, match = {}) => {
      state.rules.unshift({ fault, match, left: match.times ?? Number.POSITIVE_INFINITY });
    },
    requests: (match = {}) => state.seen.filter((request) => matches(request, match)),
    count: (match = {}) => state.seen.filter((request) => matches(request, match)).length,
    forget: () => {
      state.seen.length = 0;
    },
    show: (tls) => tlsServer?.setSecureContext(tls),
    dropConnections: () => server.closeAllConnections(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function matches(
  request: Pick<SeenRequest, "method" | "path" | "query">,
  match: RequestMatch,
): boolean {
  if (match.method !== undefined && match.method !== request.method) return false;
  if (match.path === undefined) return true;
  if (typeof match.path === "string") return match.path === request.path;
  return match.path.test(request.path + request.query);
}

interface Upstream {
  readonly state: ProxyState;
  readonly target: URL;
  readonly upstream: RequestOptions & TLSSocketOptions;
}

async function handle(
  proxy: Upstream,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = "/", query] = (request.url ?? "/").split(/(?=\?)/);
  const seen = { method: request.method ?? "GET", path, query: query ?? "" };
  const rule = proxy.state.rules.find(({ left, match }) => left > 0 && matches(seen, match));
  if (rule) rule.left -= 1;
  const user = request.headers["impersonate-user"];
  const impersonated = Array.isArray(user) ? user.join() : user;
  const fault = rule?.fault.kind;
  const noted: SeenRequest = { ...seen, impersonated, fault, status: undefined };
  proxy.state.seen.push(noted);
  response.on("error", () => undefined);
  await applyFault({ proxy, noted, request, response, fault: rule?.fault });
}

interface Exchange {
  readonly proxy: Upstream;
  readonly noted: SeenRequest;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly fault: HttpFault | undefined;
}

async function applyFault(exchange: Exchange): Promise<void> {
  const { proxy, request, response, fault } = exchange;
  if (fault === undefined) return forward(exchange);
  if (fault.kind === "refuse") {
    request.socket.resetAndDestroy();
    return;
  }
  if (fault.kind === "hang") {
    request.resume();
    proxy.state.hanging.add(response);
    return;
  }
  if (fault.kind === "status" || fault.kind === "empty") {
    return answerItself(request, response, fault);
  }
  if (fault.kind === "slow") await delay(fault.delayMs);
  forward(exchange);
}

function answerItself(
  request: IncomingMessage,
  response: ServerResponse,
  fault: Extract<HttpFault, { kind: "status" | "empty" }>,
): void {
  request.resume();
  request.once("end", () => {
    if (fault.kind === "empty") response.writeHead(200).end();
    else response.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? "");
  });
}

function forward(exchange: Exchange): void {
  const { proxy, noted, request, response, fault } = exchange;
  const send = proxy.target.protocol === "https:" ? httpsRequest : httpRequest;
  const upstream = send(
    {
      ...proxy.upstream,
      host: proxy.target.hostname,
      port: proxy.target.port,
      method: request.method,
      path: `${proxy.target.pathname.replace(/\/$/, "")}${request.url ?? "/"}`,
      headers: { ...request.headers, host: proxy.target.host },
    },
    (answer) => {
      noted.status = answer.statusCode;
      copyAnswer(answer, response, fault);
    },
  );
  upstream.on("error", () => response.destroy());
  response.on("close", () => upstream.destroy());
  request.pipe(upstream);
}

function copyAnswer(
  answer: IncomingMessage,
  response: ServerResponse,
  fault: HttpFault | undefined,
): void {
  const headers = { ...answer.headers };
  answer.on("error", () => response.destroy());
  if (fault?.kind === "replace") {
    void rewriteBody(answer, response, fault.body);
    return;
  }
  // With the length announced, a cut would be noticed by HTTP itself: the harder case is that it is not.
  if (fault?.kind === "cut") delete headers["content-length"];
  response.writeHead(answer.statusCode ?? 502, headers);
  response.flushHeaders();
  if (fault === undefined) {
    answer.pipe(response);
    return;
  }
  if (fault.kind === "drip") {
    void drip(answer, response, fault.everyMs);
    return;
  }
  let sent = 0;
  answer.on("data", (chunk: Buffer) => {
    damage({ response, answer, fault, chunk, sent });
    sent += chunk.length;
  });
  answer.on("end", () => response.end());
}

async function drip(
  answer: IncomingMessage,
  response: ServerResponse,
  everyMs: number,
): Promise<void> {
  for await (const chunk of answer) {
    for (const byte of chunk as Buffer) {
      if (response.destroyed) return;
      response.write(Buffer.of(byte));
      await delay(everyMs);
    }
  }
  response.end();
}

/** Passes one chunk of the body on, or what the fault leaves of it. */
function damage(step: {
  readonly response: ServerResponse;
  readonly answer: IncomingMessage;
  readonly fault: HttpFault;
  readonly chunk: Buffer;
  readonly sent: number;
}): void {
  const { response, answer, fault, chunk, sent } = step;
  if (fault.kind === "corrupt") {
    const from = Math.max(0, fault.afterBytes - sent);
    response.write(chunk.map((byte, index) => (index >= from ? byte ^ 0x10 : byte)));
    return;
  }
  if (fault.kind !== "reset" && fault.kind !== "cut") {
    response.write(chunk);
    return;
  }
  const left = fault.afterBytes - sent;
  if (chunk.length <= left) {
    response.write(chunk);
    return;
  }
  answer.destroy();
  const finish = (): void => {
    if (fault.kind === "cut") response.end();
    else response.socket?.resetAndDestroy();
  };
  if (left > 0) response.write(chunk.subarray(0, left), finish);
  else finish();
}

async function rewriteBody(
  answer: IncomingMessage,
  response: ServerResponse,
  rewrite: (body: string) => string,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const body = rewrite(Buffer.concat(chunks).toString("utf8"));
  const headers = { ...answer.headers, "content-length": String(Buffer.byteLength(body)) };
  delete headers["transfer-encoding"];
  response.writeHead(answer.statusCode ?? 502, headers).end(body);
}
