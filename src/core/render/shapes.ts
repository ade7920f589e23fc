import type { FleetModel } from "../model/fleet-model.ts";
import type { App } from "../model/kinds.ts";
import { placeApp, sitesOfVirtualSite } from "../select/virtual-sites.ts";

/** What else than overlays decides what a site gets, as text; undefined: without a site. */
export type VariableOf = (site: string | undefined, overlays: readonly number[]) => string;

/** Sites at which the same overlays of an app hold. */
export interface Shape {
  /** Positions in the App's `overlays`, in order. */
  readonly overlays: readonly number[];
  /** What else of the sites decides: the same for all of them. */
  readonly variable: string;
  /** Sorted. Empty only for the shape of an app that has no site: it is rendered to find its mistakes. */
  readonly sites: readonly string[];
}

/**
 * The shapes of an app: what it is comes from `model`, which sites there are from `siteModel`. `variableOf`: what else
 * of a site decides what it gets.
 */
export function shapesOf(
  { model, siteModel }: { readonly model: FleetModel; readonly siteModel: FleetModel },
  app: App,
  variableOf: VariableOf = () => "",
): readonly Shape[] {
  const placed = placeApp(model, app.metadata.name, siteModel);
  if (placed.length === 0)
    return [{ overlays: [], variable: variableOf(undefined, []), sites: [] }];
  const { sites, regions } = siteModel;
  const members = overlayMembers({ ...model, sites, regions }, app);
  const shapes = new Map<string, Shape & { readonly sites: string[] }>();
  for (const site of placed) {
    const overlays = [...members.entries()].flatMap(([index, set]) => (set.has(site) ? index : []));
    const variable = variableOf(site, overlays);
    const id = `${overlays.join(",")} ${variable}`;
    const shape = shapes.get(id);
    if (shape === undefined) shapes.set(id, { overlays, variable, sites: [site] });
    else shape.sites.push(site);
  }
  return [...shapes.values()];
}

function overlayMembers(model: FleetModel, app: App): readonly ReadonlySet<string>[] {
  const known = new Map<string, readonly string[]>();
  const sitesOf = (name: string): readonly string[] => {
    const sites = known.get(name) ?? sitesOfVirtualSite(model, name);
    known.set(name, sites);
    return sites;
  };
  const overlays = app.spec.overlays ?? [];
  return overlays.map(({ virtualSites }) => new Set(virtualSites.flatMap(sitesOf)));
}
