import type { KubeObject } from "../../core/model/kube-object.ts";

/** Names an object for a request: `apiVersion` is the version that is asked. */
export interface ObjectAddress {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** The address of an object in its own version. */
export function addressOf(object: KubeObject): ObjectAddress {
  const namespace = object.metadata["namespace"];
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    namespace: typeof namespace === "string" ? namespace : "",
    name: object.metadata.name,
  };
}
