import { FleetError } from "../core/errors.ts";
import type { ObjectId } from "../core/model/kube-object.ts";
import { regionSecretOf } from "../core/secrets/region-secret.ts";
import type { AppState } from "./app-state.ts";
import { versionOf } from "./open-object.ts";
import { whyDown } from "./region-secrets.ts";
import { type SiteContext, desiredTree, throwUnlessPassable } from "./site-context.ts";

/**
 * Notes which Secrets of the region are another version than the one that stands at the site: they are to be written
 * again, whatever is done about drift. Gives their apps. What cannot be read in the region stays as it is at the site.
 */
export async function noteStaleSecrets(context: SiteContext): Promise<readonly AppState[]> {
  const found: AppState[] = [];
  for (const state of context.apps.values()) {
    const tree = await treeOf(context, state);
    const secrets = (tree?.objects ?? []).flatMap(({ id, object }) => {
      const from = regionSecretOf(object);
      return from === undefined || !state.rows.has(id) ? [] : [{ id, name: from.name }];
    });
    const isReachable = await noteStale(context, state, secrets);
    if (state.stale.size > 0) found.push(state);
    if (!isReachable) break; // the others would find the same
  }
  return found;
}

async function treeOf(context: SiteContext, state: AppState) {
  if (state.target === null) return null;
  try {
    return await desiredTree(context, state.app);
  } catch (error) {
    throwUnlessPassable(context, error);
    return null; // told where it is looked over for drift
  }
}

/** False where the region's cluster cannot be reached. */
async function noteStale(
  context: SiteContext,
  { sources, stale }: AppState,
  secrets: readonly { readonly id: ObjectId; readonly name: string }[],
): Promise<boolean> {
  for (const { id, name } of secrets) {
    try {
      const version = versionOf(await context.region.get(name, context.signal()));
      if (version !== sources.get(id)) stale.add(id);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      if (whyDown(error) !== undefined) return false;
    }
  }
  return true;
}
