import { FleetError } from "../../core/errors.ts";
import { isJsonObject } from "../../core/model/json.ts";
import type { Clock } from "../../runtime/clock.ts";
import { UnansweredError } from "./api-error.ts";
import { type ClusterCredentials, resolveCredentials } from "./credentials.ts";
import { hasExpired, isOfNobody, unauthorized } from "./refused-credentials.ts";
import { type Answer, type ApiRequest, exchange } from "./exchange.ts";
import { type KeptConnections, keepConnections } from "./kept-connections.ts";
import {
  type KubeconfigPlace,
  type KubeconfigText,
  readKubeconfig,
  versionOf,
} from "./kubeconfig-files.ts";
import { type RequestFlow, createRequestFlow } from "./request-flow.ts";
import { isTimeout, whyUnreachable } from "./why-unreachable.ts";

/** How to reach a cluster: a kubeconfig file (read again when it changes), or the text of one that was discovered. */
export interface ClusterAddress {
  readonly kubeconfig: KubeconfigPlace;
  /** Whether the kubeconfig may run a program to log in; default false, and never one that was discovered. */
  readonly allowExec?: boolean;
  /** Connections to the cluster at most, and so requests at once; default 16. Fewer are used where they do. */
  readonly connections?: number;
  /** Time for one request, connecting included; default 15,000 ms. */
  readonly timeoutMs?: number;
  readonly clock: Clock;
  /** Called with what proves who we are, before anything is sent with it. */
  readonly onSecret?: (value: string) => void;
  /** Called right before each write; it is not sent where this throws. */
  readonly beforeWrite?: () => void;
}

/** An answer, and the generation of the connection that it came over. */
export interface ApiAnswer extends Answer {
  readonly generation: number;
}

/** Requests to one cluster over kept connections. */
export interface Connection {
  /**
   * Sends a request, when its turn has come: an API server gets as many at once as it answers in time. What it answers
   * with 429 is sent again when it says so, as long as the time of a request allows; a 429 that is a Status is an answer
   * like any other: it speaks of this request alone. CLUSTER_UNREACHABLE when no whole answer comes (refused, reset,
   * timed out, too large, half written; an UnansweredError for a write) or nothing but 429, CLUSTER_AUTH when there are no
   * credentials, or freshly read ones are refused; an abort throws the signal's reason. Anything but a GET is
   * sent only over the generation that was pinned: who stands behind any other is not known. A write that was sent is
   * waited for, whatever its signal says: its outcome must be known.
   */
  send(request: ApiRequest): Promise<ApiAnswer>;
  /** Raised whenever what stands behind the address may have changed: new credentials, or a broken connection. */
  generation(): number;
  /** The cluster behind this generation was recognised: it may be written to. */
  pin(generation: number): void;
  /** Called before a write over a generation that is not pinned: it must pin it, or throw. */
  onUnpinned(recognise: (signal?: AbortSignal) => Promise<void>): void;
  close(): Promise<void>;
}

const lookEveryMs = 1000;
/** Requests at once to begin with: what a cluster with few objects needs, and a thousand clusters can have. */
const firstConnections = 4;
const mostConnections = 16;

interface Session extends Pick<KubeconfigText, "files" | "version"> {
  readonly connections: KeptConnections;
  readonly credentials: ClusterCredentials;
  /** The cluster has taken its credentials for good at least once. */
  isAccepted: boolean;
}

/** A session on its way, until nobody waits for it who has begun. */
interface Opening {
  readonly begun: AbortSignal;
  readonly session: Promise<Session>;
}

/** Opens no connection yet: the first request does. */
export function createConnection(address: ClusterAddress): Connection {
  const connection = new KeptConnection(address);
  return {
    send: (request) => connection.send(request),
    generation: () => connection.generation,
    pin: (generation) => {
      connection.pinned = generation;
    },
    onUnpinned: (recognise) => {
      connection.recognise = recognise;
    },
    close: () => connection.close(),
  };
}

class KeptConnection {
  generation = 1;
  pinned = 0;
  recognise: ((signal?: AbortSignal) => Promise<void>) | undefined;
  readonly #address: ClusterAddress;
  readonly #timeoutMs: number;
  readonly #flow: RequestFlow;
  #session: Session | undefined;
  #opening: Opening | undefined;
  readonly #closing = new AbortController();
  #recognising: Promise<void> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Monotonic time of the last answer. */
  #answeredAt = Number.NEGATIVE_INFINITY;
  /** Credentials that were refused as soon as they were read: they are not read again at once. */
  #refused: (Pick<Session, "files" | "version"> & { at: number; error: FleetError }) | undefined;

