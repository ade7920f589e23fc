/** Trees that bad releases brought, each at the sites to which it came so: elsewhere the same tree may be what is good. */
import type { TreeId } from "../../render/rendered.ts";
import { own } from "../own.ts";
import type { BadReleases } from "../records.ts";

/** Tree -> the sites where it is bad; true: everywhere, as earlier versions recorded it. */
export type BadTrees = Readonly<Record<TreeId, true | readonly string[]>>;

/** A tree at a site. */
export interface SiteTree {
  readonly site: string;
  readonly tree: TreeId;
}

/** What the record of an app has; in records of earlier versions a tree is bad everywhere. */
export function badTreesOf(trees: BadReleases["trees"] = {}): BadTrees {
  return Array.isArray(trees) ? Object.fromEntries(trees.map((tree) => [tree, true])) : trees;
}

/** A bad release has brought the tree to the site. */
export function isBadAt(bad: BadTrees, { site, tree }: SiteTree): boolean {
  const sites = own(bad, tree);
  return sites === true || sites?.includes(site) === true;
}

/** With these, too; the same object where there is nothing new. */
export function withBadTrees(bad: BadTrees, found: Iterable<SiteTree>): BadTrees {
  const added = new Map<TreeId, Set<string>>();
  for (const { site, tree } of found) {
    const known = own(bad, tree);
    if (known === true) continue;
    const sites = added.get(tree) ?? new Set(known);
    added.set(tree, sites.add(site));
  }
  const isNew = ([tree, sites]: [TreeId, Set<string>]): boolean =>
    sites.size > (listed(own(bad, tree))?.length ?? 0);
  const news = [...added].filter(isNew).map(([tree, sites]) => [tree, [...sites].toSorted()]);
  return news.length === 0 ? bad : { ...bad, ...Object.fromEntries(news) };
}

/** Without these; what is bad everywhere is so nowhere then. */
export function withoutBadTrees(bad: BadTrees, cleared: Iterable<SiteTree>): BadTrees {
  const left = new Map<TreeId, Set<string>>();
  for (const { site, tree } of cleared) {
    const sites = left.get(tree) ?? new Set(listed(own(bad, tree)));
    sites.delete(site);
    left.set(tree, sites);
  }
  return Object.fromEntries(
    Object.entries(bad).flatMap(([tree, before]) => {
      const sites = left.get(tree);
      if (sites === undefined) return [[tree, before]];
      return sites.size === 0 ? [] : [[tree, [...sites].toSorted()]];
    }),
  );
}

function listed(sites: true | readonly string[] | undefined): readonly string[] | undefined {
  return sites === true ? undefined : sites;
}
