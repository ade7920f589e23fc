import { isApiError } from "../adapters/kubernetes/api-error.ts";
import type { ObjectAddress } from "../adapters/kubernetes/object-address.ts";
import { otherManagers } from "../core/apply/other-managers.ts";
import { fieldManagerOf, liveOwner, metadataText } from "../core/apply/ownership.ts";
import type { KubeObject } from "../core/model/kube-object.ts";
import { writerFor } from "./app-policy.ts";
import type { Found } from "./look-up.ts";
import type { SiteContext } from "./site-context.ts";

/** Takes an app's marks off, if it is still the object that was read. */
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
    },
  };
  await writerFor(context, app).mergePatch(address, patch, context.signal());
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
