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
  return noSuchStage(known, scope) ?? notOfRegion(known, scope);
}

/** Everything in a scope has to agree: a stage of other apps alone is none of this one's. */
function noSuchStage(
  { stagesOf }: NamedThings,
  { app, stage }: HoldScope,
): DecisionResult | undefined {
  if (app === undefined || stage === undefined) return undefined;
  const stages = stagesOf.get(app) ?? new Set();
  if (stages.has(stage)) return undefined;
  const near = closestName(stage, stages);
  const hint = near === undefined ? `its stages: ${someOf(stages, 10)}` : `did you mean "${near}"?`;
  return missing(`${app} has no stage "${stage}": it would hold nothing`, hint);
}

function notOfRegion(
  { regionOf }: NamedThings,
  { site = "", region }: HoldScope,
): DecisionResult | undefined {
  const its = regionOf.get(site);
  if (its === undefined || region === undefined || its === region) return undefined;
  const message = `${site} is in region ${its}, not in ${region}: it would hold nothing`;
  return missing(message, "name the site alone, or the region");
}

/** What the followed head has not (any more) may still be under way. */
function withRecorded({ apps, sites }: ControlState, named: NamedThings): NamedThings {
  const recorded = Object.entries(apps).map(([app, { open }]) => {
    const stages = open.flatMap((release) => release.stages.flatMap(namesOf));
    return [app, new Set([...(named.stagesOf.get(app) ?? []), ...stages])] as const;
  });
  const leaving = Object.entries(sites).flatMap(([site, known]) =>
    known.leaving === undefined ? [] : [[site, known.leaving.facts.region] as const],
  );
  return {
    ...named,
    region: new Set([...named.region, ...leaving.map(([, region]) => region)]),
    regionOf: new Map([...leaving, ...named.regionOf]),
    app: new Set([...named.app, ...Object.keys(apps)]),
    site: new Set([...named.site, ...Object.keys(sites)]),
    stage: new Set([...named.stage, ...recorded.flatMap(([, stages]) => [...stages])]),
    stagesOf: new Map([...named.stagesOf, ...recorded]),
  };
}

/** What a fleet names. */
export function namedThings({ fleet, apps, sites, regions, strategies }: FleetModel): NamedThings {
  const valuesOf = <T>(all: ReadonlyMap<string, { readonly value: T }>): Map<string, T> =>
    new Map([...all].map(([name, { value }]) => [name, value]));
  const stages = namedStages({
    fleet: fleet.value,
    apps: valuesOf(apps),
    strategies: valuesOf(strategies),
    sites: [...valuesOf(sites).values()],
  });
  return {
    app: new Set(apps.keys()),
    site: new Set(sites.keys()),
    region: new Set(regions.keys()),
    stage: stages.all,
    stagesOf: stages.byApp,
    regionOf: new Map([...sites].map(([name, { value }]) => [name, value.spec.region])),
  };
}
