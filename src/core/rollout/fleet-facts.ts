/** What the planner needs of a commit beside its apps: the sites and the bounds over all apps. */
import type { FleetModel, Located } from "../model/fleet-model.ts";
import { FollowedFindings } from "../model/followed-results.ts";
import { isSameJson } from "../model/json.ts";
import { KeptResults } from "../model/kept-results.ts";
import type { Site } from "../model/kinds.ts";
import { own } from "./own.ts";
import type { FleetBudgets, SiteFacts, StartInput } from "./planner-types.ts";
import { windowRules } from "./windows/window-rules.ts";

type Facts = Readonly<Record<string, SiteFacts>>;

const kept = new KeptResults<FleetModel["sites"], Facts>();

/** The sites that a commit declares: the same object for the same sites and regions. A mirror serves a region. */
export function siteFacts({ sites, regions }: FleetModel): Facts {
  return kept.get(sites, [regions], () => factsOf(sites, regions));
}

const followed = new FollowedFindings<Located<Site>, SiteFacts>();

function factsOf(sites: FleetModel["sites"], regions: FleetModel["regions"]): Facts {
  const found = followed.get(sites, [regions], ({ value: { metadata, spec } }): SiteFacts => {
    const { region, suspend = false } = spec;
    const timeZone = spec.timeZone ?? regions.get(region)?.value.spec.timeZone;
    return {
      region,
      mirror: region,
      labels: metadata.labels ?? {},
      suspend,
      ...(timeZone === undefined ? {} : { timeZone }),
    };
  });
  const facts: Record<string, SiteFacts> = {};
  for (const site of sites.keys()) {
    const known = found.get(site);
    if (known !== undefined) facts[site] = known;
  }
  return facts;
}

const brought = new KeptResults<Facts, boolean>();

/** Sites that are new in a commit, or have other labels than in the one before: apps may join there by it. */
export function bringsSites(facts: Facts, before: Facts): boolean {
  if (facts === before) return false;
  return brought.get(facts, [before], () =>
    Object.entries(facts).some(([site, { labels }]) => {
      const known = own(before, site);
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

/** What one followed head may delete without an approval, as a commit states it. */
export function deletionBudget(model: FleetModel): StartInput["deletionBudget"] {
  const { objects = 50, percent = 10 } = model.fleet.value.spec.deletionBudget ?? {};
  return { objects, percent };
}
