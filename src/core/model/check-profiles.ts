/** What of profiles a schema cannot say: circles, and profiles that nothing takes. */
import { sitesByLabels } from "../select/label-groups.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { errorAt, type FleetDraft, warningAt } from "./fleet-draft.ts";
import { shippedProfiles } from "./shipped-profiles.ts";

/** So many profiles may stand one behind the other. */
const longestChain = 20;

/**
 * A profile whose `extends` leads back to it, or past more profiles than may be. Its own name means the shipped one: no circle,
 * where there is one.
 */
export function checkProfiles({ profiles }: FleetDraft): Diagnostic[] {
  return [...profiles].flatMap(([name, { value, document }]) => {
    const way = [name];
    let next = value.spec.extends;
    while (next !== undefined && !way.includes(next) && way.length < longestChain) {
      way.push(next);
      next = profiles.get(next)?.value.spec.extends;
    }
    const isShipped = way.length === 1 && shippedProfiles.has(name);
    const place = document.at(["spec", "extends"]);
    if (next === name && !isShipped) {
      const message = `the Profile "${name}" extends itself: ${[...way, name].join(" → ")}`;
      const hint = "take one of the links out of `extends`";
      return errorAt(place, { code: "dependency-cycle", message, hint });
    }
    if (next === undefined || way.includes(next)) return [];
    const message = `the Profile "${name}" extends more than ${longestChain - 1} others, one behind the other`;
    const hint = "write some of them as one";
    return errorAt(place, { code: "long-profile-chain", message, hint });
  });
}

/** Profiles that no Site, App or other Profile takes: they change nothing. */
export function warnOfProfiles({ profiles, sites, apps }: FleetDraft): Diagnostic[] {
  if (profiles.size === 0) return [];
  const taken = new Set([
    ...sitesByLabels(sites, []).map(({ profile }) => profile),
    ...[...apps.values()].map(({ value }) => value.spec.profile),
    ...[...profiles].flatMap(([name, { value }]) =>
      value.spec.extends === name ? [] : value.spec.extends,
    ),
  ]);
  return [...profiles].flatMap(([name, { document }]) => {
    if (taken.has(name)) return [];
    const message = `nothing takes the Profile "${name}", so it changes nothing`;
    const hint = "name it in `profile` of a Site or an App";
    return warningAt(document.at(["metadata", "name"]), { code: "no-effect", message, hint });
  });
}
