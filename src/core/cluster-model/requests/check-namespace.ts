/** Whether something may be created in a namespace. */
import type { Cluster } from "../cluster.ts";
import { builtInOf } from "../built-in-types.ts";
import { keyOf } from "../object-store.ts";
import type { ResourceType } from "../resource-types.ts";
import { forbidden, notFound } from "../status-failure.ts";
import { isDeleting } from "../stored-object.ts";

/** 404 when there is no such namespace, 403 when it is being deleted. */
export function checkNamespace(
  cluster: Cluster,
  type: ResourceType,
  object: { readonly namespace: string; readonly name: string },
): void {
  if (!type.namespaced) return;
  const { namespace, name } = object;
  const found = cluster.store.get("namespaces", keyOf("", namespace));
  if (found === undefined) {
    throw notFound(builtInOf("namespaces") ?? type, namespace);
  }
  if (!isDeleting(found)) return;
  const message = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const cause = {
    reason: "NamespaceTerminating",
    message: `namespace ${namespace} is being terminated`,
    field: "metadata.namespace",
  };
  throw forbidden(type, name, { message, causes: [cause] });
}
