/** The stages that a fleet's strategies name: what a hold may speak of. */
import { domainOfSite, domainStageName } from "./domain-stages.ts";
import type { RolloutStrategy, Site, Stage } from "./kinds.ts";

/** Those of all strategies, each domain's among them, and those of the built-in one. */
export function namedStages(
  strategies: Iterable<RolloutStrategy>,
  sites: Iterable<Site>,
): ReadonlySet<string> {
  const all = [...sites];
  const named = [...strategies].flatMap(({ spec }) =>
    (spec.stages ?? []).flatMap((stage) => namesOf(stage, all)),
  );
  return new Set(["canary", "early", "rest", ...named]);
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
