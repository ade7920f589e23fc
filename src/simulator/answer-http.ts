/** HTTP in front of the clusters: `/clusters/<name>/...` is the API of a cluster. As little per request as can be. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { parse as parseYaml } from "yaml";
import type { ApiRequest, ApiResponse } from "../core/cluster-model/api-request.ts";
import type { Json, JsonObject } from "../core/model/json.ts";
import type { ClusterHost } from "./cluster-host.ts";

const maxBody = 8 * 1024 * 1024;

/** What is left of a request's URL behind the name of the cluster. */
export interface ClusterUrl {
  readonly path: string;
  readonly query: string;
}

/** Reads the request, asks the cluster, writes the answer; faults happen here. */
export function answerCluster(
  host: ClusterHost,
  http: { readonly request: IncomingMessage; readonly response: ServerResponse },
  url: ClusterUrl,
): void {
  const { request, response } = http;
  const { fault } = host;
  if (fault?.kind === "refuse") {
    request.socket.destroy();
    return;
  }
  readBody(request, response, (text) => {
    const verb = count(host, request, url);
    const answer = (): void => {
      answerNow(host, { request, response, text }, url);
      host.noteAnswered(verb);
    };
    switch (fault?.kind) {
      case "hang":
        host.waiting.add(answer);
        response.on("close", () => host.waiting.delete(answer));
        return;
      case "slow":
        setTimeout(answer, fault.delayMs);
        return;
      case "throttle":
        response.setHeader("retry-after", String(fault.retryAfterSeconds));
        // Priority and fairness refuses before anything knows of Statuses.
        send(response, {
          status: 429,
          type: "text/plain; charset=utf-8",
          text: "Too many requests, please try again later.\n",
        });
        return;
      case "error":
        sendStatus(response, {
          code: 500,
          reason: "InternalError",
          message: "an error on the server has prevented the request from succeeding",
        });
        return;
      case undefined:
        answer();
        return;
      default:
        throw new Error(`unknown fault ${JSON.stringify(fault satisfies never)}`);
    }
  });
}

/** A Status of the front's own, not of the model. */
export function sendStatus(
  response: ServerResponse,
  status: { readonly code: number; readonly reason: string; readonly message: string },
): void {
  const { code, reason, message } = status;
  const body = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    code,
  };
  send(response, { status: code, type: "application/json", text: JSON.stringify(body) });
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly text: string;
}

function answerNow(host: ClusterHost, exchange: Exchange, url: ClusterUrl): void {
  const { request, response, text } = exchange;
  const { headers } = request;
  const contentType = headers["content-type"] ?? "";
  const body = decodeBody(text);
  if (body === undecodable) {
    sendStatus(response, {
      code: 400,
      reason: "BadRequest",
      message: "the object provided is unrecognized: the body is neither JSON nor YAML",
    });
    return;
  }
  const apiRequest: ApiRequest = {
    method: request.method ?? "GET",
    path: url.path,
    query: new URLSearchParams(url.query),
    accept: headers.accept ?? "",
    contentType,
    userAgent: headers["user-agent"] ?? "",
    body,
  };
  sendAnswer(host, response, host.handle(apiRequest));
}

function sendAnswer(host: ClusterHost, response: ServerResponse, answer: ApiResponse): void {
  if ("watch" in answer) {
    host.openWatch(answer.watch, response);
    return;
  }
  if ("text" in answer) {
    send(response, { status: answer.status, type: "text/plain; charset=utf-8", text: answer.text });
    return;
  }
  for (const warning of answer.warnings ?? []) {
    response.appendHeader("warning", `299 - ${JSON.stringify(warning)}`);
  }
  send(response, {
    status: answer.status,
    type: contentTypeOf(answer.body),
    text: JSON.stringify(answer.body),
  });
}

/** Aggregated discovery is recognised by its media type. */
function contentTypeOf(body: JsonObject): string {
  return body["kind"] === "APIGroupDiscoveryList"
    ? "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    : "application/json";
}

function send(
  response: ServerResponse,
  { status, type, text }: { readonly status: number; readonly type: string; readonly text: string },
): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) });
  response.end(text);
}

const undecodable = Symbol("undecodable");

function decodeBody(text: string): Json | undefined | typeof undecodable {
  if (text === "") return undefined;
  try {
    // What JSON.parse gives is Json; so is what the YAML parser gives for the documents of Kubernetes.
    return text.startsWith("{") || text.startsWith("[")
      ? (JSON.parse(text) as Json)
      : (parseYaml(text) as Json);
  } catch {
    return undecodable;
  }
}

function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  done: (text: string) => void,
): void {
  if (request.method === "GET") {
    request.resume();
    done("");
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBody) chunks.push(chunk);
  });
  request.on("end", () => {
    if (size > maxBody) {
      sendStatus(response, {
        code: 413,
        reason: "RequestEntityTooLarge",
        message: `limit is ${maxBody}`,
      });
    } else done(chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString());
  });
}

function count(
  host: ClusterHost,
  { method = "GET", headers }: IncomingMessage,
  url: ClusterUrl,
): string {
  const verb = verbOf(method, headers["content-type"] ?? "", url.query);
  host.counts.set(verb, (host.counts.get(verb) ?? 0) + 1);
  return verb;
}

function verbOf(method: string, contentType: string, query: string): string {
  if (method === "PATCH" && contentType.startsWith("application/apply-patch")) {
    return query.includes("dryRun=") ? "APPLY-DRY-RUN" : "APPLY";
  }
  return method === "GET" && /(?:^|&)watch=(?:1|true)/.test(query) ? "WATCH" : method;
}
