/** The status a kubelet would write for a pod that has come to an outcome. Pure. */
import type { Container, Pod } from "./pod.ts";
import type { Outcome } from "./pod-script.ts";

/** What the status says besides the outcome. */
export interface StatusFacts {
  readonly now: Date;
  readonly podIp: string;
  /** How often crashing containers have been restarted. */
  readonly restarts: number;
}

interface OutcomeShape {
  readonly phase: "Pending" | "Running" | "Succeeded" | "Failed";
  readonly isReady: boolean;
  /** Init containers have run. */
  readonly isInitialized: boolean;
  readonly hasAddress: boolean;
}

const shapes: Readonly<Record<Outcome, OutcomeShape>> = {
  ready: { phase: "Running", isReady: true, isInitialized: true, hasAddress: true },
  "never-ready": { phase: "Running", isReady: false, isInitialized: true, hasAddress: true },
  crashing: { phase: "Running", isReady: false, isInitialized: true, hasAddress: true },
  "out-of-memory": { phase: "Running", isReady: false, isInitialized: true, hasAddress: true },
  stalled: { phase: "Pending", isReady: false, isInitialized: false, hasAddress: false },
  unschedulable: { phase: "Pending", isReady: false, isInitialized: false, hasAddress: false },
  image: { phase: "Pending", isReady: false, isInitialized: true, hasAddress: false },
  succeeded: { phase: "Succeeded", isReady: false, isInitialized: true, hasAddress: true },
  failed: { phase: "Failed", isReady: false, isInitialized: true, hasAddress: true },
};

/** Whether restartCount goes on rising under this outcome. */
export function isRestarting(outcome: Outcome): boolean {
  return outcome === "crashing" || outcome === "out-of-memory";
}

/** The fields to merge into `status`; addresses are null where the pod has none. */
export function podStatus(
  pod: Pod,
  outcome: Outcome,
  facts: StatusFacts,
): Readonly<Record<string, unknown>> {
  const shape = shapes[outcome];
  const time = timestamp(facts.now);
  const address = shape.hasAddress ? facts.podIp : null;
  const { initContainers = [], containers } = pod.spec;
  return {
    phase: shape.phase,
    startTime: time,
    hostIP: "127.0.0.1",
    hostIPs: [{ ip: "127.0.0.1" }],
    podIP: address,
    podIPs: address === null ? null : [{ ip: address }],
    conditions: conditions(shape, time),
    initContainerStatuses: initContainers.map((container) =>
      initContainerStatus(container, outcome, facts),
    ),
    containerStatuses: containers.map((container) => containerStatus(container, outcome, facts)),
  };
}

/** What the scheduler says of a pod that it finds no node for. */
export function unschedulableStatus(now: Date): Readonly<Record<string, unknown>> {
  const condition = {
    type: "PodScheduled",
    status: "False",
    lastTransitionTime: timestamp(now),
    reason: "Unschedulable",
    message: "0/2 nodes are available: 2 Insufficient cpu.",
  };
  return { phase: "Pending", conditions: [condition] };
}

function conditions(shape: OutcomeShape, time: string): readonly object[] {
  const hasSucceeded = shape.phase === "Succeeded";
  const notReady = hasSucceeded
    ? { reason: "PodCompleted" }
    : { reason: "ContainersNotReady", message: "containers with unready status" };
  const notInitialized = {
    reason: "ContainersNotInitialized",
    message: "containers with incomplete status",
  };
  const condition = (type: string, isTrue: boolean, why: object): object => ({
    type,
    status: isTrue ? "True" : "False",
    lastTransitionTime: time,
    ...(isTrue ? {} : why),
  });
  return [
    condition("PodScheduled", true, {}),
    condition("Initialized", shape.isInitialized, notInitialized),
    condition("ContainersReady", shape.isReady, notReady),
    condition("Ready", shape.isReady, notReady),
  ];
}

function containerStatus(container: Container, outcome: Outcome, facts: StatusFacts): object {
  const isReady = outcome === "ready";
  return {
    name: container.name,
    image: container.image,
    imageID: "",
    ready: isReady,
    started: isReady || outcome === "never-ready",
    restartCount: isRestarting(outcome) ? facts.restarts : 0,
    state: containerState(container, outcome, facts),
    lastState: isRestarting(outcome) ? terminated(outcome, facts.now) : {},
  };
}

function containerState(container: Container, outcome: Outcome, facts: StatusFacts): object {
  switch (outcome) {
    case "ready":
    case "never-ready":
      return { running: { startedAt: timestamp(facts.now) } };
    case "stalled":
    case "unschedulable":
      return waiting("ContainerCreating");
    case "image":
      return waiting("ImagePullBackOff", `Back-off pulling image "${container.image}"`);
    case "crashing":
    case "out-of-memory":
      return waiting(
        "CrashLoopBackOff",
        `back-off 10s restarting failed container=${container.name}`,
      );
    case "succeeded":
    case "failed":
      return terminated(outcome, facts.now);
    default:
      throw new Error(`unknown outcome ${String(outcome satisfies never)}`);
  }
}

/** A sidecar is as its pod; an ordinary init container has run, or waits while the pod stalls. */
function initContainerStatus(container: Container, outcome: Outcome, facts: StatusFacts): object {
  if (container.restartPolicy === "Always") return containerStatus(container, outcome, facts);
  const hasRun = shapes[outcome].isInitialized;
  return {
    name: container.name,
    image: container.image,
    imageID: "",
    ready: hasRun,
    started: false,
    restartCount: 0,
    state: hasRun ? terminated("succeeded", facts.now) : waiting("PodInitializing"),
  };
}

function waiting(reason: string, message?: string): object {
  return { waiting: { reason, ...(message !== undefined && { message }) } };
}

function terminated(outcome: Outcome, now: Date): object {
  const [exitCode, reason] =
    outcome === "succeeded"
      ? [0, "Completed"]
      : outcome === "out-of-memory"
        ? [137, "OOMKilled"]
        : [1, "Error"];
  const time = timestamp(now);
  return { terminated: { exitCode, reason, startedAt: time, finishedAt: time } };
}

/** Kubernetes times have no fractions of seconds. */
function timestamp(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}
