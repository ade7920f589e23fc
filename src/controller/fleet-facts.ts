import { parseDuration } from "../core/model/duration.ts";
import type { FleetModel } from "../core/model/fleet-model.ts";
import type { App } from "../core/model/kinds.ts";
import type { AppPolicy } from "../core/protocol/mirror-layout.ts";
import type { FleetAccount, FleetFacts } from "./site-meta.ts";

const defaultDriftMs = 600_000;
const defaultSitesPerMinute = 60;

/** What every site's worker needs to know of the fleet. */
export function fleetFacts(model: FleetModel): FleetFacts {
  const { metadata, spec } = model.fleet.value;
  const { maxDriftedPercent } = spec.drift ?? {};
  return {
    fleet: metadata.name,
    drift: {
      intervalMs: parseDuration(spec.drift?.interval ?? "") ?? defaultDriftMs,
      maxSitesPerMinute: spec.drift?.maxSitesPerMinute ?? defaultSitesPerMinute,
      ...(maxDriftedPercent !== undefined && { maxDriftedPercent }),
    },
    policyOf: (app) => policyOf(model, app),
    accountOf: (app) => accountIn(model, app),
  };
}

/** The service account of an app, as a commit has it; null: the worker itself; undefined: it does not have the app. */
export function accountIn(model: FleetModel, app: string): FleetAccount | null | undefined {
  const known = model.apps.get(app)?.value.spec;
  if (known === undefined) return undefined;
  const { namespace, serviceAccountName: name } = known;
  return name === undefined ? null : { namespace, name };
}

function policyOf(model: FleetModel, name: string): AppPolicy | null | undefined {
  const app = model.apps.get(name)?.value.spec;
  if (app === undefined) return undefined;
  const fleet = model.fleet.value.spec;
  const health = both(app.health, fleet.health);
  const drift = driftPolicy(fleet.drift, app.drift);
  const isUsual = drift.drift === "correct" && drift.ignored.length + health.length === 0;
  if (isUsual && app.atomic !== true) return null;
  return {
    ...drift,
    ...(health.length > 0 && { health }),
    ...(app.atomic === true && { atomic: true }),
  };
}

type Drift = Pick<NonNullable<App["spec"]["drift"]>, "mode" | "ignore">;

function driftPolicy(fleet: Drift = {}, app: Drift = {}): Pick<AppPolicy, "drift" | "ignored"> {
  return {
    drift: app.mode ?? fleet.mode ?? "correct",
    ignored: both(fleet.ignore, app.ignore),
  };
}

function both<T>(first: readonly T[] = [], second: readonly T[] = []): T[] {
  return [...first, ...second];
}
