import type { FleetModel } from "../core/model/fleet-model.ts";
import type { TreeId } from "../core/render/rendered.ts";
import { entitlements } from "../core/rollout/entitled-release.ts";
import type { AppControl } from "../core/rollout/planner-types.ts";
import type { CurrentReleases, ReleaseRef } from "../core/rollout/records.ts";

/** Site -> tree. */
export type SiteTrees = Readonly<Record<string, TreeId>>;

/** Every release that some site is entitled to, each once. */
export function releasesInUse({ release, partial }: CurrentReleases): readonly ReleaseRef[] {
  const refs = new Map(partial.map((entry) => [entry.release.id, entry.release]));
  if (release !== null) refs.set(release.id, release);
  return [...refs.values()];
}

/**
 * The tree that each site gets from the release it is entitled to. `treesOf` renders a release; null: it could not,
 * and then each of its sites keeps what stands there, because a rendering that fails never means absence.
 */
export function entitledTrees(
  control: AppControl,
  sites: FleetModel["sites"],
  options: {
    readonly treesOf: (release: ReleaseRef) => ReadonlyMap<string, TreeId> | null;
    readonly standing: (site: string) => TreeId | undefined;
  },
): SiteTrees {
  const releaseOf = entitlements(control);
  const trees: Record<string, TreeId> = {};
  for (const [site, { value }] of sites) {
    const release = releaseOf(site, value.metadata.labels ?? {});
    if (release === null) continue;
    const rendered = options.treesOf(release);
    const tree = rendered === null ? options.standing(site) : rendered.get(site);
    if (tree !== undefined) trees[site] = tree;
  }
  return trees;
}
