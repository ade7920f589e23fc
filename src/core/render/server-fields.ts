import { isJsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";

const serverFields = new Set([
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid",
]);

/** A copy of the whole object (of a Secret, with its data) that `kubectl apply` leaves on it. */
export const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * The object without what only a server (or `kubectl`) writes: `status`, `managedFields` and the like. Exported
 * manifests carry these; applied, they would be refused or mean nothing.
 */
export function withoutServerFields(object: KubeObject): KubeObject {
  const { status: _status, ...rest } = object;
  const fields = Object.entries(object.metadata).flatMap(([key, value]) => {
    if (serverFields.has(key)) return [];
    if (key !== "annotations" || !isJsonObject(value)) return [[key, value] as const];
    const kept = Object.entries(value).filter(([name]) => name !== lastApplied);
    return [[key, Object.fromEntries(kept)] as const];
  });
  const metadata = { ...Object.fromEntries(fields), name: object.metadata.name };
  return { ...rest, apiVersion: object.apiVersion, kind: object.kind, metadata };
}
