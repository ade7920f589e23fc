import type { FleetModel } from "../model/fleet-model.ts";
import { siteGroups } from "../select/site-groups.ts";
import type { FilledShape } from "./fill-shapes.ts";
import type { TreeId } from "./rendered.ts";
import { TreesByGroup } from "./trees-by-group.ts";

interface Models {
  readonly model: FleetModel;
  readonly siteModel: FleetModel;
}

/** The tree of each site. */
export function treesBySite(
  trees: ReadonlyMap<FilledShape, TreeId>,
  { model, siteModel }: Models,
): ReadonlyMap<string, TreeId> {
  const byGroup = [...trees].flatMap(([{ groups }, tree]) =>
    (groups ?? []).map((group) => [group, tree] as const),
  );
  if ([...trees.keys()].every(({ groups }) => groups !== undefined)) {
    return new TreesByGroup(siteGroups(model.virtualSites, siteModel.sites), new Map(byGroup));
  }
  const bySite = [...trees].flatMap(([{ sites }, tree]) =>
    sites.map((site) => [site, tree] as const),
  );
  return new Map(bySite.toSorted(([a], [b]) => (a < b ? -1 : 1)));
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
export function namespaceOf({ overlays }: FilledShape): string | undefined {
  return overlays.findLast(({ overlay }) => overlay.namespace !== undefined)?.overlay.namespace;
}
