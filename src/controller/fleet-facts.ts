import { parseDuration } from "../core/model/duration.ts";
import type { FleetModel } from "../core/model/fleet-model.ts";
import type { FleetFacts } from "./site-meta.ts";

const defaultDriftMs = 600_000;
const defaultSitesPerMinute = 60;

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
