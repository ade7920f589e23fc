import type { FleetModel } from "../model/fleet-model.ts";
import { siteGroups } from "../select/site-groups.ts";
import { layersAt, type LayeredApp } from "./layered-app.ts";

/** What else than overlays decides what a site gets, as text; undefined: without a site. */
export type VariableOf = (site: string | undefined, overlays: readonly number[]) => string;

/** Sites at which the same overlays of an app hold. */
export interface Shape {
  /** Positions in the overlays of the layered App, in order. */
  readonly overlays: readonly number[];
  /** What else of the sites decides: the same for all of them. */
  readonly variable: string;
  /** Sorted. Empty only for the shape of an app that has no site: it is rendered to find its mistakes. */
  readonly sites: readonly string[];
  /** Where nothing else decides: the `siteGroups` that the sites are. */
  readonly groups?: readonly number[];
}

/** Models that an app is rendered from: what it is comes from `model`, which sites there are from `siteModel`. */
interface ShapeModels {
  readonly model: Pick<FleetModel, "virtualSites">;
  readonly siteModel: Pick<FleetModel, "sites">;
}

/** The shapes of an app, by their first sites. `variableOf`: what else of a site decides what it gets. */
export function shapesOf(
  { model, siteModel }: ShapeModels,
  app: LayeredApp,
  variableOf?: VariableOf,
): readonly Shape[] {
  const all = siteGroups(model.virtualSites, siteModel.sites);
  const byOverlays = new Map<string, { overlays: readonly number[]; groups: number[] }>();
  for (const { number, virtualSites, profile } of all.groups) {
    if (!app.value.spec.placement.virtualSites.some((name) => virtualSites.has(name))) continue;
    const overlays = layersAt(app, virtualSites, profile);
    const known = byOverlays.get(overlays.join());
    if (known === undefined) byOverlays.set(overlays.join(), { overlays, groups: [number] });
    else known.groups.push(number);
  }
  if (byOverlays.size === 0) {
    return [{ overlays: [], variable: variableOf?.(undefined, []) ?? "", sites: [] }];
  }
  const shapes = [...byOverlays.values()].map(({ overlays, groups }) => {
    return { overlays, variable: "", sites: all.sitesOf(groups), groups };
  });
  return variableOf === undefined
    ? shapes
    : shapes.flatMap((shape) => divide(shape, variableOf)).toSorted(byFirstSite);
}

function divide({ overlays, sites }: Shape, variableOf: VariableOf): Shape[] {
  const shapes = Map.groupBy(sites, (site) => variableOf(site, overlays));
  return [...shapes].map(([variable, own]) => ({ overlays, variable, sites: own }));
}

function byFirstSite(a: Shape, b: Shape): number {
  return (a.sites[0] ?? "") < (b.sites[0] ?? "") ? -1 : 1;
}
