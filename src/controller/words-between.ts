/**
 * What commits said that no pass followed, for the next one was there already, of what leaves: who took back in one commit
 * that an app or a site is to be deleted, and removes it in the next, has been told that nothing is deleted. See ADR 10.
 */
import type { LoadedFleet } from "../core/model/load-fleet.ts";
import { siteFacts } from "../core/rollout/fleet-facts.ts";
import type { FactsBySite, SiteFacts } from "../core/rollout/planner-types.ts";
import type { RemovalVerb } from "../core/rollout/records.ts";
import type { World } from "./world.ts";

/** The words of one commit, also of one that was refused. Where it has a mistake in them, nothing is deleted by it. */
export interface SkippedWords {
  /** `onRemoval` of an app; undefined: the commit does not have it. */
  verbOf(app: string): RemovalVerb | undefined;
  /** Whether the apps of a site may leave with it: the commit says so, or does not have the site. */
  lets(site: string): boolean;
}

/** The words of the commits between the head that was followed until now and the next, oldest first. */
export async function wordsBetween(
  { sources, rendering }: Pick<World, "sources" | "rendering">,
  previous: { readonly commit: string } | null,
  { commit: next }: { readonly commit: string },
): Promise<readonly SkippedWords[]> {
  if (previous === null) return [];
  const words: SkippedWords[] = [];
  for (const commit of await sources.between(previous.commit, next)) {
    words.push(wordsOf(await rendering.glimpse(commit)));
  }
  return words;
}

function wordsOf(loaded: LoadedFleet): SkippedWords {
  const model = loaded.ok ? loaded.value : loaded.sound.model;
  const facts = siteFacts(model);
  /** With a mistake; or that is not known. */
  const isThere = (app: string): boolean =>
    !loaded.ok && (loaded.sound.mayLackKinds || model.manifests.has(app));
  return {
    verbOf: (app) => {
      const found = model.apps.get(app);
      if (found !== undefined) return found.value.spec.onRemoval ?? "delete";
      return isThere(app) ? "hold" : undefined;
    },
    lets: (site) => {
      const found = facts.get(site);
      return found === undefined ? loaded.ok : found.decommission === true;
    },
  };
}

/** The sites of the head followed until now: those whose apps may not leave with them say so no more. */
export function grantedBy(before: FactsBySite, skipped: readonly SkippedWords[]): FactsBySite {
  if (skipped.length === 0) return before;
  const sites = [...before].map(([site, facts]): [string, SiteFacts] => {
    const isGranted = skipped.every((words) => words.lets(site));
    if (facts.decommission !== true || isGranted) return [site, facts];
    const { decommission: _, ...rest } = facts;
    return [site, rest];
  });
  return new Map(sites);
}
