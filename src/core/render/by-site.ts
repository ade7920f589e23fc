import type { FleetModel } from "../model/fleet-model.ts";
import { siteGroups } from "../select/site-groups.ts";
import { placeApp } from "../select/virtual-sites.ts";
import type { FilledShape } from "./fill-shapes.ts";
import type { TreeId } from "./rendered.ts";
import { GroupTrees, SiteTrees } from "./site-trees.ts";

interface Models {
  readonly model: FleetModel;
  readonly siteModel: FleetModel;
}

/** The tree of each site of an app. */
export function treesBySite(
  trees: ReadonlyMap<FilledShape, TreeId>,
  models: Models,
  app: string,
): SiteTrees {
  const { model, siteModel } = models;
  const byGroup = [...trees].flatMap(([{ groups }, tree]) =>
    (groups ?? []).map((group) => [group, tree] as const),
  );
  if ([...trees.keys()].every(({ groups }) => groups !== undefined)) {
    return new GroupTrees(siteGroups(model.virtualSites, siteModel.sites), new Map(byGroup));
  }
  return siteTrees(placeApp(model, app, siteModel), treeOfEach(trees));
}

/** The tree of each site of shapes. */
export function treeOfEach(trees: ReadonlyMap<FilledShape, TreeId>): ReadonlyMap<string, TreeId> {
  const found = new Map<string, TreeId>();
  for (const [{ sites }, tree] of trees) for (const site of sites) found.set(site, tree);
  return found;
}

/** Trees by site. `placed`: the sites that an app is placed at; without mistakes they all have one. */
export function siteTrees(
  placed: readonly string[],
  trees: ReadonlyMap<string, TreeId>,
): SiteTrees {
  const names = placed.length === trees.size ? placed : [...trees.keys()].toSorted();
  return new SiteTrees(names, (site) => trees.get(site));
}

/** The namespace that overlays move the app to, at each site at which one does. */
export function namespacesBySite(
  trees: ReadonlyMap<FilledShape, TreeId>,
): ReadonlyMap<string, string> {
  const moved = new Map<string, string>();
  for (const shape of trees.keys()) {
    const namespace = namespaceOf(shape);
    if (namespace === undefined) continue;
    for (const site of shape.sites) moved.set(site, namespace);
  }
  return moved;
}

/** The namespace that overlays of a shape move the app to. */
function namespaceOf({ overlays }: FilledShape): string | undefined {
  return overlays.findLast(({ overlay }) => overlay.namespace !== undefined)?.overlay.namespace;
}
