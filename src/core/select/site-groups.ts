/**
 * Sites in groups that no virtual site and no profile tells apart, so that what is asked of all sites costs as there are groups. In: the
 * virtual sites and sites of checked models. Out: groups, the same object for the same maps.
 */
import type { FleetModel, Labels } from "../model/fleet-model.ts";
import { KeptResults } from "../model/kept-results.ts";
import type { Site, VirtualSite } from "../model/kinds.ts";
import { PatchedMap } from "../model/patched-map.ts";
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

/** A group with its number, which it keeps when sites come and go. */
interface NumberedGroup extends SiteGroup {
  readonly number: number;
}

/** All groups, in the order of their first sites. */
export class SiteGroups {
  readonly groups: readonly NumberedGroup[];
  readonly #byNumber: ReadonlyMap<number, NumberedGroup>;
  readonly #joined: Map<string, readonly string[]>;
  #numbers: PatchedMap<string, number> | undefined;

  private constructor(
    groups: readonly NumberedGroup[],
    joined?: ReadonlyMap<string, readonly string[]>,
  ) {
    this.groups = groups.toSorted((a, b) => (firstOf(a) < firstOf(b) ? -1 : 1));
    this.#byNumber = new Map(groups.map((group) => [group.number, group]));
    this.#joined = new Map(joined);
  }

  static of(groups: readonly SiteGroup[]): SiteGroups {
    return new SiteGroups(groups.map((group, number) => ({ ...group, number })));
  }

  /**
   * The groups where some sites are in others now; undefined: in none. What has not changed is the same object. Undefined
   * where a group has no site left.
   */
  after(moved: ReadonlyMap<string, number | undefined>): SiteGroups | undefined {
    const affected = new Map<number, string[]>();
    for (const [site, to] of moved) {
      const from = this.numbers.get(site);
      if (from !== undefined) affected.set(from, affected.get(from) ?? []);
      if (to !== undefined) affected.set(to, [...(affected.get(to) ?? []), site]);
    }
    const groups = this.groups.map((group) => {
      const added = affected.get(group.number);
      return added === undefined
        ? group
        : { ...group, sites: withMoved(group.sites, moved, added) };
    });
    if (groups.some(({ sites }) => sites.length === 0)) return undefined;
    const joined = [...this.#joined].map(([key, names]): [string, readonly string[]] => {
      const own = new Set(key.split(",").map(Number));
      const added = [...moved].flatMap(([site, to]) =>
        to !== undefined && own.has(to) ? site : [],
      );
      return [key, withMoved(names, moved, added)];
    });
    const after = new SiteGroups(groups, new Map(joined));
    after.#numbers = this.numbers.with(moved);
    return after;
  }

  /** The group with a number. */
  group(number: number): SiteGroup | undefined {
    return this.#byNumber.get(number);
  }

  /** The sites of these groups, sorted. */
  sitesOf(numbers: readonly number[]): readonly string[] {
    const [first, ...others] = numbers;
    if (first === undefined) return [];
    if (others.length === 0) return this.#byNumber.get(first)?.sites ?? [];
    const key = numbers.toSorted((a, b) => a - b).join();
    const known = this.#joined.get(key);
    if (known !== undefined) return known;
    const joined = numbers.flatMap((number) => this.#byNumber.get(number)?.sites ?? []).toSorted();
    if (this.#joined.size >= maxJoined) this.#joined.clear();
    this.#joined.set(key, joined);
    return joined;
  }

  /** The number of the group of each site. */
  get numbers(): PatchedMap<string, number> {
    this.#numbers ??= new PatchedMap(
      new Map(
        this.groups.flatMap(({ sites, number }) => sites.map((site) => [site, number] as const)),
      ),
    );
    return this.#numbers;
  }
}

function firstOf(group: SiteGroup | undefined): string {
  return group?.sites[0] ?? "";
}

/** Sorted names without those that are moved, and with others in their places. */
function withMoved(
  sorted: readonly string[],
  moved: ReadonlyMap<string, unknown>,
  added: readonly string[],
): readonly string[] {
  const names = sorted.filter((site) => !moved.has(site));
  for (const name of added) {
    const at = names.findIndex((each) => each > name);
    names.splice(at === -1 ? names.length : at, 0, name);
  }
  return names;
}

const kept = new KeptResults<Sites, SiteGroups>();

/** The last sites that virtual sites were asked of, and their groups. */
interface Last {
  sites?: Sites;
  groups?: SiteGroups;
}

const keptLast = new KeptResults<VirtualSites, Last>(1);

