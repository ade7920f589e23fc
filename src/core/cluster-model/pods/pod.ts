/** The parts of a Pod that the fake kubelet reads. */

export interface Container {
  readonly name: string;
  readonly image: string;
  /** Always on an init container makes it a sidecar. */
  readonly restartPolicy?: string;
}

export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string }[];
    readonly finalizers?: readonly string[];
    readonly deletionTimestamp?: string;
    readonly deletionGracePeriodSeconds?: number;
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly affinity?: unknown;
    readonly schedulingGates?: readonly unknown[];
  };
  readonly status?: { readonly phase?: string };
}

/** Whether the pod has ended for good: its status never changes again. */
export function hasEnded(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}
