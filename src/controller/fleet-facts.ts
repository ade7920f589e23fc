import { parseDuration } from "../core/model/duration.ts";
import type { FleetModel } from "../core/model/fleet-model.ts";
import type { AppPolicy } from "../core/protocol/mirror-layout.ts";
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
    policyOf: (app) => policyOf(model, app),
  };
}

function policyOf(model: FleetModel, name: string): AppPolicy | null | undefined {
  const app = model.apps.get(name);
  if (app === undefined) return undefined;
  const { drift: fleets = {} } = model.fleet.value.spec;
  const { drift: own = {} } = app.value.spec;
  const mode = own.mode ?? fleets.mode ?? "correct";
  const ignored = [...(fleets.ignore ?? []), ...(own.ignore ?? [])];
  return mode === "correct" && ignored.length === 0 ? null : { drift: mode, ignored };
}
