import { containedIn } from "../core/apply/plan-prune.ts";
import { parseInventory } from "../core/apply/inventory.ts";
import { liveOwner, systemNamespace } from "../core/apply/ownership.ts";
import {
  type KubeObject,
  type ObjectId,
  type ObjectKey,
  describeKey,
  parseObjectId,
} from "../core/model/kube-object.ts";
import { lookUp } from "./look-up.ts";
import type { SiteContext } from "./site-context.ts";
import type { AppRow } from "./state-store.ts";

/**
 * Why a Namespace or definition must stay for now: an app that the mirror does not name has something in it, which
 * would go with it and which nobody has said may go. null: nothing is in it, or the object is no such one. Inventories
 * in the cluster tell, whoever wrote them; what they name counts only where it stands.
 */
export async function tenantOf(
  context: SiteContext,
  id: ObjectId,
  row: AppRow,
): Promise<string | null> {
  const key = parseObjectId(id);
  const holds = key === undefined ? undefined : containedIn(key);
  if (key === undefined || holds === undefined) return null;
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
    return `${describeKey(key)}: app ${app}, which the mirror does not name here, has ${what} in it; delete that by hand, or add the app again`;
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
  {
    inventory,
    holds,
    owner,
  }: { inventory: KubeObject; holds: (key: ObjectKey) => boolean; owner: string },
): Promise<string | null> {
  const ids = parseInventory(inventory["data"]);
  // Nothing is known of it, least of all that it is empty.
  if (ids === undefined)
    return `objects that its inventory ${inventory.metadata.name} does not tell`;
  for (const id of ids) {
    const key = parseObjectId(id);
    if (key === undefined || !holds(key)) continue;
    const found = await lookUp(context, id, undefined);
    const itsOwner = found === null ? "" : liveOwner(found.live);
    if (itsOwner !== "" && itsOwner !== owner) return describeKey(key);
  }
  return null;
}
