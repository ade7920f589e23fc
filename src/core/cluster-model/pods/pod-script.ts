/** Which pod comes to which end: a table that tests can change while pods exist. */
import type { Pod } from "./pod.ts";

/**
 * ready: Running and Ready. stalled: Pending, ContainerCreating. never-ready: Running, not Ready.
 * crashing: CrashLoopBackOff after exit code 1, restartCount rising. out-of-memory: the same after
 * OOMKilled. image: Pending, ImagePullBackOff. unschedulable: Pending, no node. succeeded and
 * failed: ended.
 */
export type Outcome =
  | "ready"
  | "stalled"
  | "never-ready"
  | "crashing"
  | "out-of-memory"
  | "image"
  | "unschedulable"
  | "succeeded"
  | "failed";

/** All given conditions must hold. */
export interface PodMatch {
  readonly namespace?: string;
  readonly namePrefix?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Part of the image of any container. */
  readonly image?: string;
}

/** What becomes of a pod, `afterMs` (default 50) after the kubelet has first seen it. */
export interface PodPlan {
  readonly outcome: Outcome;
  readonly afterMs?: number;
}

/** A plan for the pods that match (default: all). */
export interface ScriptRule extends PodPlan {
  readonly match?: PodMatch;
}

/** The first rule that matches counts; or a function, which may leave a pod to the default. */
export type PodScript = readonly ScriptRule[] | ((pod: Pod) => PodPlan | undefined);

const defaultAfterMs = 50;

/** The plan for a pod: by default those of Jobs succeed and all others become ready. */
export function planPod(script: PodScript, pod: Pod): Required<PodPlan> {
  const isOfJob = pod.metadata.ownerReferences?.some((owner) => owner.kind === "Job") ?? false;
  const plan =
    typeof script === "function" ? script(pod) : script.find((rule) => matches(rule.match, pod));
  return {
    outcome: plan?.outcome ?? (isOfJob ? "succeeded" : "ready"),
    afterMs: plan?.afterMs ?? defaultAfterMs,
  };
}

function matches(match: PodMatch | undefined, pod: Pod): boolean {
  if (match === undefined) return true;
  const { namespace = pod.metadata.namespace, namePrefix = "", labels = {}, image = "" } = match;
  return (
    pod.metadata.namespace === namespace &&
    pod.metadata.name.startsWith(namePrefix) &&
    Object.entries(labels).every(([key, value]) => pod.metadata.labels?.[key] === value) &&
    pod.spec.containers.some((container) => container.image.includes(image))
  );
}
