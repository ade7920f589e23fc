import type { FleetModel } from "../model/fleet-model.ts";
import { holdsAt, layeredApp } from "../render/layered-app.ts";
import { placeApp, sitesOfVirtualSite } from "../select/virtual-sites.ts";

/**
 * The overlays of an app that hold at a site, weakest first: `flagships, for stores (apps/web.yaml:9)`. Those of its profile come
 * first, each with the name of the profile.
 */
export function overlaysAt(model: FleetModel, name: string, site: string): string[] {
  const declared = model.apps.get(name);
  if (declared === undefined || !placeApp(model, name).includes(site)) return [];
  const app = layeredApp({ model, siteModel: model }, declared);
  const profile = model.sites.get(site)?.value.spec.profile;
  return app.layers.flatMap((layer, index) => {
    if (!holdsAt(app, layer, profile)) return [];
    const { overlay, isDefault } = layer;
    const holding = overlay.virtualSites.filter((each) =>
      sitesOfVirtualSite(model, each).includes(site),
    );
    const isForAll = layer.profile !== null && overlay.virtualSites.length === 0;
    if (holding.length === 0 && !isForAll) return [];
    const title = layer.profile === null ? (overlay.name ?? layer.title) : layer.title;
    const what = isDefault ? `values of ${title}` : title;
    const forWhom = isForAll ? "" : `, for ${holding.join(", ")}`;
    const { file, line } = app.at(["spec", "overlays", index]);
    const place = line === 0 ? file : `${file}:${line}`;
    return [`${what}${forWhom} (${place})`];
  });
}
