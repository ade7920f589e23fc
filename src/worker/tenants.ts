import type { Holds } from "../core/apply/plan-prune.ts";
import { parseInventory } from "../core/apply/inventory.ts";
import { liveOwner, systemNamespace } from "../core/apply/ownership.ts";
import {
  type KubeObject,
  type ObjectId,
  describeKey,
  keyOf,
  parseObjectId,
} from "../core/model/kube-object.ts";
import { lookUp } from "./look-up.ts";
import type { SiteContext } from "./site-context.ts";
import type { AppRow } from "./state-store.ts";

/**
 * Why a Namespace or definition must stay for now: an app that the mirror does not name has something in it, which
 * would go with it and which nobody has said may go. null: nothing is in it. Inventories in the cluster tell, whoever
 * wrote them; what they name counts only where it stands.
 */
export async function tenantOf(
  context: SiteContext,
  { id, holds }: { readonly id: ObjectId; readonly holds: Holds },
  row: AppRow,
): Promise<string | null> {
  const inventories = await context.client.list({
    apiVersion: "v1",
    kind: "ConfigMap",
    namespace: systemNamespace,
    signal: context.signal(),
  });
  for (const inventory of inventories) {
    const app = /^flotilla-(?<app>.+?)(?:--\d+)?$/.exec(inventory.metadata.name)?.groups?.["app"];
    if (app === undefined || isNamed(context, app, row.app)) continue;
    const what = await firstInside(context, { inventory, holds, owner: row.owner });
    if (what === null) continue;
    const key = parseObjectId(id);
    return `${key === undefined ? id : describeKey(key)}: app ${app}, which the mirror does not name here, has ${what} in it; delete that by hand, or add the app again`;
  }
  return null;
}

/** What the mirror names is known from it and from the store. */
function isNamed(context: SiteContext, app: string, own: string): boolean {
  return app === own || context.target()?.apps.has(app) === true;
}

/** The first object of an inventory that is held and stands, of another owner. */
async function firstInside(
  context: SiteContext,
  { inventory, holds, owner }: { inventory: KubeObject; holds: Holds; owner: string },
): Promise<string | null> {
  const ids = parseInventory(inventory["data"]);
  // Nothing is known of it, least of all that it is empty.
  if (ids === undefined)
    return `objects that its inventory ${inventory.metadata.name} does not tell`;
  for (const id of ids) {
    if (!holds(id, "")) continue;
    const found = await lookUp(context, id, undefined);
    if (found === null || !holds(id, found.address.apiVersion)) continue;
    const itsOwner = liveOwner(found.live);
    if (itsOwner !== "" && itsOwner !== owner) return describeKey(keyOf(found.live));
  }
  return null;
}
