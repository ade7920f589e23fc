/**
 * What commits said that no pass followed, for the next one was there already, of what leaves: who took back in one commit
 * that an app or a site is to be deleted, and removes it in the next, has been told that nothing is deleted. See ADR 10.
 */
import { FleetError } from "../core/errors.ts";
import type { LoadedFleet } from "../core/model/load-fleet.ts";
import { siteFacts } from "../core/rollout/fleet-facts.ts";
import type { ControlState, FactsBySite, SkippedWords } from "../core/rollout/planner-types.ts";
import type { RemovalVerb } from "../core/rollout/records.ts";
import { strictest } from "../core/rollout/removal-verbs.ts";
import type { World } from "./world.ts";

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
  /** Of control: some may leave already. */
  readonly sites: ControlState["sites"];
  /** Those that are asked for. */
  readonly apps: Iterable<string>;
}

/** The words of the commits between the head that was followed until now and the next. No commit is kept: there may be thousands. */
export async function wordsBetween(
  { sources, rendering }: Pick<World, "sources" | "rendering">,
  { previous, head, sites, apps }: BetweenHeads,
): Promise<SkippedWords> {
  if (previous === null) return nothingSkipped;
  const named = [...apps];
  const granted = grantedSites(previous.facts, sites);
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

/** Sites whose apps leave with them, or would: those that leave already, and those that the head before says it of. */
function grantedSites(facts: FactsBySite, sites: ControlState["sites"]): ReadonlySet<string> {
  const declared = [...facts].flatMap(([site, { decommission }]) => (decommission ? site : []));
  const leaving = Object.entries(sites).flatMap(([site, record]) =>
    record.leaving === undefined ? [] : site,
  );
  return new Set([...declared, ...leaving]);
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
