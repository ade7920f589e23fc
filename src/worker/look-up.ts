import { ApiError } from "../adapters/kubernetes/api-error.ts";
import type { ObjectAddress } from "../adapters/kubernetes/object-address.ts";
import { FleetError } from "../core/errors.ts";
import {
  type KubeObject,
  type ObjectId,
  type ObjectKey,
  describeKey,
  parseObjectId,
} from "../core/model/kube-object.ts";
import { isDefinitionOf } from "./served-by.ts";
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
  if (apiVersion === undefined) {
    await refuseUnserved(context, key);
    return null; // no such kind any more: its objects went with it
  }
  const served = await context.client.resource(apiVersion, key.kind, signal);
  if (served !== undefined && served.namespaced !== (key.namespace !== "")) return null;
  const address = { apiVersion, kind: key.kind, namespace: key.namespace, name: key.name };
  const live = await context.client.get(address, signal);
  return live === null ? null : { address, live };
}

/**
 * Throws where a definition still has the kind and serves no version of it: its objects are there, and cannot be seen. Who
 * may not read definitions cannot tell.
 */
async function refuseUnserved(context: SiteContext, key: ObjectKey): Promise<void> {
  if (key.group === "") return;
  const definitions = await definitionsOf(context);
  const definition = definitions.find((one) => isDefinitionOf(one, key));
  if (definition === undefined) return;
  throw new FleetError(
    "API_REFUSED",
    `${describeKey(key)} at site ${context.site} cannot be looked at: ${definition.metadata.name} serves no version of it`,
    {
      hint: "let the CustomResourceDefinition serve a version, or delete it with all of its objects",
    },
  );
}

async function definitionsOf(context: SiteContext): Promise<readonly KubeObject[]> {
  try {
    return await context.client.list({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      signal: context.signal(),
    });
  } catch (error) {
    if (error instanceof ApiError && error.facts.status === 403) return [];
    throw error;
  }
}
