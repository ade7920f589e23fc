import type { FleetModel } from "../model/fleet-model.ts";
import type { App } from "../model/kinds.ts";
import { siteGroups } from "../select/site-groups.ts";

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
  app: App,
  variableOf?: VariableOf,
): readonly Shape[] {
  const all = siteGroups(model.virtualSites, siteModel.sites);
  const byOverlays = new Map<string, { overlays: readonly number[]; groups: number[] }>();
  for (const [number, { virtualSites }] of all.groups.entries()) {
    const holds = (name: string): boolean => virtualSites.has(name);
    if (!app.spec.placement.virtualSites.some(holds)) continue;
    const overlays = (app.spec.overlays ?? []).flatMap((overlay, index) =>
      overlay.virtualSites.some(holds) ? index : [],
    );
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
