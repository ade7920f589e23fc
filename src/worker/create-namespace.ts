import { ApiError } from "../adapters/kubernetes/api-error.ts";
import type { KubeObject } from "../core/model/kube-object.ts";
import { writerFor } from "./app-policy.ts";
import type { ObjectWork } from "./apply-object.ts";
import type { SiteContext } from "./site-context.ts";

/** That of an app, bare: it belongs to no app, is in no inventory and is never deleted. */
export async function createNamespace(
  context: SiteContext,
  { app, namespace: name }: Pick<ObjectWork, "app" | "namespace">,
): Promise<void> {
  const namespace: KubeObject = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
  try {
    await writerFor(context, app).create(namespace, context.signal());
  } catch (error) {
    if (!(error instanceof ApiError) || error.facts.reason !== "AlreadyExists") throw error;
  }
}
