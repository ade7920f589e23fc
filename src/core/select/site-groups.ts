/**
 * Sites in groups that no virtual site and no profile tells apart, so that what is asked of all sites costs as there are groups. In: the
 * virtual sites and sites of checked models. Out: groups, the same object for the same maps.
 */
import type { FleetModel, Labels, Located } from "../model/fleet-model.ts";
import { type EntryChanges, FollowedResults } from "../model/followed-results.ts";
import type { Site, VirtualSite } from "../model/kinds.ts";
import { keptFor } from "../model/known-fleet.ts";
import { PatchedMap } from "../model/patched-map.ts";
import { sitesByLabels } from "./label-groups.ts";
import { SelectorIndex } from "./selector-index.ts";
import { checkedSelector, type Selector } from "./selector.ts";
import { withMoved } from "./with-moved.ts";

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

/** Sites of several groups, by their numbers. */
type Joined = ReadonlyMap<string, readonly string[]>;

/** All groups, in the order of their first sites. */
export class SiteGroups {
  readonly groups: readonly NumberedGroup[];
  /** The same for groups that differ in nothing but which sites they have. */
  readonly kinds: object;
  readonly #byNumber: ReadonlyMap<number, NumberedGroup>;
  readonly #joined: Map<string, readonly string[]>;
  #numbers: PatchedMap<string, number> | undefined;

  private constructor(
    groups: readonly NumberedGroup[],
    { kinds = {}, joined }: Partial<Pick<SiteGroups, "kinds">> & { joined?: Joined } = {},
  ) {
    this.kinds = kinds;
    this.groups = groups.toSorted((a, b) => (firstOf(a) < firstOf(b) ? -1 : 1));
    this.#byNumber = new Map(groups.map((group) => [group.number, group]));
    this.#joined = new Map(joined);
  }

  static of(groups: readonly SiteGroup[]): SiteGroups {
    return new SiteGroups(groups.map((group, number) => ({ ...group, number })));
  }

  /**
   * The groups where some sites are in others now; undefined: in none. What has not changed is the same object, these groups
   * too. Undefined where a group has no site left.
   */
  after(to: ReadonlyMap<string, number | undefined>): SiteGroups | undefined {
    const moved = [...to.keys()].filter((site) => to.get(site) !== this.numbers.get(site));
    if (moved.length === 0) return this;
    const affected = new Map<number, string[]>();
    for (const site of moved) {
      for (const number of [this.numbers.get(site), to.get(site)]) {
        if (number !== undefined) affected.set(number, affected.get(number) ?? []);
      }
      const number = to.get(site);
      if (number !== undefined) affected.get(number)?.push(site);
    }
    const groups = this.groups.map((group) => {
      const added = affected.get(group.number);
      return added === undefined
        ? group
        : { ...group, sites: withMoved(group.sites, moved, added) };
    });
    if (groups.some(({ sites }) => sites.length === 0)) return undefined;
    const joined = [...this.#joined].map(([key, names]): [string, readonly string[]] => {
      const own = key.split(",").map(Number);
      const added = own.flatMap((number) => affected.get(number) ?? []);
      return [key, withMoved(names, moved, added)];
    });
    const after = new SiteGroups(groups, { kinds: this.kinds, joined: new Map(joined) });
    after.#numbers = this.numbers.with(moved.map((site) => [site, to.get(site)] as const));
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

const followed = new FollowedResults<Located<Site>, SiteGroups>();

/** The groups of sites that these virtual sites do not tell apart. */
export function siteGroups(virtualSites: VirtualSites, sites: Sites): SiteGroups {
  return followed.get(sites, [virtualSites], {
    make: () => groupSites(virtualSites, sites),
    follow: (last, { names, now }) => groupsAfter(last, testedBy(virtualSites), { names, now }),
  });
}

/** By those of other sites; undefined where a site is in none of them. */
function groupsAfter(
  last: SiteGroups,
  tests: VirtualSiteTests,
  { names, now }: Pick<EntryChanges<Located<Site>>, "names" | "now">,
): SiteGroups | undefined {
  const numbers = new Map(last.groups.map((group) => [keyOf(group), group.number]));
  const to = new Map<string, number | undefined>();
  for (const name of names) {
    const site = now.get(name)?.value;
    const number = site && numbers.get(keyOf(placeOf(site, tests)));
    if (site !== undefined && number === undefined) return undefined;
    to.set(name, number);
  }
  return last.after(to);
}

/** Which virtual sites hold a site. */
class VirtualSiteTests {
  readonly selectors: readonly Selector[];
  readonly #names: readonly string[];
  readonly #index: SelectorIndex;

  constructor(virtualSites: VirtualSites) {
    this.#names = [...virtualSites.keys()];
    this.selectors = [...virtualSites.values()].map(({ value }) => selectorOf(value));
    this.#index = new SelectorIndex(this.selectors);
  }

  /** In the order in which there are virtual sites. */
  holding(labels: Labels): ReadonlySet<string> {
    const names = this.#index.matching(labels).map((position) => this.#names[position] ?? "");
    return new Set(names);
  }
}

const testedBy = keptFor((virtualSites: VirtualSites) => new VirtualSiteTests(virtualSites));

/** What a site is in, and takes. */
function placeOf(
  { metadata: { labels = {} }, spec: { profile } }: Site,
  tests: VirtualSiteTests,
): Pick<SiteGroup, "virtualSites" | "profile"> {
  return { virtualSites: tests.holding(labels), profile };
}

/** Equal for sites that are told apart by nothing. */
function keyOf({ virtualSites, profile }: Pick<SiteGroup, "virtualSites" | "profile">): string {
  return `${profile ?? ""} ${[...virtualSites].join()}`;
}

function groupSites(virtualSites: VirtualSites, sites: Sites): SiteGroups {
  const tests = testedBy(virtualSites);
  const found = new Map<string, SiteGroup & { readonly sites: string[] }>();
  for (const { labels, profile, names } of sitesByLabels(sites, tests.selectors)) {
    const place = { virtualSites: tests.holding(labels), profile };
    const key = keyOf(place);
    const group = found.get(key);
    if (group !== undefined) group.sites.push(...names);
    else found.set(key, { ...place, sites: [...names] });
  }
  for (const group of found.values()) group.sites.sort();
  return SiteGroups.of([...found.values()]);
}

/** One without requirements holds all sites. */
function selectorOf({ spec }: VirtualSite): Selector {
  return spec.selector === undefined ? { requirements: [] } : checkedSelector(spec.selector);
}
