/** A site's cluster as the simulation has it: the model, how it answers at present, and the wire to one worker. */
import type { ApiAnswer, Connection } from "../../src/adapters/kubernetes/connection.ts";
import type { ApiRequest } from "../../src/core/cluster-model/api-request.ts";
import type { Cluster } from "../../src/core/cluster-model/cluster.ts";
import { copyCluster } from "../../src/core/cluster-model/copy-cluster.ts";
import { createCluster } from "../../src/core/cluster-model/create-cluster.ts";
import { handleRequest } from "../../src/core/cluster-model/handle-request.ts";
import { FleetError } from "../../src/core/errors.ts";
import type { Json } from "../../src/core/model/json.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { type Life, startAt, type VirtualTime } from "./virtual-time.ts";

/**
 * `cut`: requests may arrive, answers do not. `late`: so they do, when nobody waits for them any more. `full`: reads are
 * answered as ever, writes fail.
 */
export type ClusterFault = "none" | "refuse" | "error" | "hang" | "cut" | "late" | "full";

/** The longest that a request is under way at a site that is `late`. */
const lateMs = 3000;

/** A write as the cluster has seen it. */
export interface ClusterWrite {
  readonly site: string;
  readonly mirror: string;
  readonly method: string;
  readonly path: string;
  readonly body: Json | undefined;
  readonly status: number;
  readonly isDryRun: boolean;
  readonly sentAt: number;
  readonly isLate: boolean;
}

export class SimSite {
  readonly name: string;
  cluster: Cluster;
  fault: ClusterFault = "none";
  /** Its own cluster was written to: from then on nobody takes another one for it. */
  isKnown = false;
  /** Somebody has changed objects there by hand. */
  isMeddled = false;
  /** A followed head did not have the site: declared anew it is a new one, and nobody has heard its cluster yet. */
  isForgotten = false;
  #own: Cluster;
  #other: Cluster | undefined;

  constructor(name: string, cluster = clusterOf(name)) {
    this.name = name;
    this.#own = cluster;
    this.cluster = this.#own;
  }

