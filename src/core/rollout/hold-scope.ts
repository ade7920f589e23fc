/** What a hold may name. */
import { isName } from "../model/kinds/shared.ts";
import type { HoldScope } from "../protocol/api.ts";
import { type DecisionResult, refuse } from "./decision-result.ts";

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
