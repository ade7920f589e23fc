import type { KindName } from "./kinds.ts";

/** Kinds that are planned and not carried out yet. */
export const plannedKinds: ReadonlySet<string> = new Set([
  "Component",
  "Policy",
  "Tenant",
  "BroadcastJob",
]);

/** Fields that are planned and not carried out yet, by kind: paths without the numbers of items. */
const plannedFields: Readonly<Record<KindName, readonly string[]>> = {
  Fleet: [
    "spec.values",
    "spec.sizeClasses",
    "spec.healthWeights",
    "spec.replan",
    "spec.rollout.failureBudget",
    "spec.rollout.maxInFlight",
    "spec.rollout.maxUnavailable",
    "spec.protect",
    "spec.protectedKinds",
  ],
  Region: [
    "spec.cells",
    "spec.compliance",
    "spec.capacity",
    "spec.headroom",
    "spec.registration",
    "spec.values",
    "spec.windows",
  ],
  Site: ["spec.cell", "spec.cells", "spec.windows", "spec.size"],
  VirtualSite: ["spec.values", "spec.windows"],
  Profile: [],
  App: [
    "spec.components",
    "spec.kubernetesVersion",
    "spec.windows",
    "spec.tenant",
    "spec.placement.selector",
    "spec.rollout.failureBudget",
    "spec.rollout.maxInFlight",
    "spec.rollout.maxUnavailable",
  ],
  Decision: [],
  RolloutStrategy: [
    "spec.checks",
    "spec.dependsOn",
    "spec.gates.checks",
    "spec.stages.windows",
    "spec.stages.checks",
    "spec.stages.gates",
    "spec.stages.onFailure",
    "spec.stages.rollback",
  ],
  MaintenanceWindow: [],
};

/** Values that are planned and not carried out yet, by kind and path of the field. */
const plannedValues: Readonly<Record<string, readonly string[]>> = {
  "RolloutStrategy spec.onFailure": ["rollback"],
};

/** True for a field that a later version carries out; `path` without the numbers of items. */
export function isPlannedField(kind: KindName, path: readonly string[]): boolean {
  return plannedFields[kind].includes(path.join("."));
}

/** True for a value that a later version carries out. */
export function isPlannedValue(kind: KindName, path: readonly string[], value: unknown): boolean {
  const planned = plannedValues[`${kind} ${path.join(".")}`];
  return typeof value === "string" && planned !== undefined && planned.includes(value);
}