/** The groups of sites that these virtual sites do not tell apart. */
export function siteGroups(virtualSites: VirtualSites, sites: Sites): SiteGroups {
  return kept.get(sites, [virtualSites], () => {
    const last = keptLast.get(virtualSites, [], () => ({}));
    const groups = groupsAfter(last, virtualSites, sites) ?? groupSites(virtualSites, sites);
    last.sites = sites;
    last.groups = groups;
    return groups;
  });
}

const mostMoved = 100;

/** By those of the last sites, where few are others now. */
function groupsAfter(
  { sites: before, groups }: Last,
  virtualSites: VirtualSites,
  sites: Sites,
): SiteGroups | undefined {
  const changed = before && changedNames(before, sites);
  if (changed === undefined || groups === undefined) return undefined;
  const tests = testsOf(virtualSites);
  const numbers = new Map(groups.groups.map((group) => [keyOf(group), group.number]));
  const moved = new Map<string, number | undefined>();
  for (const name of changed) {
    const site = sites.get(name)?.value;
    const to = site && numbers.get(keyOf(placeOf(site, tests)));
    if (site !== undefined && to === undefined) return undefined;
    moved.set(name, to);
  }
  return groups.after(moved);
}

/** Sites that are others, new or gone; undefined: too many. */
function changedNames(before: Sites, now: Sites): readonly string[] | undefined {
  const changed: string[] = [];
  for (const [name, site] of now) {
    if (before.get(name) === site) continue;
    if (changed.length >= mostMoved) return undefined;
    changed.push(name);
  }
  const isNew = (name: string): boolean => !before.has(name);
  if (before.size + changed.filter(isNew).length === now.size) return changed;
  const gone = [...before.keys()].filter((name) => !now.has(name));
  return gone.length > mostMoved ? undefined : [...changed, ...gone];
}

interface Test {
  readonly name: string;
  readonly selector: Selector | null;
}

function testsOf(virtualSites: VirtualSites): readonly Test[] {
  return [...virtualSites].map(([name, { value }]) => ({ name, selector: selectorOf(value) }));
}

/** What a site is in, and takes. */
function placeOf(
  { metadata: { labels = {} }, spec: { profile } }: Site,
  tests: readonly Test[],
): Pick<SiteGroup, "virtualSites" | "profile"> {
  const holding = tests.filter(
    ({ selector }) => selector === null || matchesSelector(selector, labels),
  );
  return { virtualSites: new Set(holding.map(({ name }) => name)), profile };
}

/** Equal for sites that are told apart by nothing. */
function keyOf({ virtualSites, profile }: Pick<SiteGroup, "virtualSites" | "profile">): string {
  return `${profile ?? ""} ${[...virtualSites].join()}`;
}

function groupSites(virtualSites: VirtualSites, sites: Sites): SiteGroups {
  const tests = testsOf(virtualSites);
  const selectors = tests.flatMap(({ selector }) => selector ?? []);
  const found = new Map<string, SiteGroup & { readonly sites: string[] }>();
  for (const { labels, profile, names } of sitesByLabels(sites, selectors)) {
    const holding = tests.flatMap(({ name, selector }) =>
      selector === null || matchesSelector(selector, labels) ? name : [],
    );
    const place = { virtualSites: new Set(holding), profile };
    const key = keyOf(place);
    const group = found.get(key);
    if (group !== undefined) group.sites.push(...names);
    else found.set(key, { ...place, sites: [...names] });
  }
  for (const group of found.values()) group.sites.sort();
  return SiteGroups.of([...found.values()]);
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
  const asked = keys.join();
  for (const [name, { value }] of sites) {
    const known = keptIds.get(value);
    const id = known?.asked === asked ? known.id : idByLabels(value, keys);
    if (known?.asked !== asked) keptIds.set(value, { asked, id });
    const group = found.get(id);
    if (group !== undefined) {
      group.names.push(name);
      continue;
    }
    const { labels = {} } = value.metadata;
    found.set(id, { labels, profile: value.spec.profile, names: [name] });
  }
  return [...found.values()];
}

/** Of a site, for the label keys that were asked last. */
const keptIds = new WeakMap<Site, { readonly asked: string; readonly id: string }>();

/** Equal for sites with the same values of these labels, and the same profile. */
function idByLabels({ metadata, spec }: Site, keys: readonly string[]): string {
  const { labels = {} } = metadata;
  const values = keys.map((key) => (Object.hasOwn(labels, key) ? `=${labels[key]}` : ""));
  return [spec.profile ?? "", ...values].join("\0");
}
