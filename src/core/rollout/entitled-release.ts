/** Which release a site is entitled to: what it catches up to, and what a joiner gets. */
import type { Labels } from "../model/fleet-model.ts";
import { matchesSelector, parseSelector } from "../select/selector.ts";
import type { AppControl } from "./planner-types.ts";
import type { CurrentReleases, Release, ReleaseRef } from "./records.ts";

/** The release that a site is entitled to by name: a later partial promotion wins. Null: none yet. */
export function entitledRelease(current: CurrentReleases, site: string): ReleaseRef | null {
  return current.partial.findLast(({ sites }) => sites.includes(site))?.release ?? current.release;
}

/**
 * Looks up the release of any site, joiners included: one that no promotion names and no open candidate lists gets
 * the release of the passed stage whose selector matches it, else the one that is through. One that the head leaves out
 * gets none.
 */
export function entitlements(
  control: Pick<AppControl, "current" | "open">,
): (site: string, labels: Labels) => ReleaseRef | null {
  const { current, open } = control;
  const named = new Map(
    current.partial.flatMap(({ sites, release }) => sites.map((site) => [site, release] as const)),
  );
  const unplaced = new Set(current.unplaced);
  const listed = open.filter(({ kind }) => kind === "app").map(({ list }) => list);
  const bySelector = current.partial.toReversed().flatMap(({ selector, release }) => {
    const parsed = selector === undefined ? undefined : parseSelector(selector);
    return parsed?.ok === true ? [{ selector: parsed.selector, release }] : [];
  });
  return (site, labels) => {
    if (unplaced.has(site)) return null;
    const promoted = named.get(site);
    if (promoted !== undefined) return promoted;
    if (listed.some((list) => Object.hasOwn(list, site))) return current.release;
    const matching = bySelector.find(({ selector }) => matchesSelector(selector, labels));
    return matching?.release ?? current.release;
  };
}

/** What is current once a release is through: one that goes back to an older release makes that one current. */
export function currentRefOf(release: Release): ReleaseRef {
  return release.backTo?.release ?? refOf(release);
}

/** What names a release in status. */
export function refOf({ id, digest, renderer, source }: Release): ReleaseRef {
  return { id, digest, renderer, source };
}
