/**
 * Plays the kubelet (and the scheduler) for one pod. Level-based: whenever something may have
 * changed, looks at the pod, the script and the clock, and does the one next thing.
 */
import type { ApiAnswer, ApiClient } from "./api-client.ts";
import { chooseNode } from "./fake-nodes.ts";
import { type Pod, hasEnded } from "../../src/core/cluster-model/pods/pod.ts";
import { type Outcome, type PodPlan } from "../../src/core/cluster-model/pods/pod-script.ts";
import {
  isRestarting,
  podStatus,
  unschedulableStatus,
} from "../../src/core/cluster-model/pods/pod-status.ts";

const retryAfterMs = 300;
/** A pod that takes longer than this gets a ContainerCreating status first. */
const longWaitMs = 250;
const firstRestartMs = 1_000;
const longestRestartMs = 30_000;

/** What a keeper needs from its kubelet. */
export interface KeeperContext {
  readonly api: ApiClient;
  readonly signal: AbortSignal;
  readonly podIp: string;
  plan(pod: Pod): Required<PodPlan>;
}

type Action =
  | { readonly kind: "nothing" }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "bind" }
  | { readonly kind: "leave-pending" }
  | { readonly kind: "delete" }
  | { readonly kind: "write"; readonly outcome: Outcome };

/** Keeps one pod until `close`. */
export class PodKeeper {
  #pod: Pod;
  readonly #context: KeeperContext;
  readonly #seenAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #isBusy = false;
  #mustLookAgain = false;
  #isClosed = false;
  #isBound = false;
  #isDeleted = false;
  #written: Outcome | undefined;
  #restarts = 0;
  #restartAt = 0;

  constructor(pod: Pod, context: KeeperContext) {
    this.#pod = pod;
    this.#context = context;
  }

  /** The pod is now as given. */
  update(pod: Pod): void {
    this.#pod = pod;
    this.look();
  }

  /** The script may have changed. */
  look(): void {
    clearTimeout(this.#timer);
    this.#mustLookAgain = true;
    if (!this.#isBusy) void this.#work();
  }

  /** The pod is gone. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    try {
      while (this.#mustLookAgain && !this.#isStopped()) {
        this.#mustLookAgain = false;
        await this.#perform(this.#nextAction());
      }
    } catch {
      // The API server is stopped, frozen or restarting.
      this.#lookLater(retryAfterMs);
    } finally {
      this.#isBusy = false;
    }
  }

  #nextAction(): Action {
    const { metadata, spec } = this.#pod;
    if (metadata.deletionTimestamp !== undefined) return this.#nextOfDeletion();
    if (hasEnded(this.#pod) || (spec.schedulingGates?.length ?? 0) > 0) return { kind: "nothing" };
    return this.#hasNode() ? this.#nextOfScript() : this.#nextOfScheduler();
  }

  #nextOfScheduler(): Action {
    if (this.#context.plan(this.#pod).outcome !== "unschedulable") return { kind: "bind" };
    return { kind: this.#written === "unschedulable" ? "nothing" : "leave-pending" };
  }

  #nextOfScript(): Action {
    const { outcome, afterMs } = this.#context.plan(this.#pod);
    const remainingMs = afterMs - (performance.now() - this.#seenAt);
    if (remainingMs > 0) {
      const saysSo = this.#written !== undefined || remainingMs < longWaitMs;
      return saysSo ? { kind: "wait", ms: remainingMs } : { kind: "write", outcome: "stalled" };
    }
    if (outcome !== this.#written) return { kind: "write", outcome };
    if (!isRestarting(outcome)) return { kind: "nothing" };
    const untilRestartMs = this.#restartAt - performance.now();
    return untilRestartMs > 0 ? { kind: "wait", ms: untilRestartMs } : { kind: "write", outcome };
  }

  /** Whoever tracks a pod by a finalizer (a Job does) waits for it to end before it lets go. */
  #nextOfDeletion(): Action {
    const { finalizers = [], deletionGracePeriodSeconds } = this.#pod.metadata;
    const isAwaited = finalizers.length > 0 && this.#hasNode() && !hasEnded(this.#pod);
    if (isAwaited && this.#written !== "failed") return { kind: "write", outcome: "failed" };
    if (this.#isDeleted || deletionGracePeriodSeconds === 0) return { kind: "nothing" };
    return { kind: "delete" };
  }

  async #perform(action: Action): Promise<void> {
    switch (action.kind) {
      case "nothing":
        return;
      case "wait":
        this.#lookLater(action.ms);
        return;
      case "bind":
        await this.#bind();
        break;
      case "leave-pending":
        await this.#leavePending();
        break;
      case "delete":
        await this.#delete();
        break;
      case "write":
        await this.#write(action.outcome);
        break;
      default:
        throw new Error(`unknown action ${String(action satisfies never)}`);
    }
    this.#mustLookAgain = true;
  }

  async #bind(): Promise<void> {
    const { name, namespace, uid } = this.#pod.metadata;
    const target = { apiVersion: "v1", kind: "Node", name: chooseNode(this.#pod) };
    const body = { apiVersion: "v1", kind: "Binding", metadata: { name, namespace, uid }, target };
    await this.#send("POST", "/binding", body);
    this.#isBound = true;
  }

  async #leavePending(): Promise<void> {
    const status = unschedulableStatus(new Date());
    await this.#send("PATCH", "/status", { metadata: { uid: this.#pod.metadata.uid }, status });
    this.#written = "unschedulable";
  }

  async #delete(): Promise<void> {
    const preconditions = { uid: this.#pod.metadata.uid };
    const options = { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0 };
    await this.#send("DELETE", "", { ...options, preconditions });
    this.#isDeleted = true;
  }

  async #write(outcome: Outcome): Promise<void> {
    const isRestart = outcome === this.#written;
    const restarts = isRestarting(outcome) ? this.#restarts + 1 : this.#restarts;
    const facts = { now: new Date(), podIp: this.#context.podIp, restarts };
    const { containerStatuses, initContainerStatuses, ...rest } = podStatus(
      this.#pod,
      outcome,
      facts,
    );
    const containers = { containerStatuses, initContainerStatuses };
    // A restart leaves the conditions, and with them their transition times, alone.
    const status = isRestart ? containers : { ...rest, ...containers };
    await this.#send("PATCH", "/status", { metadata: { uid: this.#pod.metadata.uid }, status });
    this.#written = outcome;
    this.#restarts = restarts;
    const delayMs = Math.min(firstRestartMs * 2 ** (restarts - 1), longestRestartMs);
    this.#restartAt = performance.now() + delayMs;
  }

  /** Every request carries the pod's uid: 404 and 409 mean that another pod has its name now. */
  async #send(method: string, subresource: string, body: unknown): Promise<void> {
    const { name, namespace } = this.#pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}${subresource}`;
    const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const { signal } = this.#context;
    const answer: ApiAnswer = await this.#context.api.request(path, {
      method,
      body,
      contentType,
      signal,
    });
    if (answer.status < 300 || answer.status === 404 || answer.status === 409) return;
    throw new Error(`${method} ${path} answered ${answer.status}`);
  }

  #lookLater(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#isStopped()) return;
    this.#timer = setTimeout(() => this.look(), Math.ceil(ms));
  }

  #hasNode(): boolean {
    return this.#isBound || this.#pod.spec.nodeName !== undefined;
  }

  #isStopped(): boolean {
    return this.#isClosed || this.#context.signal.aborted;
  }
}
