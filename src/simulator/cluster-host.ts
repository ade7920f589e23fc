/** One simulated cluster behind the HTTP front: its state, its watches, its faults, and what was asked of it. */
import type { ServerResponse } from "node:http";
import type { ApiRequest, ApiResponse } from "../core/cluster-model/api-request.ts";
import type { Cluster } from "../core/cluster-model/cluster.ts";
import { advance, nextWorkAt } from "../core/cluster-model/controllers/advance.ts";
import { createCluster, setScript } from "../core/cluster-model/create-cluster.ts";
import { handleRequest } from "../core/cluster-model/handle-request.ts";
import type { PodScript } from "../core/cluster-model/pods/pod-script.ts";
import type { WatchCursor } from "../core/cluster-model/requests/watch-objects.ts";
import type { OwnPort } from "./own-port.ts";
import type { Clock } from "../runtime/clock.ts";

/** What a cluster does instead of answering. `slow` answers later. */
export type Fault =
  | { readonly kind: "refuse" }
  | { readonly kind: "hang" }
  | { readonly kind: "throttle"; readonly retryAfterSeconds: number }
  | { readonly kind: "error" }
  | { readonly kind: "slow"; readonly delayMs: number };

/** How a cluster begins. */
export interface ClusterStart {
  readonly name: string;
  readonly nodes?: readonly string[];
  readonly script?: PodScript;
  readonly historyLength?: number;
}

/** A request that a cluster has answered; `at` is wall time, ms. */
export interface Answered {
  readonly cluster: string;
  /** GET, WATCH, APPLY, ..., as they are counted. */
  readonly verb: string;
  readonly at: number;
}

interface OpenWatch {
  readonly cursor: WatchCursor;
  readonly response: ServerResponse;
}

/** A cluster; its state is made when it is first asked for something. */
export class ClusterHost {
  readonly name: string;
  fault: Fault | undefined;
  /** Where it listens alone; undefined: on the simulator's port. */
  ownPort: OwnPort | undefined;
  /** Requests by verb since the start or the last `forget`. */
  readonly counts = new Map<string, number>();
  /** Requests that a hanging cluster has not answered yet. */
  readonly waiting = new Set<() => void>();
  readonly #clock: Clock;
  readonly #start: ClusterStart;
  readonly #onAnswered: ((answered: Answered) => void) | undefined;
  readonly #watches = new Set<OpenWatch>();
  #cluster: Cluster | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(start: ClusterStart, clock: Clock, onAnswered?: (answered: Answered) => void) {
    this.name = start.name;
    this.#start = start;
    this.#clock = clock;
    this.#onAnswered = onAnswered;
  }

  /** Tells whoever listens that a request was answered. */
  noteAnswered(verb: string): void {
    this.#onAnswered?.({ cluster: this.name, verb, at: this.#clock.now() });
  }

  /** The cluster as it is now. */
  cluster(): Cluster {
    this.#cluster ??= createCluster(this.#start, this.#clock.now());
    return this.#cluster;
  }

  handle(request: ApiRequest): ApiResponse {
    const response = handleRequest(this.cluster(), request, this.#clock.now());
    if (this.#watches.size > 0) this.#serveWatches();
    return response;
  }

  setScript(script: PodScript): void {
    setScript(this.cluster(), script, this.#clock.now());
    if (this.#watches.size > 0) this.#serveWatches();
  }

  /** Writes what happens to the response until the watch is over or the client has gone. */
  openWatch(cursor: WatchCursor, response: ServerResponse): void {
    const watch = { cursor, response };
    this.#watches.add(watch);
    response.on("close", () => {
      this.#watches.delete(watch);
      if (this.#watches.size === 0) clearTimeout(this.#timer);
    });
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    this.#serveWatches();
  }

  /** Cuts every watch off. */
  dropWatches(): void {
    for (const { response } of this.#watches) response.destroy();
  }

  close(): void {
    this.dropWatches();
    this.ownPort?.close();
    clearTimeout(this.#timer);
    this.waiting.clear();
  }

  #serveWatches(): void {
    const cluster = this.cluster();
    const now = this.#clock.now();
    advance(cluster, now);
    let wakeAt = nextWorkAt(cluster) ?? Number.POSITIVE_INFINITY;
    for (const { cursor, response } of this.#watches) {
      const events = this.fault?.kind === "hang" ? [] : cursor.poll(now);
      if (events.length > 0) {
        response.write(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
      }
      if (cursor.isOver()) response.end();
      wakeAt = Math.min(wakeAt, cursor.wakeAt());
    }
    clearTimeout(this.#timer);
    const delayMs = Math.min(Math.max(1, wakeAt - now), 60_000);
    this.#timer = setTimeout(() => this.#serveWatches(), delayMs);
  }
}
