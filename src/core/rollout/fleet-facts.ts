/** What the planner needs of a commit beside its apps: the sites and the bounds over all apps. */
import type { FleetModel, Located } from "../model/fleet-model.ts";
import { FollowedFindings } from "../model/followed-results.ts";
import { isSameJson } from "../model/json.ts";
import { KeptResults } from "../model/kept-results.ts";
import { MapView } from "../model/map-view.ts";
import type { Site } from "../model/kinds.ts";
import type { FactsBySite, FleetBudgets, SiteFacts, StartInput } from "./planner-types.ts";
import { windowRules } from "./windows/window-rules.ts";

const kept = new KeptResults<FleetModel["sites"], FactsBySite>();

/** The sites that a commit declares: the same object for the same sites and regions. A mirror serves a region. */
export function siteFacts({ sites, regions }: Pick<FleetModel, "sites" | "regions">): FactsBySite {
  return kept.get(sites, [regions], () => factsOf(sites, regions));
}

const followed = new FollowedFindings<Located<Site>, SiteFacts>();

function factsOf(sites: FleetModel["sites"], regions: FleetModel["regions"]): FactsBySite {
  const found = followed.get(sites, [regions], ({ value: { metadata, spec } }): SiteFacts => {
    const { region, suspend = false } = spec;
    const ofRegion = regions.get(region)?.value.spec;
    const timeZone = spec.timeZone ?? ofRegion?.timeZone;
    const decommission = spec.decommission ?? ofRegion?.decommission;
    return {
      region,
      mirror: region,
      labels: metadata.labels ?? {},
      suspend,
      ...(timeZone === undefined ? {} : { timeZone }),
      ...(decommission === "delete" ? { decommission: true } : {}),
    };
  });
  return new FactsInOrder(sites, found);
}

/** In the order of the sites. */
class FactsInOrder extends MapView<string, SiteFacts> {
  readonly size: number;
  readonly #sites: FleetModel["sites"];
  readonly #found: ReadonlyMap<string, SiteFacts>;

  constructor(sites: FleetModel["sites"], found: ReadonlyMap<string, SiteFacts>) {
    super();
    this.size = found.size;
    this.#sites = sites;
    this.#found = found;
  }

  get(site: string): SiteFacts | undefined {
    return this.#found.get(site);
  }

  *entries(): Generator<[string, SiteFacts], undefined> {
    for (const site of this.#sites.keys()) {
      const facts = this.get(site);
      if (facts !== undefined) yield [site, facts];
    }
  }
}

const brought = new KeptResults<FactsBySite, boolean>();

/** Sites that are new in a commit, or have other labels than in the one before: apps may join there by it. */
export function bringsSites(facts: FactsBySite, before: FactsBySite): boolean {
  if (facts === before) return false;
  return brought.get(facts, [before], () =>
    [...facts].some(([site, { labels, leaves }]) => {
      if (leaves === true) return false;
      const known = before.get(site);
      return known === undefined || !isSameJson(known.labels, labels);
    }),
  );
}

/** What each app of a commit depends on, where it says so. */
export function dependencies(model: FleetModel): Record<string, readonly string[]> {
  const named: Record<string, readonly string[]> = {};
  for (const [app, { value }] of model.apps) named[app] = value.spec.dependsOn ?? [];
  return named;
}

/** Bounds over all apps, as a commit states them. */
export function fleetBudgets(model: FleetModel): FleetBudgets {
  const { maxSitesInFlight, failureDomains } = model.fleet.value.spec;
  return {
    maxSitesInFlight: maxSitesInFlight ?? null,
    failureDomains: failureDomains ?? [],
    windows: windowRules(model),
  };
}

/**
 * Bounds for what a commit starts: no commit grants what it needs, so the commit before it states them. A window that the
 * commit has closes at once, for that takes something away.
 */
export function grantedBudgets(granting: FleetModel, head: FleetModel): FleetBudgets {
  const granted = fleetBudgets(granting);
  const windows = [...(granted.windows ?? []), ...(fleetBudgets(head).windows ?? [])];
  return { ...granted, windows };
}

/** What one followed head may delete without an approval, as a commit states it. */
export function deletionBudget(model: FleetModel): StartInput["deletionBudget"] {
  const { objects = 50, percent = 10 } = model.fleet.value.spec.deletionBudget ?? {};
  return { objects, percent };
}
