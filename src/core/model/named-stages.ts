/** The stages that a fleet's strategies name: what a hold may speak of. */
import { domainOfSite, domainStageName } from "./domain-stages.ts";
import type { App, Fleet, RolloutStrategy, Site, Stage } from "./kinds.ts";

/** Stages by name: those that some app may have, and those of each app. */
export interface NamedStages {
  readonly all: ReadonlySet<string>;
  readonly byApp: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What decides about names of stages. */
export interface StagedFleet {
  readonly fleet: Fleet;
  readonly apps: ReadonlyMap<string, App>;
  readonly strategies: ReadonlyMap<string, RolloutStrategy>;
  readonly sites: readonly Site[];
}

/** Those of all strategies, each domain's among them; and of each app those of the one that it goes by. */
export function namedStages({ fleet, apps, strategies, sites }: StagedFleet): NamedStages {
  const byStrategy = new Map(
    [...strategies].map(([name, { spec }]) => [name, namesOfStrategy(spec, sites)] as const),
  );
  const builtIn = namesOfStrategy({}, sites);
  const byApp = new Map(
    [...apps].map(([app, { spec }]) => {
      const name = spec.rollout?.strategy ?? fleet.spec.rollout?.strategy ?? "";
      return [app, byStrategy.get(name) ?? builtIn] as const;
    }),
  );
  const all = [...byStrategy.values(), ...byApp.values()].flatMap((names) => [...names]);
  return { all: new Set(all), byApp };
}

/** Name of the stage that takes what no other one does: `rest`, unless a stage with sites of its own is called that. */
export function restName(stages: readonly { readonly name: string }[]): string {
  const taken = new Set(stages.map(({ name }) => name));
  let name = "rest";
  for (let number = 2; taken.has(name); number += 1) name = `rest-${number}`;
  return name;
}

function namesOfStrategy(
  { stages = [] }: RolloutStrategy["spec"],
  sites: readonly Site[],
): ReadonlySet<string> {
  if (stages.length === 0) return new Set(["canary", "early", "rest"]);
  const rest = stages.some(takesRest) ? [] : [restName(stages)];
  return new Set([...stages.flatMap((stage) => namesOf(stage, sites)), ...rest]);
}

function takesRest({ selector, each, count, percent }: Stage): boolean {
  return [selector, each, count, percent].every((take) => take === undefined);
}

/** Its name, or those of its domains and of all of them. */
function namesOf({ name, each }: Stage, sites: readonly Site[]): readonly string[] {
  if (each === undefined) return [name];
  const domains = sites.flatMap(({ spec, metadata }) => {
    const site = { region: spec.region, labels: metadata.labels ?? {} };
    return domainOfSite(each, site) ?? [];
  });
  return [name, ...domains.map((domain) => domainStageName(name, domain))];
}
