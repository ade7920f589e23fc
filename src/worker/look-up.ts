import type { ObjectAddress } from "../adapters/kubernetes/object-address.ts";
import { type KubeObject, type ObjectId, parseObjectId } from "../core/model/kube-object.ts";
import type { SiteContext } from "./site-context.ts";
import type { ObjectRow } from "./state-store.ts";

/** A live object of an inventory. */
export interface Found {
  readonly address: ObjectAddress;
  readonly live: KubeObject;
}

/**
 * The live object, in the version in which the cluster serves it; null: the cluster says that there is none, or keeps the
 * kind in another scope, where an object of this name would be another one.
 */
export async function lookUp(
  context: SiteContext,
  id: ObjectId,
  row: ObjectRow | undefined,
): Promise<Found | null> {
  const key = parseObjectId(id);
  if (key === undefined) return null;
  const signal = context.signal();
  const known = row?.apiVersion ?? "";
  const isServed =
    known !== "" && (await context.client.resource(known, key.kind, signal)) !== undefined;
  const apiVersion = isServed ? known : await context.client.version(key.group, key.kind, signal);
  // No such kind any more: its objects went with it.
  if (apiVersion === undefined) return null;
  const served = await context.client.resource(apiVersion, key.kind, signal);
  if (served !== undefined && served.namespaced !== (key.namespace !== "")) return null;
  const address = { apiVersion, kind: key.kind, namespace: key.namespace, name: key.name };
  const live = await context.client.get(address, signal);
  return live === null ? null : { address, live };
}
