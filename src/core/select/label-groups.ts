/**
 * Sites in groups that no selector tells apart, by their labels. In: the sites of a fleet, and selectors. Out: groups, made
 * from those of the commit before.
 */
import type { FleetModel, Labels, Located } from "../model/fleet-model.ts";
import { type EntryChanges, FollowedResults } from "../model/followed-results.ts";
import type { Site } from "../model/kinds.ts";
import { PatchedMap } from "../model/patched-map.ts";
import type { Selector } from "./selector.ts";
import { withMoved } from "./with-moved.ts";

export type Sites = FleetModel["sites"];

/** Sites that some selectors do not tell apart: labels of one of them, and their names. */
export interface LabelledSites {
  readonly labels: Labels;
  readonly profile: string | undefined;
  /** Sorted, never empty. */
  readonly names: readonly string[];
}

/** By what the sites have of the labels, and their profile. */
type ByLabels = PatchedMap<string, LabelledSites>;

const followedByLabels = new FollowedResults<Located<Site>, ByLabels>();

/** Sites with the same profile and the same values of every label that some of these selectors asks for; in no order. */
export function sitesByLabels(
  sites: Sites,
  selectors: readonly Selector[],
): readonly LabelledSites[] {
  const asked = new Set(
    selectors.flatMap(({ requirements }) => requirements.map(({ key }) => key)),
  );
  const groups = followedByLabels.get(sites, [[...asked].toSorted().join()], {
    make: () => groupByLabels(sites, asked),
    follow: (last, changes) => regroupByLabels(last, changes, asked),
  });
  return [...groups.values()];
}

function groupByLabels(sites: Sites, keys: ReadonlySet<string>): ByLabels {
  const found = new Map<string, LabelledSites & { readonly names: string[] }>();
  for (const [name, { value }] of sites) {
    const id = idByLabels(value, keys);
    const group = found.get(id);
    if (group === undefined) found.set(id, labelledSites(value, [name]));
    else group.names.push(name);
  }
  for (const { names } of found.values()) names.sort();
  return new PatchedMap(found);
}

function labelledSites<Names>(
  { metadata: { labels = {} }, spec: { profile } }: Site,
  names: Names,
) {
  return { labels, profile, names };
}

/** The groups that changed sites were in, and those that they are in now. */
function regroupByLabels(
  last: ByLabels,
  { names, before, now }: EntryChanges<Located<Site>>,
  keys: ReadonlySet<string>,
): ByLabels {
  const added = new Map<string, string[]>();
  const examples = new Map<string, Site>();
  for (const name of names) {
    const [old, site] = [before.get(name)?.value, now.get(name)?.value];
    if (old !== undefined) notedIn(added, idByLabels(old, keys));
    if (site === undefined) continue;
    const id = idByLabels(site, keys);
    notedIn(added, id).push(name);
    examples.set(id, site);
  }
  return last.with(
    [...added].map(([id, own]) => {
      const sites = withMoved(last.get(id)?.names ?? [], names, own);
      const site = examples.get(id);
      if (sites.length === 0) return [id, undefined];
      const group = last.get(id) ?? (site && labelledSites(site, sites));
      return [id, group && { ...group, names: sites }];
    }),
  );
}

function notedIn(added: Map<string, string[]>, id: string): string[] {
  const names = added.get(id) ?? [];
  added.set(id, names);
  return names;
}

/** Equal for sites with the same values of these labels, and the same profile. */
function idByLabels({ metadata, spec }: Site, keys: ReadonlySet<string>): string {
  const own = Object.entries(metadata.labels ?? {}).filter(([key]) => keys.has(key));
  const texts = own.map(([key, value]) => `${key}=${value}`);
  return [spec.profile ?? "", ...texts.toSorted()].join("\0");
}
