/**
 * What commits said that no pass followed, for the next one was there already, of what leaves: who took back in one commit
 * that an app or a site is to be deleted, and removes it in the next, has been told that nothing is deleted. See ADR 10.
 */
import { FleetError } from "../core/errors.ts";
import type { LoadedFleet } from "../core/model/load-fleet.ts";
import { siteFacts } from "../core/rollout/fleet-facts.ts";
import type { FactsBySite, SiteFacts } from "../core/rollout/planner-types.ts";
import type { RemovalVerb } from "../core/rollout/records.ts";
import type { World } from "./world.ts";

/** What they say together: the strictest of their words counts. */
export interface SkippedWords {
  /** `onRemoval` by app, where one of them has the app. */
  readonly verbs: ReadonlyMap<string, RemovalVerb>;
  /** Sites whose apps may not leave with them, whatever the head before says. */
  readonly kept: ReadonlySet<string>;
}

/** No commit lies between. */
export const nothingSkipped: SkippedWords = { verbs: new Map(), kept: new Set() };

/** The words of one commit, also of one that was refused. Where it has a mistake in them, nothing is deleted by it. */
interface Words {
  /** `onRemoval` of an app; undefined: the commit does not have it. */
  verbOf(app: string): RemovalVerb | undefined;
  /** Whether the apps of a site may leave with it: the commit says so, or does not have the site. */
  lets(site: string): boolean;
}

interface BetweenHeads {
  readonly previous: { readonly commit: string; readonly facts: FactsBySite } | null;
  readonly head: { readonly commit: string };
  /** Those that are asked for. */
  readonly apps: Iterable<string>;
}

/** The words of the commits between the head that was followed until now and the next. No commit is kept: there may be thousands. */
export async function wordsBetween(
  { sources, rendering }: Pick<World, "sources" | "rendering">,
  { previous, head, apps }: BetweenHeads,
): Promise<SkippedWords> {
  if (previous === null) return nothingSkipped;
  const named = [...apps];
  const granted = [...previous.facts].flatMap(([site, facts]) => (facts.decommission ? site : []));
  const verbs = new Map<string, RemovalVerb>();
  const kept = new Set<string>();
  for (const commit of await sources.between(previous.commit, head.commit)) {
    const words = await wordsIn(rendering, commit);
    for (const app of named) {
      const said = [verbs.get(app), words.verbOf(app)].filter((verb) => verb !== undefined);
      if (said.length > 0) verbs.set(app, strictest(said));
    }
    for (const site of granted) if (!words.lets(site)) kept.add(site);
  }
  return { verbs, kept };
}

/** One with more than is read was refused: whatever it says, nothing is deleted by it. */
async function wordsIn(rendering: World["rendering"], commit: string): Promise<Words> {
  try {
    return wordsOf(await rendering.glimpse(commit));
  } catch (error) {
    if (!(error instanceof FleetError) || error.code !== "INVALID_FLEET") throw error;
    return { verbOf: () => "hold", lets: () => false };
  }
}

/** The one that takes least away. */
export function strictest(verbs: readonly RemovalVerb[]): RemovalVerb {
  const order = ["hold", "orphan"] as const;
  return order.find((verb) => verbs.includes(verb)) ?? "delete";
}

function wordsOf(loaded: LoadedFleet): Words {
  const model = loaded.ok ? loaded.value : loaded.sound.model;
  const facts = siteFacts(model);
  /** With a mistake; or that is not known. */
  const mayBeThere = (kind: "App" | "Site", name: string): boolean =>
    !loaded.ok && loaded.sound.mayDeclare(kind, name);
  return {
    verbOf: (app) => {
      const found = model.apps.get(app);
      if (found !== undefined) return found.value.spec.onRemoval ?? "delete";
      return mayBeThere("App", app) ? "hold" : undefined;
    },
    lets: (site) => {
      const found = facts.get(site);
      return found === undefined ? !mayBeThere("Site", site) : found.decommission === true;
    },
  };
}

/** The sites of the head followed until now: those whose apps may not leave with them say so no more. */
export function grantedBy(before: FactsBySite, { kept }: SkippedWords): FactsBySite {
  if (kept.size === 0) return before;
  const sites = [...before].map(([site, facts]): [string, SiteFacts] => {
    if (!kept.has(site)) return [site, facts];
    const { decommission: _, ...rest } = facts;
    return [site, rest];
  });
  return new Map(sites);
}
