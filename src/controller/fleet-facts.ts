import type { FleetModel } from "../core/model/fleet-model.ts";
import type { AppPolicy } from "../core/protocol/mirror-layout.ts";
import { driftPace, isUsual, policyOf } from "../core/rollout/site-policies.ts";
import type { FleetAccount, FleetFacts } from "./site-meta.ts";

/** What every site's worker needs to know of the fleet. */
export function fleetFacts(model: FleetModel): FleetFacts {
  return {
    fleet: model.fleet.value.metadata.name,
    drift: driftPace(model),
    policyOf: (app) => unusualPolicy(model, app),
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

function unusualPolicy(model: FleetModel, app: string): AppPolicy | null | undefined {
  const policy = policyOf(model, app);
  return policy !== undefined && isUsual(policy) ? null : policy;
}
