import type { TreeId } from "../render/rendered.ts";
import type { AppBoard } from "./board.ts";
import { entitledRelease } from "./entitled-release.ts";
import { isHealthy, type SiteView, standingTree } from "./site-view.ts";

/** The tree that is left behind, where it was healthy and its release is not bad; null: what stood there stays. */
export function goodTree(app: AppBoard | undefined, view: SiteView): TreeId | null {
  const tree = standingTree(view.entry);
  if (app === undefined || tree === undefined || view.observed?.tree !== tree) return null;
  if (!isHealthy(view, false)) return null;
  const release = entitledRelease(app.current, view.site);
  return release !== null && app.bad.includes(release.digest) ? null : tree;
}
