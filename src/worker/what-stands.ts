import type { AppState } from "./app-state.ts";
import { wasWritten } from "./apply-app.ts";
import { type SiteContext, desiredTree, throwUnlessPassable } from "./site-context.ts";
import { type AppRow, standsWhole } from "./state-store.ts";
import type { AppTree, TreeObject } from "./tree-cache.ts";

/** The objects of an app that stand at a site: of a whole tree, or of two; null while they are written, or none stands. */
export async function whatStands(
  context: SiteContext,
  state: AppState,
): Promise<readonly TreeObject[] | null> {
  const { row } = state;
  if (row === null || row.left) return null;
  const tree = await desiredTree(context, state.app);
  if (tree === null) return null;
  if (standsWhole(row, tree.tree)) return tree.objects;
  if (state.isBeingWritten) return null;
  const before = await objectsBefore(context, row);
  // Nothing was sent of the new one.
  if (row.tree !== null && !row.isMixed) return before;
  const mixed = mixedObjects(state, { tree, before: before ?? [] });
  return mixed.length === 0 ? null : mixed;
}

/** What was written of a tree, and of the one before what did not come in its form. */
function mixedObjects(
  state: AppState,
  { tree, before }: { readonly tree: AppTree; readonly before: readonly TreeObject[] },
): readonly TreeObject[] {
  const written = tree.objects.filter((object) => wasWritten(state, object));
  const ids = new Set(written.map(({ id }) => id));
  const left = before.filter(({ id }) => !ids.has(id) && state.rows.has(id));
  return [...left, ...written];
}

/** The objects of the tree that stood last; null where there is none, or it cannot be read any more. */
async function objectsBefore(
  context: SiteContext,
  { tree, owner }: AppRow,
): Promise<AppTree["objects"] | null> {
  if (tree === null) return null;
  try {
    return (await context.trees.load(tree, owner)).objects;
  } catch (error) {
    throwUnlessPassable(context, error);
    return null;
  }
}
