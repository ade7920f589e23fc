import type { SiteGroups } from "../select/site-groups.ts";
import type { TreeId } from "./rendered.ts";

/**
 * The trees of an app by site, in the order of their names. Apps that are placed alike share the list of names, so an app
 * that changes does not cost one.
 */
export class SiteTrees implements ReadonlyMap<string, TreeId> {
  readonly #names: readonly string[];
  readonly #treeOf: (site: string) => TreeId | undefined;

  /** `names`: sorted, of all sites that have a tree. */
  constructor(names: readonly string[], treeOf: (site: string) => TreeId | undefined) {
    this.#names = names;
    this.#treeOf = treeOf;
  }

  /** Sorted. */
  get names(): readonly string[] {
    return this.#names;
  }

  get size(): number {
    return this.#names.length;
  }

  get(site: string): TreeId | undefined {
    return this.#treeOf(site);
  }

  has(site: string): boolean {
    return this.get(site) !== undefined;
  }

  *keys(): Generator<string, undefined> {
    yield* this.#names;
  }

  *values(): Generator<TreeId, undefined> {
    for (const [, tree] of this.entries()) yield tree;
  }

  *entries(): Generator<[string, TreeId], undefined> {
    for (const site of this.#names) {
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
}

/** Held as one tree for each group of sites: what all apps know of sites they share. */
export class GroupTrees extends SiteTrees {
  readonly #trees: ReadonlyMap<number, TreeId>;

  /** `trees`: by the number of a group. */
  constructor(groups: SiteGroups, trees: ReadonlyMap<number, TreeId>) {
    super(groups.sitesOf([...trees.keys()].toSorted((a, b) => a - b)), (site) => {
      const number = groups.numbers.get(site);
      return number === undefined ? undefined : trees.get(number);
    });
    this.#trees = trees;
  }

  /** The same trees for the sites that groups of the same kinds have. */
  at(groups: SiteGroups): GroupTrees {
    return new GroupTrees(groups, this.#trees);
  }
}

/** The names of sites that have an app, sorted. */
export function namesIn(sites: ReadonlyMap<string, TreeId>): readonly string[] {
  return sites instanceof SiteTrees ? sites.names : [...sites.keys()];
}