  constructor(address: ClusterAddress) {
    this.#address = address;
    this.#timeoutMs = address.timeoutMs ?? 15_000;
    this.#flow = createRequestFlow({
      first: firstConnections,
      most: address.connections ?? mostConnections,
      slowMs: this.#timeoutMs / 3,
      clock: address.clock,
      refusal: (afterMs) => overloaded(this.#session?.credentials.origin ?? "the cluster", afterMs),
    });
  }

  async send(request: ApiRequest): Promise<ApiAnswer> {
    const until = this.#address.clock.monotonic() + this.#timeoutMs;
    let isRefreshed = false;
    for (;;) {
      const { answer, session } = await this.#oneAnswer(request, until);
      if (this.#isRefused(answer, session)) {
        if (isRefreshed || !this.#mayRefresh(session)) throw this.#unauthorized(session, answer);
        isRefreshed = true;
      } else if (isThrottle(answer)) {
        this.#refuseIfLate(until);
      } else {
        return answer;
      }
    }
  }

  /** A request that was answered 429 was not carried out, and is sent again; throws where that would be too late. */
  #refuseIfLate(until: number): void {
    const closedMs = this.#flow.closedForMs();
    if (this.#address.clock.monotonic() + closedMs < until) return;
    throw overloaded(this.#session?.credentials.origin ?? "the cluster", closedMs);
  }

  async close(): Promise<void> {
    this.#flow.close();
    this.#closing.abort();
    await this.#opening?.session.catch(() => undefined); // told who asked for it
    await this.#session?.connections.destroy();
    this.#session = undefined;
  }

  async #oneAnswer(
    request: ApiRequest,
    until: number,
  ): Promise<{ answer: ApiAnswer; session: Session }> {
    const isWrite = request.method !== "GET";
    for (;;) {
      await this.#flow.enter({ until, signal: request.signal, isWrite });
      try {
        const session = this.#ready() ?? (await this.#opened(request.signal));
        request.signal?.throwIfAborted();
        if (this.#maySend(request, session)) {
          return { answer: await this.#exchanged(session, request), session };
        }
      } finally {
        this.#flow.leave(isWrite);
      }
      await this.#ensurePinned(request.signal);
    }
  }

  #maySend({ method }: ApiRequest, session: Session): boolean {
    if (method === "GET") return true;
    if (!this.#isPinned(session)) return false;
    this.#address.beforeWrite?.();
    return true;
  }

  async #exchanged(session: Session, request: ApiRequest): Promise<ApiAnswer> {
    const { generation } = this;
    const { clock } = this.#address;
    const sentAt = clock.monotonic();
    try {
      const answer = await exchange(session, request, { timeoutMs: this.#timeoutMs, clock });
      this.#answeredAt = clock.monotonic();
      session.isAccepted ||= answer.status !== 401;
      if (isThrottle(answer)) this.#flow.throttled(sentAt, answer.retryAfterMs);
      else this.#flow.answered(sentAt);
      return { ...answer, generation };
    } catch (error) {
      if (request.signal?.aborted && request.method === "GET") throw error;
      throw this.#noAnswer(session, request, error);
    }
  }

  /** A write without an answer says nothing of the cluster: who writes next must ask first who it is. */
  #noAnswer({ credentials }: Session, { method }: ApiRequest, error: unknown): FleetError {
    const { origin } = credentials;
    this.generation += 1;
    const isWrite = method !== "GET";
    const sinceMs = this.#address.clock.monotonic() - this.#answeredAt;
    const isAnswering = sinceMs < this.#timeoutMs / 2;
    if (isTimeout(error) && (isWrite || isAnswering)) {
      const others = isAnswering ? "it answers other requests: " : "";
      return new UnansweredError(
        `${origin} did not answer this within ${this.#timeoutMs / 1000} s`,
        { hint: `${others}look for a webhook that hangs` },
      );
    }
    const failure = whyUnreachable(origin, error);
    if (isWrite) return new UnansweredError(failure.message, failure);
    this.#flow.broke(failure);
    return failure;
  }

  /** Credentials that were good once are read anew, once for all requests that were under way. */
  #mayRefresh(session: Session): boolean {
    const isStale = session.isAccepted || this.#session !== session;
    this.#drop(session);
    return isStale;
  }

  /**
   * Who comes with a certificate that has expired may be taken for nobody in particular, who has no rights. Where the
   * server names somebody else, it is our clock that is wrong, and one right that lacks.
   */
  #isRefused(answer: Answer, { credentials: { tls } }: Session): boolean {
    if (answer.status !== 403) return answer.status === 401;
    return isOfNobody(answer) && hasExpired(tls, this.#address.clock.now());
  }

  #unauthorized(session: Session, { status }: Answer): FleetError {
    const { clock, kubeconfig } = this.#address;
    this.#drop(session);
    const error = unauthorized(session.credentials, {
      path: "path" in kubeconfig ? kubeconfig.path : "",
      now: clock.now(),
      status,
    });
    const { files, version } = session;
    this.#refused = { at: clock.monotonic(), files, version, error };
    return error;
  }

  #isPinned(session: Session): boolean {
    return this.generation === this.pinned && session === this.#session;
  }

  async #ensurePinned(signal: AbortSignal | undefined): Promise<void> {
    if (this.generation !== this.pinned) await this.#recognised(signal);
    const session = this.#session;
    if (session !== undefined && this.#isPinned(session)) return;
    const who = session?.credentials.origin ?? "the cluster";
    throw new FleetError(
      "CLUSTER_UNREACHABLE",
      `${who} was connected to anew: it must be recognised before it is written to`,
    );
  }

  /** Asked once for all writes that wait for it; an abort is only of who had asked. */
  async #recognised(signal: AbortSignal | undefined): Promise<void> {
    while (this.#recognising !== undefined) {
      try {
        await this.#recognising;
      } catch (error) {
        if (error instanceof FleetError) throw error;
      }
      if (this.generation === this.pinned) return;
    }
    const asking = this.recognise?.(signal);
    this.#recognising = asking;
    try {
      await asking;
    } finally {
      if (this.#recognising === asking) this.#recognising = undefined;
    }
  }

  /** The session, where there is one and its kubeconfig is as it was. */
  #ready(): Session | undefined {
    const known = this.#session;
    if (known !== undefined && this.#isLookDue() && known.version !== versionOf(known.files)) {
      this.#drop(known);
    }
    return this.#session;
  }

  /** Opened once for all requests that wait for it; an abort is only of who had begun. */
  async #opened(signal: AbortSignal | undefined): Promise<Session> {
    for (;;) {
      this.#refuseAgain();
      this.#opening ??= this.#begin(signal);
      const { begun, session } = this.#opening;
      try {
        this.#session = await session;
        return this.#session;
      } catch (error) {
        // Who waits in line would find the same, and perhaps wait for the same program.
        if (!begun.aborted) this.#flow.broke(error);
        else if (!this.#closing.signal.aborted && signal?.aborted !== true) continue;
        throw error;
      }
    }
  }

  #begin(signal: AbortSignal | undefined): Opening {
    const ends = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    const begun = AbortSignal.any(ends);
    return { begun, session: this.#open(begun).finally(() => (this.#opening = undefined)) };
  }

  /** What was refused a moment ago is not read and sent once more by each request that was under way. */
  #refuseAgain(): void {
    const refused = this.#refused;
    this.#refused = undefined;
    if (refused === undefined || refused.version !== versionOf(refused.files)) return;
    if (this.#address.clock.monotonic() - refused.at >= lookEveryMs) return;
    this.#refused = refused;
    throw refused.error;
  }

  #isLookDue(): boolean {
    const now = this.#address.clock.monotonic();
    if (now - this.#lookedAt < lookEveryMs) return false;
    this.#lookedAt = now;
    return true;
  }

  #drop(old: Session): void {
    if (this.#session !== old) return;
    this.#session = undefined;
    this.generation += 1;
    // Requests under way end by themselves.
    void old.connections.close();
  }

  async #open(signal: AbortSignal): Promise<Session> {
    const { text, named, files, version } = await readKubeconfig(this.#address.kubeconfig);
    const { kubeconfig, allowExec = false, clock } = this.#address;
    const path = "path" in kubeconfig ? { path: kubeconfig.path } : {};
    const options = { allowExec, named, clock, signal };
    const credentials = await resolveCredentials(text, { ...path, ...options });
    for (const secret of secretsOf(credentials)) this.#address.onSecret?.(secret);
    const connections = keepConnections(credentials, {
      connectTimeoutMs: Math.min(this.#timeoutMs, 10_000),
      // It may have led to what is not there any more, though the address is the same.
      onEnd: () => (this.generation += 1),
    });
    return { connections, credentials, files, version, isAccepted: false };
  }
}

/**
 * Whether the server as a whole has too much to do: its priority and fairness says so in plain text. A Status may be of
 * one request alone: a webhook's, a quota's, of a kind that is not ready yet.
 */
function isThrottle({ status, body }: Answer): boolean {
  return status === 429 && !(isJsonObject(body) && body["kind"] === "Status");
}

function overloaded(origin: string, afterMs: number): FleetError {
  return new FleetError("CLUSTER_UNREACHABLE", `${origin} has too many requests (429)`, {
    hint: "look who else asks so much, and at its API priority and fairness",
    retry: { afterMs },
  });
}

/** The token, or user name and password; the private key. */
function secretsOf({ authorization = "", tls: { key = "" } }: ClusterCredentials): string[] {
  const [scheme, value = ""] = authorization.split(" ");
  const plain = scheme === "Basic" ? Buffer.from(value, "base64").toString("utf8") : "";
  return [value, plain.slice(plain.indexOf(":") + 1), key.toString()];
}
