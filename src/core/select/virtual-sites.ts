/** Which sites a virtual site holds, and which an app runs at. Pure functions of a checked model. */
import type { FleetModel } from "../model/fleet-model.ts";
import type { App } from "../model/kinds.ts";
import { siteGroups } from "./site-groups.ts";

/** Names of the sites of a virtual site, sorted; throws for a name that the model does not have. */
export function sitesOfVirtualSite(model: FleetModel, name: string): readonly string[] {
  return sitesOfAny(model, [name], model);
}

/**
 * Names of the sites that an app is placed at, sorted. What belongs to the app comes from `model`: its placement and the
 * selectors of its virtual sites. What belongs to the sites comes from `siteModel`: which there are, and their labels.
 * Throws for an app that `model` does not have.
 */
export function placeApp(
  model: Pick<FleetModel, "apps" | "sites" | "virtualSites">,
  app: string,
  siteModel: Pick<FleetModel, "sites"> = model,
): readonly string[] {
  return sitesOfAny(model, appOf(model, app).spec.placement.virtualSites, siteModel);
}

function sitesOfAny(
  { virtualSites }: Pick<FleetModel, "virtualSites">,
  names: readonly string[],
  { sites }: Pick<FleetModel, "sites">,
): readonly string[] {
  for (const name of names) {
    if (!virtualSites.has(name)) throw new Error(`the model has no VirtualSite ${name}`);
  }
  const groups = siteGroups(virtualSites, sites);
  const numbers = groups.groups.flatMap((group) =>
    names.some((name) => group.virtualSites.has(name)) ? group.number : [],
  );
  return groups.sitesOf(numbers);
}

function appOf(model: Pick<FleetModel, "apps">, name: string): App {
  const app = model.apps.get(name);
  if (app === undefined) throw new Error(`the model has no App ${name}`);
  return app.value;
}
