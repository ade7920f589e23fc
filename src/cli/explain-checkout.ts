import { FleetError } from "../core/errors.ts";
import { overlaysAt } from "../core/explain/overlays-at.ts";
import { closestName } from "../core/model/closest-name.ts";
import type { FleetModel } from "../core/model/fleet-model.ts";
import type { Explanation } from "../core/protocol/api.ts";
import { selectorText } from "../core/select/selector.ts";
import { sitesOfVirtualSite } from "../core/select/virtual-sites.ts";

/** What a checkout alone can tell: where the app belongs, and what changes it there. Throws NOT_FOUND. */
export function explainCheckout(model: FleetModel, site: string, app: string): Explanation {
  known("Site", site, model.sites);
  const declared = known("App", app, model.apps);
  const { virtualSites } = declared.value.spec.placement;
  const placing = virtualSites.filter((name) => holds(model, name, site));
  const placed = placing.length > 0;
  const verb = placed ? "belongs" : "does not belong";
  const why = placed ? placing : virtualSites;
  const word = placed ? "which holds it" : "which does not hold it";
  return {
    site,
    app,
    answer: `${app} ${verb} at ${site}, by this checkout`,
    placed,
    because: why.map((name) => `${name}, ${word} (${placeOf(model, name)})`),
    overlays: overlaysAt(model, app, site),
    release: null,
    tree: null,
    observed: null,
    waits: [],
    refused: null,
  };
}

/** The document of a name. Throws NOT_FOUND. */
export function known<T>(kind: string, name: string, all: ReadonlyMap<string, T>): T {
  const found = all.get(name);
  if (found !== undefined) return found;
  const near = closestName(name, all.keys());
  throw new FleetError("NOT_FOUND", `there is no ${kind} "${name}" in this checkout`, {
    ...(near === undefined ? {} : { hint: `did you mean "${near}"?` }),
    retry: "never",
  });
}

function holds(model: FleetModel, virtualSite: string, site: string): boolean {
  return sitesOfVirtualSite(model, virtualSite).includes(site);
}

/** Selector and place of a virtual site: `country=jp, fleet/virtual-sites.yaml:7`. */
function placeOf(model: FleetModel, name: string): string {
  const virtualSite = model.virtualSites.get(name);
  if (virtualSite === undefined) return "unknown";
  const { selector } = virtualSite.value.spec;
  const { file, line } = virtualSite.at(["spec", selector === undefined ? "all" : "selector"]);
  return `${selector === undefined ? "all sites" : selectorText(selector)}, ${file}:${line}`;
}
