import { isApiError } from "../adapters/kubernetes/api-error.ts";
import type { ObjectAddress } from "../adapters/kubernetes/object-address.ts";
import { otherManagers } from "../core/apply/other-managers.ts";
import { fieldManagerOf, liveOwner, metadataText } from "../core/apply/ownership.ts";
import { type Json, type JsonObject, isJsonObject } from "../core/model/json.ts";
import type { KubeObject } from "../core/model/kube-object.ts";
import { writerFor } from "./app-policy.ts";
import type { Found } from "./look-up.ts";
import type { SiteContext } from "./site-context.ts";

/**
 * Takes an app's marks off, and its name from the fields that it had, if it is still the object that was read. No other
 * value is changed, and whoever applies the object now meets no conflict with the app.
 */
export async function takeMarksOff(
  context: SiteContext,
  app: string,
  { address, live }: Found,
): Promise<void> {
  const patch = {
    metadata: {
      uid: metadataText(live, "uid"),
      resourceVersion: metadataText(live, "resourceVersion"),
      annotations: { "flotilla.dev/owner": null },
      labels: { "flotilla.dev/app": null },
      ...managersWithout(live, fieldManagerOf(app)),
    },
  };
  await writerFor(context, app).mergePatch(address, patch, context.signal());
}

/** Also without what the worker itself has edited. */
function managersWithout(live: KubeObject, manager: string): JsonObject {
  const entries = live.metadata["managedFields"];
  if (!Array.isArray(entries)) return {};
  const all = entries.filter((one: Json) => isJsonObject(one));
  const others = all.filter((one) => one["manager"] !== manager && one["manager"] !== "flotilla");
  return { managedFields: others.length > 0 ? others : [ofNothing(live)] };
}

/** Where nobody is named at all, an API server takes everything for set by somebody before, and the next apply conflicts. */
function ofNothing({ apiVersion }: KubeObject): JsonObject {
  const fieldsV1 = { "f:metadata": { "f:annotations": { "f:flotilla.dev/let-go": {} } } };
  return { manager: "flotilla", operation: "Update", apiVersion, fieldsType: "FieldsV1", fieldsV1 };
}

/** Gives up an app's fields: what only the app has set goes, what others have too stays. Gives the object as it is then. */
export async function giveUpFields(
  context: SiteContext,
  app: string,
  { address, live }: Found,
): Promise<KubeObject> {
  const options = { fieldManager: fieldManagerOf(app), signal: context.signal() };
  return writerFor(context, app).apply(nothingOf(address, metadataText(live, "uid")), options);
}

function nothingOf({ apiVersion, kind, name, namespace }: ObjectAddress, uid: string): KubeObject {
  return { apiVersion, kind, metadata: { name, uid, ...(namespace !== "" && { namespace }) } };
}

/**
 * Leaves an object to those who manage it too: neither fields nor marks of the app stay. Where the object cannot do
 * without the fields they stay as they are.
 */
export async function leaveToOthers(
  context: SiteContext,
  { app, owner }: { readonly app: string; readonly owner: string },
  { address, live }: Found,
): Promise<void> {
  let left = live;
  try {
    left = await giveUpFields(context, app, { address, live });
  } catch (error) {
    if (!isApiError(error) || error.code === "CLUSTER_UNREACHABLE") throw error;
  }
  if (liveOwner(left) === owner) await takeMarksOff(context, app, { address, live: left });
}

/** Who manages a live object beside the apps of the site; what one of their objects controls is theirs. */
export function managersBeside(context: SiteContext, live: KubeObject): readonly string[] {
  const own = new Set<string>();
  if (live.metadata["ownerReferences"] !== undefined) {
    for (const { rows } of context.apps.values()) for (const { uid } of rows.values()) own.add(uid);
  }
  return otherManagers(live, own);
}

/** `ConfigMap team/settings`. */
export function placeOf(live: KubeObject): string {
  const namespace = metadataText(live, "namespace");
  return `${live.kind} ${namespace === "" ? "" : `${namespace}/`}${live.metadata.name}`;
}
