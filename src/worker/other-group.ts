/**
 * One object under two ids: API servers serve some kinds in two groups (an Event; an Ingress, once). What a tree no longer
 * has in one group may be what is wanted in the other.
 */
import type { Versions } from "../core/apply/plan-prune.ts";
import { metadataText } from "../core/apply/ownership.ts";
import type { KubeObject, ObjectId } from "../core/model/kube-object.ts";
import { lookUp } from "./look-up.ts";
import type { SiteContext } from "./site-context.ts";

/** An id that an app of the site wants or has. */
interface Claim {
  readonly id: ObjectId;
  readonly app: string;
}

/** Claims by kind, namespace and name, whatever their group. */
export type ClaimsByName = ReadonlyMap<string, readonly Claim[]>;

/** The claims of the apps of a site, by their ids. */
export function claimsByName(
  apps: readonly (readonly [app: string, ids: Versions | ReadonlySet<ObjectId>])[],
): ClaimsByName {
  const claims = new Map<string, Claim[]>();
  for (const [app, ids] of apps) {
    for (const id of ids.keys()) {
      const name = nameIn(id);
      claims.set(name, [...(claims.get(name) ?? []), { id, app }]);
    }
  }
  return claims;
}

function nameIn(id: ObjectId): string {
  return id.slice(id.indexOf("_"));
}

/** The app that wants or has a live object in another group; null: none. Asks the cluster only where there are two groups. */
export async function claimedInOtherGroup(
  context: SiteContext,
  claims: ClaimsByName,
  { id, live }: { readonly id: ObjectId; readonly live: KubeObject },
): Promise<string | null> {
  for (const claim of claims.get(nameIn(id)) ?? []) {
    if (claim.id === id) continue;
    const found = await lookUp(context, claim.id, context.apps.get(claim.app)?.rows.get(claim.id));
    const uid = found === null ? "" : metadataText(found.live, "uid");
    if (uid !== "" && uid === metadataText(live, "uid")) return claim.app;
  }
  return null;
}
