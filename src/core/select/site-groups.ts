/**
 * Sites in groups that no virtual site and no profile tells apart, so that what is asked of all sites costs as there are groups. In: the
 * virtual sites and sites of checked models. Out: groups, the same object for the same maps.
 */
import type { FleetModel, Labels } from "../model/fleet-model.ts";
import { KeptResults } from "../model/kept-results.ts";
import type { Site, VirtualSite } from "../model/kinds.ts";
import { checkedSelector, matchesSelector, type Selector } from "./selector.ts";

const maxJoined = 200;

type Sites = FleetModel["sites"];
type VirtualSites = FleetModel["virtualSites"];

/** Sites that are in the same virtual sites and take the same profile. */
interface SiteGroup {
  readonly virtualSites: ReadonlySet<string>;
  readonly profile: string | undefined;
  /** Sorted, never empty. */
  readonly sites: readonly string[];
}

/** All groups, in the order of their first sites. */
export class SiteGroups {
  readonly groups: readonly SiteGroup[];
  readonly #joined = new Map<string, readonly string[]>();
  #numbers: ReadonlyMap<string, number> | undefined;

  constructor(groups: readonly SiteGroup[]) {
    this.groups = groups.toSorted((a, b) => ((a.sites[0] ?? "") < (b.sites[0] ?? "") ? -1 : 1));
  }

  /** The sites of these groups, sorted. */
  sitesOf(numbers: readonly number[]): readonly string[] {
    const [first, ...others] = numbers;
    if (first === undefined) return [];
    if (others.length === 0) return this.groups[first]?.sites ?? [];
    const key = numbers.join();
    const known = this.#joined.get(key);
    if (known !== undefined) return known;
    const joined = numbers.flatMap((number) => this.groups[number]?.sites ?? []).toSorted();
    if (this.#joined.size >= maxJoined) this.#joined.clear();
    this.#joined.set(key, joined);
    return joined;
  }

  /** The group of each site, by its position in `groups`. */
  get numbers(): ReadonlyMap<string, number> {
    this.#numbers ??= new Map(
      this.groups.flatMap(({ sites }, number) => sites.map((site) => [site, number] as const)),
    );
    return this.#numbers;
  }
}

const kept = new KeptResults<Sites, SiteGroups>();

/** The groups of sites that these virtual sites do not tell apart. */
export function siteGroups(virtualSites: VirtualSites, sites: Sites): SiteGroups {
  return kept.get(sites, [virtualSites], () => groupSites(virtualSites, sites));
}

function groupSites(virtualSites: VirtualSites, sites: Sites): SiteGroups {
  const tests = [...virtualSites].map(([name, { value }]) => ({
    name,
    selector: selectorOf(value),
  }));
  const selectors = tests.flatMap(({ selector }) => selector ?? []);
  const found = new Map<string, SiteGroup & { readonly sites: string[] }>();
  for (const { labels, profile, names } of sitesByLabels(sites, selectors)) {
    const holding = tests.flatMap(({ name, selector }) =>
      selector === null || matchesSelector(selector, labels) ? name : [],
    );
    const key = `${profile ?? ""} ${holding.join()}`;
    const group = found.get(key);
    if (group !== undefined) group.sites.push(...names);
    else found.set(key, { virtualSites: new Set(holding), profile, sites: [...names] });
  }
  for (const group of found.values()) group.sites.sort();
  return new SiteGroups([...found.values()]);
}

/** null: all sites. */
function selectorOf({ spec }: VirtualSite): Selector | null {
  return spec.selector === undefined ? null : checkedSelector(spec.selector);
}

/** Sites that some selectors do not tell apart: labels of one of them, and their names. */
export interface LabelledSites {
  readonly labels: Labels;
  readonly profile: string | undefined;
  readonly names: readonly string[];
}

type LabelMap = ReadonlyMap<string, { readonly value: Site }>;

const keptByLabels = new KeptResults<LabelMap, readonly LabelledSites[]>();

/** Sites with the same profile and the same values of every label that some of these selectors asks for. */
export function sitesByLabels(
  sites: LabelMap,
  selectors: readonly Selector[],
): readonly LabelledSites[] {
  const keys = new Set(selectors.flatMap(({ requirements }) => requirements.map(({ key }) => key)));
  const sorted = [...keys].toSorted();
  return keptByLabels.get(sites, [sorted.join()], () => groupByLabels(sites, sorted));
}

function groupByLabels(sites: LabelMap, keys: readonly string[]): readonly LabelledSites[] {
  const found = new Map<string, LabelledSites & { readonly names: string[] }>();
  for (const [name, { value }] of sites) {
    const { labels = {} } = value.metadata;
    const { profile } = value.spec;
    let id = profile ?? "";
    for (const key of keys) id += Object.hasOwn(labels, key) ? `\0=${labels[key]}` : "\0";
    const group = found.get(id);
    if (group === undefined) found.set(id, { labels, profile, names: [name] });
    else group.names.push(name);
  }
  return [...found.values()];
}
