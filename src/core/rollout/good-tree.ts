import type { TreeId } from "../render/rendered.ts";
import { entitledTree } from "./arrivals.ts";
import { type AppBoard, type Board, setBad } from "./board.ts";
import { entitlements } from "./entitled-release.ts";
import { own } from "./own.ts";
import { isBadAt, type SiteTree, withoutBadTrees } from "./rollback/bad-trees.ts";
import { broughtTo } from "./rollback/brought.ts";
import { isHealthy, type SiteView, standingTree } from "./site-view.ts";

/**
 * The tree that is left behind, where it was healthy, no bad release brought it there and it is no open candidate's; null:
 * what was good before stays. What a bad release brought once, and is current at the site by now, is good there again.
 */
export function goodTree(board: Board, app: AppBoard | undefined, view: SiteView): TreeId | null {
  const tree = standingTree(view.entry);
  if (app === undefined || tree === undefined || view.observed?.tree !== tree) return null;
  const at = { site: view.site, tree };
  if (!isHealthy(view, false) || isOnTrial(app, at)) return null;
  if (!isBadAt(app.badTrees, at)) return tree;
  // An earlier version recorded it as bad everywhere: where it came from is not known.
  if (own(app.badTrees, tree) === true || !isCurrentAt(board, app, { ...at, view })) return null;
  const trees = withoutBadTrees(app.badTrees, [at]);
  setBad(board, app, { digests: app.bad, trees, why: `what ${at.site} has is current there` });
  return tree;
}

/** A candidate under way has brought it, also where its stage has passed: what becomes of the candidate is still to be seen. */
function isOnTrial(app: AppBoard, { site, tree }: SiteTree): boolean {
  return [...app.open.values()].some(
    (release) => release.kind === "app" && broughtTo(release, site).includes(tree),
  );
}

/** It is what the site is to have, by a release that is not bad. */
function isCurrentAt(
  board: Board,
  app: AppBoard,
  { site, tree, view }: SiteTree & { view: SiteView },
): boolean {
  if (entitledTree(board, app, site) !== tree) return false;
  const control = { current: app.current, open: [...app.open.values()] };
  const due = entitlements(control)(site, view.facts?.labels ?? {});
  return due !== null && !app.bad.includes(due.digest);
}