  /** One like its own, at which nothing is wrong. */
  copy(): SimSite {
    const copy = new SimSite(this.name, copyCluster(this.#own));
    copy.isKnown = this.isKnown;
    return copy;
  }

  /** Another cluster answers from now on; connections break. Before it was known this would be its own. */
  exchange(): void {
    if (!this.isKnown) return;
    this.#other = clusterOf(`${this.name}-other`);
    this.cluster = this.#other;
  }

  /** The new site's worker has heard a cluster: that one is its own from now on, whichever answered before it went. */
  recognise(uid: string | undefined): void {
    if (!this.isForgotten) return;
    const heard = [this.#own, this.#other].find((each) => each && uidOf(each) === uid);
    if (heard === undefined) return;
    this.isForgotten = false;
    if (heard === this.#own) return;
    this.#own = heard;
    this.cluster = heard;
  }

  /** Its own one answers again. */
  giveBack(): void {
    this.cluster = this.#own;
  }

  get isExchanged(): boolean {
    return this.cluster !== this.#own;
  }
}

/** What a cluster is recognised by. */
export function uidOf({ store }: Cluster): string | undefined {
  return store.get("namespaces", "/kube-system")?.metadata.uid;
}

const fresh = new Map<string, Cluster>();

/** A cluster of this name as it is when nobody has used it. */
function clusterOf(name: string): Cluster {
  const known = fresh.get(name) ?? newCluster(name);
  fresh.set(name, known);
  return copyCluster(known);
}

function newCluster(name: string): Cluster {
  const script = [
    { match: { image: ":bad" }, outcome: "crashing" as const },
    { match: { image: ":slow" }, outcome: "ready" as const, afterMs: 2500 },
  ];
  return createCluster({ name, script, nodes: ["node-a"], historyLength: 10 }, startAt);
}

export interface WireOptions {
  readonly site: SimSite;
  readonly mirror: string;
  readonly time: VirtualTime;
  readonly life: Life;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Before a write reaches the cluster; gives what looks at its outcome. */
  readonly onWrite: (write: Omit<ClusterWrite, "status">) => (status: number) => void;
}

const refused = { status: 0, body: undefined };

type Request = Parameters<Connection["send"]>[0];

/** A connection of one life of a worker to one cluster. */
export function createWire(options: WireOptions): Connection {
  const { clock, life, site, timeoutMs, time } = options;
  let generation = 1;
  let pinned = 0;
  let connected = site.cluster;
  let recognise: ((signal?: AbortSignal) => Promise<void>) | undefined;

  const unreachable = (): FleetError => {
    generation += 1;
    return new FleetError("CLUSTER_UNREACHABLE", `${site.name} does not answer`);
  };
  const pin = async (signal: AbortSignal | undefined): Promise<void> => {
    if (generation !== pinned) await recognise?.(signal);
    if (generation !== pinned) throw unreachable();
  };
  const connect = (): Cluster => {
    if (connected !== site.cluster) generation += 1;
    connected = site.cluster;
    return connected;
  };
  const send = async (request: Request): Promise<ApiAnswer> => {
    const to = connect();
    const isWrite = request.method !== "GET";
    if (isWrite) await pin(request.signal);
    request.signal?.throwIfAborted();
    if (isWrite && !options.site.isExchanged) options.site.isKnown = true;
    const over = generation;
    const caller = isWrite ? undefined : request.signal;
    const answer = await life.guard(exchange(options, request, to));
    await clock.sleep(answer === undefined ? timeoutMs : time.random() * 4, caller);
    caller?.throwIfAborted();
    if (answer === undefined || answer.status === 0) throw unreachable();
    return { ...answer, generation: over };
  };
  return {
    send,
    generation: () => generation,
    pin: (recognised) => {
      pinned = recognised;
    },
    onUnpinned: (ask) => {
      recognise = ask;
    },
    close: () => Promise.resolve(),
  };
}

/** What was sent arrives, also when the sender dies meanwhile; undefined: nobody hears what comes of it. */
function exchange(
  options: WireOptions,
  request: Request,
  to: Cluster,
): Promise<Omit<ApiAnswer, "generation"> | undefined> {
  const { site, time } = options;
  const isLate = site.fault === "late";
  const sent = { sentAt: time.now, isLate };
  const arrived = Promise.withResolvers<Omit<ApiAnswer, "generation"> | undefined>();
  time.after(time.random() * (isLate ? lateMs : 4), () =>
    arrived.resolve(to === site.cluster ? arrive(options, request, sent) : refused),
  );
  return isLate ? Promise.resolve(undefined) : arrived.promise;
}

/** The answer; undefined: none comes. Status 0: the connection was refused. */
function arrive(
  options: WireOptions,
  request: Request,
  sent: Pick<ClusterWrite, "sentAt" | "isLate">,
): Omit<ApiAnswer, "generation"> | undefined {
  const { site, time } = options;
  const isWrite = request.method !== "GET";
  const trouble = troubleOf(site.fault, isWrite);
  if (trouble !== null) return trouble.answer;
  const url = new URL(request.path, "http://cluster");
  const body = request.body === undefined ? undefined : (JSON.parse(request.body) as Json); // JSON gives Json
  const asked: ApiRequest = {
    method: request.method,
    path: url.pathname,
    query: url.searchParams,
    accept: "application/json",
    contentType: request.contentType ?? "application/json",
    userAgent: "flotilla",
    body,
  };
  const note = isWrite
    ? options.onWrite({
        site: site.name,
        mirror: options.mirror,
        method: request.method,
        path: url.pathname,
        body,
        isDryRun: url.searchParams.has("dryRun"),
        ...sent,
      })
    : undefined;
  const answer = handleRequest(site.cluster, asked, startAt + Math.floor(time.now));
  note?.(answer.status);
  if (site.fault === "cut") return undefined;
  return { status: answer.status, body: "body" in answer ? answer.body : undefined };
}

/** What comes instead of an answer of the cluster itself; null: nothing does. */
function troubleOf(
  fault: ClusterFault,
  isWrite: boolean,
): { readonly answer: Omit<ApiAnswer, "generation"> | undefined } | null {
  if (fault === "hang") return { answer: undefined };
  if (fault === "refuse") return { answer: refused };
  const fails = fault === "error" || (fault === "full" && isWrite);
  return fails ? { answer: { status: 500, body: undefined } } : null;
}
