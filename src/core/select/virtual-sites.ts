/** Which sites a virtual site holds, and which an app runs at. Pure functions of a checked model. */
import type { FleetModel } from "../model/fleet-model.ts";
import type { App, VirtualSite } from "../model/kinds.ts";
import { checkedSelector, matchesSelector } from "./selector.ts";

/** Names of the sites of a virtual site, sorted; throws for a name that the model does not have. */
export function sitesOfVirtualSite(model: FleetModel, name: string): readonly string[] {
  return matchingSites(virtualSiteOf(model, name), model);
}

/**
 * Names of the sites that an app is placed at, sorted. What belongs to the app comes from `model`: its placement and the
 * selectors of its virtual sites. What belongs to the sites comes from `siteModel`: which there are, and their labels.
 * Throws for an app that `model` does not have.
 */
export function placeApp(
  model: FleetModel,
  app: string,
  siteModel: FleetModel = model,
): readonly string[] {
  const sites = new Set<string>();
  for (const name of appOf(model, app).spec.placement.virtualSites) {
    for (const site of matchingSites(virtualSiteOf(model, name), siteModel)) sites.add(site);
  }
  return [...sites].toSorted();
}

/** Members by the sites they were looked for among, and by virtual site: many apps and overlays name the same one. */
const membersAmong = new WeakMap<FleetModel["sites"], WeakMap<VirtualSite, readonly string[]>>();

function matchingSites(virtualSite: VirtualSite, siteModel: FleetModel): readonly string[] {
  const known = membersAmong.get(siteModel.sites) ?? new WeakMap<VirtualSite, readonly string[]>();
  membersAmong.set(siteModel.sites, known);
  const members = known.get(virtualSite) ?? findMembers(virtualSite, siteModel);
  known.set(virtualSite, members);
  return members;
}

function findMembers(virtualSite: VirtualSite, siteModel: FleetModel): readonly string[] {
  const { selector: spec } = virtualSite.spec;
  if (spec === undefined) return [...siteModel.sites.keys()].toSorted();
  const selector = checkedSelector(spec);
  return [...siteModel.sites]
    .filter(([, { value }]) => matchesSelector(selector, value.metadata.labels ?? {}))
    .map(([name]) => name)
    .toSorted();
}

function virtualSiteOf(model: FleetModel, name: string): VirtualSite {
  const virtualSite = model.virtualSites.get(name);
  if (virtualSite === undefined) throw new Error(`the model has no VirtualSite ${name}`);
  return virtualSite.value;
}

function appOf(model: FleetModel, name: string): App {
  const app = model.apps.get(name);
  if (app === undefined) throw new Error(`the model has no App ${name}`);
  return app.value;
}
