import type { SiteGroups } from "../select/site-groups.ts";
import type { TreeId } from "./rendered.ts";

/**
 * The trees of an app by site, held as one tree for each group of sites: what all apps know of sites they share, so an
 * app that changes costs its groups and not its sites.
 */
export class TreesByGroup implements ReadonlyMap<string, TreeId> {
  readonly #groups: SiteGroups;
  readonly #trees: ReadonlyMap<number, TreeId>;
  readonly size: number;

  constructor(groups: SiteGroups, trees: ReadonlyMap<number, TreeId>) {
    this.#groups = groups;
    this.#trees = trees;
    this.size = [...trees.keys()].reduce(
      (sum, number) => sum + (groups.groups[number]?.sites.length ?? 0),
      0,
    );
  }

  get(site: string): TreeId | undefined {
    const number = this.#groups.numbers.get(site);
    return number === undefined ? undefined : this.#trees.get(number);
  }

  has(site: string): boolean {
    return this.get(site) !== undefined;
  }

  /** Sorted, as everything here that goes through the sites. */
  *keys(): Generator<string, undefined> {
    yield* this.#sites();
  }

  *values(): Generator<TreeId, undefined> {
    for (const [, tree] of this.entries()) yield tree;
  }

  *entries(): Generator<[string, TreeId], undefined> {
    for (const site of this.#sites()) {
      const tree = this.get(site);
      if (tree !== undefined) yield [site, tree];
    }
  }

  [Symbol.iterator](): Generator<[string, TreeId], undefined> {
    return this.entries();
  }

  forEach(visit: (tree: TreeId, site: string, map: ReadonlyMap<string, TreeId>) => void): void {
    for (const [site, tree] of this) visit(tree, site, this);
  }

  #sites(): readonly string[] {
    return this.#groups.sitesOf([...this.#trees.keys()].toSorted((a, b) => a - b));
  }
}
