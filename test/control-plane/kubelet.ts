/**
 * A fake kubelet: two Ready nodes per cluster, every pod bound to one of them, and the status of
 * every pod written as a script says. It lives through stops, freezes and restarts of the API
 * server.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ApiClient,
  type ClusterAccess,
  type WatchEvent,
  createApiClient,
} from "./api-client.ts";
import { ensureNodes } from "./fake-nodes.ts";
import type { Pod } from "../../src/core/cluster-model/pods/pod.ts";
import { type PodScript, planPod } from "../../src/core/cluster-model/pods/pod-script.ts";
import { PodKeeper } from "./pod-keeper.ts";

export type {
  Outcome,
  PodMatch,
  PodPlan,
  PodScript,
  ScriptRule,
} from "../../src/core/cluster-model/pods/pod-script.ts";

const reconnectAfterMs = 200;

/** `script` defaults to none: pods of Jobs succeed, all others become ready. */
export interface KubeletOptions {
  readonly signal?: AbortSignal;
  readonly script?: PodScript;
}

/** A running kubelet. */
export interface Kubelet extends AsyncDisposable {
  /** Replaces the script; pods that exist are looked at again at once. */
  setScript(script: PodScript): void;
  /** Leaves nodes and pods as they are. */
  stop(): Promise<void>;
}

/** Starts the kubelet of a cluster; resolves when its nodes are Ready and it has seen the pods. */
export async function startKubelet(
  cluster: ClusterAccess,
  options: KubeletOptions = {},
): Promise<Kubelet> {
  const api = createApiClient(cluster);
  const stopping = new AbortController();
  const signals = options.signal ? [options.signal, stopping.signal] : [stopping.signal];
  const signal = AbortSignal.any(signals);
  let script = options.script ?? [];
  const pods = new PodTable(api, signal, (pod) => planPod(script, pod));
  const firstList = Promise.withResolvers<void>();
  const watching = keepWatching(api, { pods, signal, onListed: firstList.resolve });
  await Promise.race([firstList.promise, watching]);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await watching;
    api.close();
  };
  return {
    setScript: (next) => {
      script = next;
      pods.lookAgain();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

interface Watching {
  readonly pods: PodTable;
  readonly signal: AbortSignal;
  readonly onListed: () => void;
}

/** Lists and watches again and again until the signal is aborted. */
async function keepWatching(api: ApiClient, options: Watching): Promise<void> {
  const { pods, signal, onListed } = options;
  while (!signal.aborted) {
    try {
      await ensureNodes(api, signal);
      const version = await listPods(api, pods, signal);
      onListed();
      const query = `watch=1&allowWatchBookmarks=true&resourceVersion=${version}`;
      await api.watch(`/api/v1/pods?${query}`, (event) => pods.handle(event), signal);
    } catch {
      // Stopped, frozen or restarting, or the version is too old: start over.
    }
    await sleep(reconnectAfterMs, undefined, { signal }).catch(() => undefined);
  }
  pods.replaceAll([]);
}

async function listPods(api: ApiClient, pods: PodTable, signal: AbortSignal): Promise<string> {
  const { status, body } = await api.request("/api/v1/pods", { signal });
  if (status !== 200) throw new Error(`list of pods answered ${status}`);
  // A PodList, written by the API server.
  const list = body as unknown as { items: Pod[]; metadata: { resourceVersion: string } };
  pods.replaceAll(list.items);
  return list.metadata.resourceVersion;
}

/** The pods that exist, each with its keeper. */
class PodTable {
  readonly #keepers = new Map<string, PodKeeper>();
  readonly #api: ApiClient;
  readonly #signal: AbortSignal;
  readonly #plan: (pod: Pod) => ReturnType<typeof planPod>;
  #addresses = 0;

  constructor(api: ApiClient, signal: AbortSignal, plan: (pod: Pod) => ReturnType<typeof planPod>) {
    this.#api = api;
    this.#signal = signal;
    this.#plan = plan;
  }

  handle(event: WatchEvent): void {
    if (event.type === "BOOKMARK") return;
    if (event.type === "ERROR") throw new Error("the watch must start over");
    // The watch is one of pods.
    const pod = event.object as Pod;
    if (event.type === "DELETED") this.#remove(pod.metadata.uid);
    else this.#put(pod);
  }

  replaceAll(pods: readonly Pod[]): void {
    const present = new Set(pods.map((pod) => pod.metadata.uid));
    for (const uid of this.#keepers.keys()) {
      if (!present.has(uid)) this.#remove(uid);
    }
    for (const pod of pods) this.#put(pod);
  }

  lookAgain(): void {
    for (const keeper of this.#keepers.values()) keeper.look();
  }

  #put(pod: Pod): void {
    const { uid } = pod.metadata;
    const keeper = this.#keepers.get(uid) ?? this.#newKeeper(pod);
    this.#keepers.set(uid, keeper);
    keeper.update(pod);
  }

  #newKeeper(pod: Pod): PodKeeper {
    const number = (this.#addresses += 1);
    const podIp = `10.${240 + ((number >> 16) & 7)}.${(number >> 8) & 255}.${number & 255}`;
    const context = { api: this.#api, signal: this.#signal, podIp, plan: this.#plan };
    return new PodKeeper(pod, context);
  }

  #remove(uid: string): void {
    this.#keepers.get(uid)?.close();
    this.#keepers.delete(uid);
  }
}
