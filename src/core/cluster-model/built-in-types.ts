/** The built-in kinds that the model serves, each in the one version that Kubernetes prefers. */
import { type ResourceType, resourceKey, storedVerbs } from "./resource-types.ts";

interface Row {
  readonly kind: string;
  /** Default: the kind in lower case with an s. */
  readonly plural?: string;
  readonly short?: readonly string[];
  readonly clusterWide?: true;
  readonly status?: true;
  readonly scale?: true;
  /** `metadata.generation` counts its changes. */
  readonly counted?: true;
  readonly all?: true;
}

const workload = { status: true, counted: true, all: true } as const;

const groups: Readonly<Record<string, readonly Row[]>> = {
  "/v1": [
    { kind: "ConfigMap", short: ["cm"] },
    { kind: "Event", short: ["ev"] },
    { kind: "LimitRange", short: ["limits"] },
    { kind: "Namespace", short: ["ns"], clusterWide: true, status: true },
    { kind: "Node", short: ["no"], clusterWide: true, status: true },
    { kind: "PersistentVolume", short: ["pv"], clusterWide: true, status: true },
    { kind: "PersistentVolumeClaim", short: ["pvc"], status: true },
    { kind: "Pod", short: ["po"], ...workload },
    { kind: "ResourceQuota", plural: "resourcequotas", short: ["quota"], status: true },
    { kind: "Secret" },
    { kind: "Service", short: ["svc"], status: true, all: true },
    { kind: "ServiceAccount", short: ["sa"] },
  ],
  "admissionregistration.k8s.io/v1": [
    { kind: "MutatingWebhookConfiguration", clusterWide: true, counted: true },
    { kind: "ValidatingWebhookConfiguration", clusterWide: true, counted: true },
  ],
  "apiextensions.k8s.io/v1": [
    {
      kind: "CustomResourceDefinition",
      short: ["crd", "crds"],
      clusterWide: true,
      status: true,
      counted: true,
    },
  ],
  "apps/v1": [
    { kind: "ControllerRevision" },
    { kind: "DaemonSet", short: ["ds"], ...workload },
    { kind: "Deployment", short: ["deploy"], scale: true, ...workload },
    { kind: "ReplicaSet", short: ["rs"], scale: true, ...workload },
    { kind: "StatefulSet", short: ["sts"], scale: true, ...workload },
  ],
  "autoscaling/v2": [{ kind: "HorizontalPodAutoscaler", short: ["hpa"], status: true, all: true }],
  "batch/v1": [
    { kind: "CronJob", short: ["cj"], ...workload },
    { kind: "Job", ...workload },
  ],
  "coordination.k8s.io/v1": [{ kind: "Lease" }],
  "discovery.k8s.io/v1": [{ kind: "EndpointSlice", counted: true }],
  "networking.k8s.io/v1": [
    { kind: "Ingress", plural: "ingresses", short: ["ing"], status: true, counted: true },
    { kind: "IngressClass", plural: "ingressclasses", clusterWide: true, counted: true },
    { kind: "NetworkPolicy", plural: "networkpolicies", short: ["netpol"], counted: true },
  ],
  "policy/v1": [{ kind: "PodDisruptionBudget", short: ["pdb"], status: true, counted: true }],
  "rbac.authorization.k8s.io/v1": [
    { kind: "ClusterRole", clusterWide: true },
    { kind: "ClusterRoleBinding", clusterWide: true },
    { kind: "Role" },
    { kind: "RoleBinding" },
  ],
  "scheduling.k8s.io/v1": [
    {
      kind: "PriorityClass",
      plural: "priorityclasses",
      short: ["pc"],
      clusterWide: true,
      counted: true,
    },
  ],
  "storage.k8s.io/v1": [
    { kind: "StorageClass", plural: "storageclasses", short: ["sc"], clusterWide: true },
  ],
};

/** Every built-in kind that the model serves, in the order of discovery. */
export const builtInTypes: readonly ResourceType[] = Object.entries(groups).flatMap(
  ([groupVersion, rows]) => rows.map((row) => typeOf(groupVersion, row)),
);

const byPath = new Map(
  builtInTypes.map((type) => [`${type.group}/${type.version}/${type.plural}`, type]),
);

/** The built-in kind behind `group/version/plural`. */
export function builtInAt(path: string): ResourceType | undefined {
  return byPath.get(path);
}

const byResource = new Map(builtInTypes.map((type) => [type.resource, type]));

/** The built-in kind whose objects are kept at this resource. */
export function builtInOf(resource: string): ResourceType | undefined {
  return byResource.get(resource);
}

function typeOf(groupVersion: string, row: Row): ResourceType {
  const [group = "", version = ""] = groupVersion.split("/");
  const singular = row.kind.toLowerCase();
  const plural = row.plural ?? `${singular}s`;
  return {
    group,
    version,
    kind: row.kind,
    plural,
    singular,
    shortNames: row.short ?? [],
    categories: row.all === true ? ["all"] : [],
    namespaced: row.clusterWide !== true,
    verbs: storedVerbs,
    subresources: [...(row.status ? ["status"] : []), ...(row.scale ? ["scale"] : [])],
    hasGeneration: row.counted === true,
    resource: resourceKey(group, plural),
  };
}
