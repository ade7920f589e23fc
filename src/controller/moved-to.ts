import { keptFor } from "../core/model/known-fleet.ts";
import type { RenderedApp, TreeId } from "../core/render/rendered.ts";

/** A tree of an app that goes to a site, and the commit that its release is of. */
export interface AppAtSite {
  readonly app: string;
  readonly site: string;
  readonly tree: TreeId;
  readonly source: string;
}

/** An app as a commit has it. */
export interface SourcedApp {
  readonly source: string;
  readonly rendered: RenderedApp;
}

/** Some site that gets a tree. */
const siteWith = keptFor(
  ({ sites }: RenderedApp) => new Map([...sites].map(([site, tree]) => [tree, site])),
);

/**
 * The namespace that overlays move an app to. Equal trees may come from different ones (an overlay may move what says its
 * namespace itself): what counts is what gave the tree to this site, of the release's commit before all others.
 */
export function movedTo(
  renderings: readonly SourcedApp[],
  { site, tree, source }: AppAtSite,
): string | undefined {
  const given = renderings.filter(({ rendered }) => rendered.sites.get(site) === tree);
  const own = given.find((each) => each.source === source) ?? given[0];
  if (own !== undefined) return own.rendered.movedTo.get(site);
  for (const { rendered } of renderings) {
    const other = siteWith(rendered).get(tree);
    if (other !== undefined) return rendered.movedTo.get(other);
  }
  return undefined;
}
