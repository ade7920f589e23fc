/** What a hold may name. */
import { closestName } from "../model/closest-name.ts";
import type { FleetModel } from "../model/fleet-model.ts";
import { isName } from "../model/kinds/shared.ts";
import { namedStages } from "../model/named-stages.ts";
import type { HoldScope } from "../protocol/api.ts";
import { type DecisionResult, missing, type NamedThings, refuse } from "./decision-result.ts";
import type { ControlState } from "./planner-types.ts";
import { namesOf } from "./stage-names.ts";
import { someOf } from "./words.ts";

/** Why the scope can be none; undefined: it can. Its names become the name of a record. */
export function badScope({ fleet, ...names }: HoldScope): DecisionResult | undefined {
  const given = Object.entries(names).filter(([, name]) => name !== undefined);
  if (fleet !== true && given.length === 0) {
    const hint = "name an app, a stage, a site, a region or the fleet";
    return refuse("bad-request", "it is not said what to hold", hint);
  }
  const bad = given.find(([, name]) => !isName(name));
  if (bad === undefined) return undefined;
  const [kind, name] = bad;
  const hint = "names are lower case letters, digits and single dashes, at most 63 characters";
  return refuse("bad-request", `"${name}" cannot be the name of ${articles[kind] ?? kind}`, hint);
}

const articles: Readonly<Record<string, string>> = {
  region: "a region",
  site: "a site",
  app: "an app",
  stage: "a stage",
};

/** Why the scope holds nothing: it names what there is not, in the fleet or on record. `named` undefined: nobody can tell. */
export function unknownScope(
  control: ControlState,
  scope: HoldScope,
  named: NamedThings | undefined,
): DecisionResult | undefined {
  if (named === undefined) return undefined;
  const known = withRecorded(control, named);
  for (const kind of ["region", "site", "app", "stage"] as const) {
    const [name, there] = [scope[kind], known[kind]];
    if (name === undefined || there.has(name)) continue;
    const near = closestName(name, there);
    const hint = near === undefined ? `known: ${someOf(there, 10)}` : `did you mean "${near}"?`;
    return missing(`there is no ${kind} "${name}"`, hint);
  }
  return undefined;
}

/** What the followed head has not (any more) may still be under way. */
function withRecorded({ apps, sites }: ControlState, named: NamedThings): NamedThings {
  const open = Object.values(apps).flatMap((app) => app.open);
  const stages = open.flatMap((release) => release.stages.flatMap(namesOf));
  return {
    ...named,
    app: new Set([...named.app, ...Object.keys(apps)]),
    site: new Set([...named.site, ...Object.keys(sites)]),
    stage: new Set([...named.stage, ...stages]),
  };
}

/** What a fleet names. */
export function namedThings({ apps, sites, regions, strategies }: FleetModel): NamedThings {
  const valuesOf = <T>(all: ReadonlyMap<string, { readonly value: T }>): T[] =>
    [...all.values()].map(({ value }) => value);
  return {
    app: new Set(apps.keys()),
    site: new Set(sites.keys()),
    region: new Set(regions.keys()),
    stage: namedStages(valuesOf(strategies), valuesOf(sites)),
  };
}
