import { parseDuration } from "../core/model/duration.ts";
import type { FleetModel } from "../core/model/fleet-model.ts";
import type { FleetBudgets, SiteFacts } from "../core/rollout/planner-types.ts";
import type { FleetFacts } from "./site-meta.ts";

const defaultDriftMs = 600_000;
const defaultSitesPerMinute = 60;

/** The sites that a commit declares. A mirror serves a region. */
export function siteFacts(model: FleetModel): Record<string, SiteFacts> {
  const facts: Record<string, SiteFacts> = {};
  for (const [site, { value }] of model.sites) {
    const { region, suspend = false } = value.spec;
    facts[site] = { region, mirror: region, labels: value.metadata.labels ?? {}, suspend };
  }
  return facts;
}

/** What every site's worker needs to know of the fleet. */
export function fleetFacts(model: FleetModel): FleetFacts {
  const { metadata, spec } = model.fleet.value;
  return {
    fleet: metadata.name,
    drift: {
      intervalMs: parseDuration(spec.drift?.interval ?? "") ?? defaultDriftMs,
      maxSitesPerMinute: spec.drift?.maxSitesPerMinute ?? defaultSitesPerMinute,
    },
  };
}

/** Bounds over all apps, as a commit states them. */
export function fleetBudgets(model: FleetModel): FleetBudgets {
  const { maxSitesInFlight, failureDomains } = model.fleet.value.spec;
  return { maxSitesInFlight: maxSitesInFlight ?? null, failureDomains: failureDomains ?? [] };
}

/** What one followed head may delete without an approval, as a commit states it. */
export function deletionBudget(model: FleetModel): {
  readonly objects: number;
  readonly percent: number;
} {
  const { objects = 50, percent = 10 } = model.fleet.value.spec.deletionBudget ?? {};
  return { objects, percent };
}
