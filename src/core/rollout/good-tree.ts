import type { TreeId } from "../render/rendered.ts";
import type { AppBoard } from "./board.ts";
import { own } from "./own.ts";
import { isHealthy, type SiteView, standingTree } from "./site-view.ts";

/**
 * The tree that is left behind, where it was healthy, is not known to be bad and is no candidate's that has not proved
 * itself; null: what was good before stays.
 */
export function goodTree(app: AppBoard | undefined, view: SiteView): TreeId | null {
  const tree = standingTree(view.entry);
  if (app === undefined || tree === undefined || view.observed?.tree !== tree) return null;
  if (!isHealthy(view, false) || app.badTrees.includes(tree)) return null;
  return isOnTrial(app, view.site, tree) ? null : tree;
}

/** A candidate under way has brought it, in a stage that has not passed. */
function isOnTrial(app: AppBoard, site: string, tree: TreeId): boolean {
  return [...app.open.values()].some(({ kind, list, stages, passed, handed }) => {
    const entry = own(list, site);
    if (kind !== "app" || entry?.to !== tree || !Object.hasOwn(handed, site)) return false;
    return !Object.hasOwn(passed, stages[entry.stage]?.name ?? "");
  });
}
