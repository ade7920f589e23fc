import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Pool } from "undici";
import { FleetError } from "../../core/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import { type ClusterCredentials, resolveCredentials } from "./credentials.ts";
import { type Answer, type ApiRequest, exchange } from "./exchange.ts";

/** How to reach a cluster: a kubeconfig file (read again when it changes) or its text. */
export interface ClusterAddress {
  readonly kubeconfig: { readonly path: string } | { readonly text: string };
  /** Whether the kubeconfig may run a program to log in; default false. */
  readonly allowExec?: boolean;
  /** Connections to the cluster at most; default 4. */
  readonly connections?: number;
  /** Time for one request, connecting included; default 15,000 ms. */
  readonly timeoutMs?: number;
  /** With it, the kubeconfig file is looked at once a second at most; without, before each request. */
  readonly clock?: Clock;
}

/** An answer, and the generation of the connection that it came over. */
export interface ApiAnswer extends Answer {
  readonly generation: number;
}

/** Requests to one cluster over kept connections. */
export interface Connection {
  /**
   * Sends a request. CLUSTER_UNREACHABLE when no whole answer comes (refused, reset, timed out, too large, half
   * written), CLUSTER_AUTH when there are no credentials; an abort throws the signal's reason. Anything but a GET is
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

interface Session {
  readonly pool: Pool;
  readonly credentials: ClusterCredentials;
  readonly version: string;
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
  #session: Session | undefined;
  #opening: Promise<Session> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(address: ClusterAddress) {
    this.#address = address;
    this.#timeoutMs = address.timeoutMs ?? 15_000;
  }

  async send(request: ApiRequest): Promise<ApiAnswer> {
    const session = this.#ready() ?? (await this.#opened());
    const first = await this.#sendOver(session, request);
    if (first.status !== 401) return first;
    this.#drop(session); // the token may have been renewed in the file or by the program
    return this.#sendOver(this.#ready() ?? (await this.#opened()), request);
  }

  async close(): Promise<void> {
    await this.#session?.pool.destroy();
    this.#session = undefined;
  }

  async #sendOver(session: Session, request: ApiRequest): Promise<ApiAnswer> {
    const isWrite = request.method !== "GET";
    if (isWrite && !this.#isPinned(session)) await this.#ensurePinned(session, request.signal);
    request.signal?.throwIfAborted();
    const { generation } = this;
    try {
      return { ...(await exchange(session, request, this.#timeoutMs)), generation };
    } catch (error) {
      if (request.signal?.aborted && !isWrite) throw error;
      this.generation += 1;
      throw unreachable(session.credentials.origin, error);
    }
  }

  #isPinned(session: Session): boolean {
    return this.generation === this.pinned && session === this.#session;
  }

  async #ensurePinned(session: Session, signal: AbortSignal | undefined): Promise<void> {
    if (this.generation !== this.pinned) await this.recognise?.(signal);
    if (this.#isPinned(session)) return;
    throw new FleetError(
      "CLUSTER_UNREACHABLE",
      `${session.credentials.origin} was connected to anew: it must be recognised before it is written to`,
    );
  }

  /** The session, where there is one and its kubeconfig is as it was. */
  #ready(): Session | undefined {
    const known = this.#session;
    if (known !== undefined && this.#isLookDue() && known.version !== fileVersion(this.#address)) {
      this.#drop(known);
    }
    return this.#session;
  }

  async #opened(): Promise<Session> {
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    this.#session = await this.#opening;
    return this.#session;
  }

  #isLookDue(): boolean {
    const { clock } = this.#address;
    if (clock === undefined) return true;
    const now = clock.monotonic();
    if (now - this.#lookedAt < lookEveryMs) return false;
    this.#lookedAt = now;
    return true;
  }

  #drop(old: Session): void {
    if (this.#session !== old) return;
    this.#session = undefined;
    this.generation += 1;
    // Requests under way end by themselves.
    void old.pool.close();
  }

  async #open(): Promise<Session> {
    const { text, version } = await readKubeconfig(this.#address);
    const { kubeconfig, allowExec = false, connections = 4 } = this.#address;
    const path = "path" in kubeconfig ? { path: kubeconfig.path } : {};
    const credentials = await resolveCredentials(text, { ...path, allowExec });
    const pool = new Pool(credentials.origin, {
      connections,
      connect: { ...credentials.tls, timeout: Math.min(this.#timeoutMs, 10_000) },
      // One time for the whole request: exchange keeps it.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 60_000,
    });
    // A connection that ended may have led to what is not there any more, though the address is the same.
    pool.on("disconnect", () => (this.generation += 1));
    return { pool, credentials, version };
  }
}

function unreachable(origin: string, cause: unknown): FleetError {
  if (cause instanceof FleetError) return cause;
  // undici's and Node's errors carry a code; messages may hold more than should be told.
  const code = codeOf(cause) ?? codeOf(cause instanceof Error ? cause.cause : undefined);
  const why = code ?? (cause instanceof Error ? cause.name : "no answer");
  return new FleetError("CLUSTER_UNREACHABLE", `${origin} does not answer (${why})`, { cause });
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

async function readKubeconfig(address: ClusterAddress): Promise<{ text: string; version: string }> {
  if ("text" in address.kubeconfig) return { text: address.kubeconfig.text, version: "" };
  const { path } = address.kubeconfig;
  try {
    const version = fileVersion(address);
    return { text: await readFile(path, "utf8"), version };
  } catch (cause) {
    throw new FleetError("CLUSTER_AUTH", `cannot read the kubeconfig ${path}`, {
      cause,
      hint: "write the file, or correct its path in the worker's configuration",
    });
  }
}

/** Asked of every cluster each second: a call that waits for no thread costs a tenth. */
function fileVersion(address: ClusterAddress): string {
  if ("text" in address.kubeconfig) return "";
  try {
    const facts = statSync(address.kubeconfig.path);
    return `${facts.mtimeMs}/${facts.size}/${facts.ino}`;
  } catch {
    return "absent";
  }
}
