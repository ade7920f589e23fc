import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import { parseExactly } from "../../core/model/exact-integers.ts";
import type { Json } from "../../core/model/json.ts";
import type { Clock } from "../../runtime/clock.ts";
import { retryAfterMs } from "../http/retry-after.ts";
import type { ClusterCredentials } from "./credentials.ts";
import type { KeptConnections } from "./kept-connections.ts";

/** One request. `body` is JSON. */
export interface ApiRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  /** Accept header, default `application/json`. */
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: string;
  /** The answer is read so that it can be sent again (`parseExactly`). */
  readonly isExact?: boolean;
  /** The user as whom it is sent; without it, whose the credentials are. */
  readonly impersonate?: string;
  readonly signal?: AbortSignal | undefined;
}

/** An answer, whatever its status; `body` undefined when it was no JSON. */
export interface Answer {
  readonly status: number;
  readonly body: Json | undefined;
  /** For how long it asks to be left alone; absent: it does not. */
  readonly retryAfterMs?: number;
}

const maxBody = 64 * 1024 * 1024;

interface Way {
  readonly connections: KeptConnections;
  readonly credentials: ClusterCredentials;
}

/**
 * One request and its whole answer, straight from the connection: no stream, and a signal only where there is one to
 * obey. A write that was sent is waited for: its outcome must be known.
 */
export function exchange(
  { connections, credentials }: Way,
  request: ApiRequest,
  { timeoutMs, clock }: { readonly timeoutMs: number; readonly clock: Clock },
): Promise<Answer> {
  const { method, path, body, isExact = false } = request;
  const caller = method === "GET" ? request.signal : undefined;
  return new Promise((resolve, reject) => {
    const answer = new AnswerReader({ resolve, reject }, { clock, isExact });
    const timer = setTimeout(() => answer.abort(tooLate()), timeoutMs);
    const onAbort = (): void => answer.abort(caller?.reason);
    caller?.addEventListener("abort", onAbort, { once: true });
    const connection = connections.take();
    answer.onEnd = () => {
      connections.giveBack(connection);
      clearTimeout(timer);
      caller?.removeEventListener("abort", onAbort);
    };
    const headers = headersOf(credentials, request);
    connection.dispatch(
      {
        method,
        path: `${credentials.basePath}${path}`,
        headers,
        ...(body !== undefined && { body }),
      },
      answer,
    );
  });
}

function headersOf(
  { authorization }: ClusterCredentials,
  { accept = "application/json", body, contentType = "application/json", impersonate }: ApiRequest,
): Record<string, string> {
  return {
    accept,
    "user-agent": "flotilla",
    ...(authorization && { authorization }),
    ...(body !== undefined && { "content-type": contentType }),
    ...(impersonate !== undefined && { "impersonate-user": impersonate }),
  };
}

function tooLate(): Error {
  return new DOMException("no answer in time", "TimeoutError");
}

/** How an answer is read. */
interface AnswerForm {
  readonly clock: Clock;
  readonly isExact: boolean;
}

type Ends = Pick<PromiseWithResolvers<Answer>, "resolve" | "reject">;

/** Gathers an answer; the first end counts. */
class AnswerReader implements Dispatcher.DispatchHandler {
  onEnd: () => void = () => {};
  readonly #ends: Ends;
  readonly #form: AnswerForm;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #status = 0;
  #retryAfter: string | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  /** Why it was ended from this side; a boxed value, since it may be anything. */
  #aborted: { readonly reason: unknown } | undefined;
  #hasEnded = false;

  constructor(ends: Ends, form: AnswerForm) {
    this.#ends = ends;
    this.#form = form;
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason };
    // Before it has a connection there is nothing to end but the wait.
    this.#controller?.abort(errorOf(reason));
    this.#fail(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#aborted !== undefined) controller.abort(errorOf(this.#aborted.reason));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    this.#status = status;
    this.#retryAfter = headerOf(headers["retry-after"]);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > maxBody) {
      return this.abort(new Error(`the answer is larger than ${maxBody} bytes`));
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const afterMs = retryAfterMs(this.#retryAfter, this.#form.clock.now()) ?? 0;
    this.#end();
    this.#ends.resolve({
      status: this.#status,
      body: parseBody(this.#chunks, this.#form.isExact ? parseExactly : JSON.parse),
      ...(afterMs > 0 && { retryAfterMs: afterMs }),
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error);
  }

  #fail(reason: unknown): void {
    this.#end();
    this.#ends.reject(reason);
  }

  /** It may end more than once: by this side, and then by what that does to the connection. */
  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.onEnd();
  }
}

function errorOf(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("aborted");
}

function parseBody(chunks: readonly Buffer[], parse: (text: string) => unknown): Json | undefined {
  const [first = Buffer.alloc(0)] = chunks;
  const whole = chunks.length > 1 ? Buffer.concat(chunks) : first;
  try {
    return parse(whole.toString("utf8")) as Json; // what is read of JSON is Json
  } catch {
    return undefined; // a proxy's page, or nothing at all: callers see the status
  }
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
