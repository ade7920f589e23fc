import { FleetError } from "../core/errors.ts";
import { regionSecretOf } from "../core/secrets/region-secret.ts";
import type { AppState } from "./app-state.ts";
import { versionOf } from "./open-object.ts";
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
    for (const { id, name } of secrets) {
      const version = await versionAt(context, name);
      if (version !== null && version !== state.sources.get(id)) state.stale.add(id);
    }
    if (state.stale.size > 0) found.push(state);
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

async function versionAt(context: SiteContext, name: string): Promise<string | null> {
  try {
    return versionOf(await context.region.get(name, context.signal()));
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    return null;
  }
}
