import { ApiError } from "../adapters/kubernetes/api-error.ts";
import type { KubeObject } from "../core/model/kube-object.ts";
import type { SiteContext } from "./site-context.ts";

/** Bare: it belongs to no app, is in no inventory and is never deleted. */
export async function createNamespace(context: SiteContext, name: string): Promise<void> {
  const namespace: KubeObject = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
  try {
    await context.client.create(namespace, context.signal());
  } catch (error) {
    if (!(error instanceof ApiError) || error.facts.reason !== "AlreadyExists") throw error;
  }
}
