/** A small client of one API server for the tests' own needs: JSON requests and watches. */
import { Agent as PlainAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent, request as httpsRequest } from "node:https";

/** What is needed to talk to a cluster. */
export interface ClusterAccess {
  /** https://127.0.0.1:port, or http:// for the model */
  readonly server: string;
  /** Base64 of the PEM certificates, as in a kubeconfig. */
  readonly caData: string;
  readonly token: string;
}

/** An answer with its body as JSON: `{}` when there was none. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** `contentType` defaults to application/json, `timeoutMs` to 10,000. */
export interface ApiRequest {
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Connections are kept and reused until `close`. */
export interface ApiClient {
  request(path: string, options?: ApiRequest): Promise<ApiAnswer>;
  /** Calls `onEvent` for every event until the server ends the watch or the signal is aborted. */
  watch(path: string, onEvent: (event: WatchEvent) => void, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** One line of a watch. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: unknown;
}

const maxSockets = 16;
const defaultTimeoutMs = 10_000;

/** Creates a client; opens no connection yet. */
export function createApiClient(access: ClusterAccess): ApiClient {
  const ca = Buffer.from(access.caData, "base64").toString();
  const isTls = access.server.startsWith("https:");
  const open = isTls ? httpsRequest : httpRequest;
  const newAgent = (options: { keepAlive: boolean; maxSockets?: number }) =>
    isTls ? new Agent({ ca, ...options }) : new PlainAgent(options);
  const agent = newAgent({ keepAlive: true, maxSockets });
  // A watch occupies its connection, so watches do not share the pool of the short requests.
  const watchAgent = newAgent({ keepAlive: false });
  const headers = { authorization: `Bearer ${access.token}`, accept: "application/json" };
  const send = (path: string, options: ApiRequest, watching: boolean): Promise<IncomingMessage> => {
    const payload = options.body === undefined ? undefined : JSON.stringify(options.body);
    const bodyHeaders = {
      "content-type": options.contentType ?? "application/json",
      // Of itself Node sends no length with a DELETE, and the server would not see the body.
      "content-length": Buffer.byteLength(payload ?? ""),
    };
    return new Promise((resolve, reject) => {
      const request = open(new URL(path, access.server), {
        agent: watching ? watchAgent : agent,
        method: options.method ?? "GET",
        headers: payload === undefined ? headers : { ...headers, ...bodyHeaders },
        ...(options.signal && { signal: options.signal }),
      });
      request.once("response", resolve);
      request.on("error", reject);
      request.end(payload);
    });
  };
  return {
    request: async (path, options = {}) => {
      const timeout = AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs);
      const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
      try {
        const response = await send(path, { ...options, signal }, false);
        return { status: response.statusCode ?? 0, body: await readJson(response) };
      } catch (error) {
        // Node only says that the request was aborted.
        throw timeout.aborted ? timeout.reason : error;
      }
    },
    watch: async (path, onEvent, signal) => {
      const response = await send(path, { signal }, true);
      if (response.statusCode !== 200) {
        response.destroy();
        throw new Error(`watch of ${path} answered ${response.statusCode}`);
      }
      for await (const line of linesOf(response)) {
        // Written by the API server: events have this shape.
        onEvent(JSON.parse(line) as WatchEvent);
      }
    },
    close: () => {
      agent.destroy();
      watchAgent.destroy();
    },
  };
}

/** Not node:readline: its iterator never ends when the connection breaks. */
async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

async function readJson(response: IncomingMessage): Promise<Record<string, unknown>> {
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response) text += String(chunk);
  if (!/json/.test(response.headers["content-type"] ?? "")) return text === "" ? {} : { text };
  // The API server answers with one JSON object.
  return JSON.parse(text) as Record<string, unknown>;
}
