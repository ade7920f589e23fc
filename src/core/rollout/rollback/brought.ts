/**
 * What an open candidate has brought to a site, by whatever way: by its own hand-over, by a site release that moved the
 * site on since, or by the open list once a stage had passed. All of it is on trial as long as the candidate is open, and
 * bad there when the candidate is.
 */
import type { TreeId } from "../../render/rendered.ts";
import { own } from "../own.ts";
import type { Release } from "../records.ts";
import type { SiteTree } from "./bad-trees.ts";

/** The trees that a release has brought to a site. */
export function broughtTo({ handed, list, brought }: Release, site: string): readonly TreeId[] {
  const before = own(brought, site) ?? [];
  const to = Object.hasOwn(handed, site) ? own(list, site)?.to : null;
  return typeof to === "string" && !before.includes(to) ? [...before, to] : before;
}

/** The sites to which a release has brought something. */
export function broughtSites({ handed, brought }: Release): ReadonlySet<string> {
  return new Set([...Object.keys(handed), ...Object.keys(brought ?? {})]);
}

/** The sites that a release has moved, forth or back, or has taken over while they moved. */
export function movedSites({ handed, carried, back }: Release): ReadonlySet<string> {
  return new Set([handed, carried, back ?? {}].flatMap((sites) => Object.keys(sites)));
}

/** The record of what a release has brought beside what its list says, with more. */
export function withBrought(
  { brought }: Release,
  found: readonly SiteTree[],
): Pick<Release, "brought"> {
  if (found.length === 0) return brought === undefined ? {} : { brought };
  const all = { ...brought };
  for (const { site, tree } of found) {
    const known = own(all, site) ?? [];
    if (!known.includes(tree)) all[site] = [...known, tree];
  }
  return { brought: all };
}
