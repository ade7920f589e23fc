/**
 * What commits said that no pass followed, for the next one was there already, of what leaves: who took back in one commit
 * that an app or a site is to be deleted, and removes it in the next, has been told that nothing is deleted. See ADR 10.
 */
import { FleetError } from "../core/errors.ts";
import type { FleetModel } from "../core/model/fleet-model.ts";
import type { LoadedFleet } from "../core/model/load-fleet.ts";
import { siteFacts } from "../core/rollout/fleet-facts.ts";
import type { ControlState, FactsBySite, SkippedWords } from "../core/rollout/planner-types.ts";
import type { RemovalVerb } from "../core/rollout/records.ts";
import { strictest } from "../core/rollout/removal-verbs.ts";
import { placeApp } from "../core/select/virtual-sites.ts";
import type { World } from "./world.ts";

/** No commit lies between. */
export const nothingSkipped: SkippedWords = {
  verbs: new Map(),
  back: new Map(),
  kept: new Set(),
};

/** The words of one commit, also of one that was refused. Where it has a mistake in them, nothing is deleted by it. */
interface Words {
  /** `onRemoval` of an app; undefined: the commit does not have it. */
  verbOf(app: string): RemovalVerb | undefined;
  /** Whether the commit has an app at a site; where it has a mistake in that, it may. */
  hasAt(app: string): (site: string) => boolean;
  /** Whether the apps of a site may leave with it: the commit says so, or does not have the site. */
  lets(site: string): boolean;
}

/** The head before. */
interface Followed {
  readonly commit: string;
  readonly facts: FactsBySite;
  readonly model: Pick<FleetModel, "apps">;
}

interface BetweenHeads {
  readonly previous: Followed | null;
  readonly head: { readonly commit: string };
  /** Of control: some sites, and apps at some, may leave already. */
  readonly state: Pick<ControlState, "sites" | "apps">;
  /** Those that are asked for. */
  readonly apps: Iterable<string>;
}

/** The words of the commits between the head that was followed until now and the next. No commit is kept: there may be thousands. */
export async function wordsBetween(
  { sources, rendering }: Pick<World, "sources" | "rendering">,
  { previous, head, state, apps }: BetweenHeads,
): Promise<SkippedWords> {
  if (previous === null) return nothingSkipped;
  const named = [...apps];
  const granted = grantedSites(previous.facts, state.sites);
  const leaving = leavingApps(state.apps);
  const verbs = new Map<string, RemovalVerb>();
  const back = new Map<string, Map<string, RemovalVerb>>();
  const kept = new Set<string>();
  for (const commit of await sources.between(previous.commit, head.commit)) {
    const words = await wordsIn(rendering, commit, previous);
    for (const app of named) {
      const verb = words.verbOf(app);
      if (verb === undefined) continue;
      note(verbs, app, verb);
      // What is the least strict overrules nothing, and to place an app at ten thousand sites costs.
      const sites = verb === "delete" ? undefined : leaving.get(app);
      if (sites !== undefined) {
        noteBack(back, app, { sites: sites.filter(words.hasAt(app)), verb });
      }
    }
    for (const site of granted) if (!words.lets(site)) kept.add(site);
  }
  return { verbs, back, kept };
}

function note(verbs: Map<string, RemovalVerb>, name: string, verb: RemovalVerb): void {
  verbs.set(name, strictest([verbs.get(name) ?? verb, verb]));
}

function noteBack(
  back: Map<string, Map<string, RemovalVerb>>,
  app: string,
  { sites, verb }: { readonly sites: readonly string[]; readonly verb: RemovalVerb },
): void {
  const verbs = back.get(app) ?? new Map<string, RemovalVerb>();
  for (const site of sites) note(verbs, site, verb);
  if (verbs.size > 0) back.set(app, verbs);
}

/** By app, the sites that removals under way list. */
function leavingApps(apps: ControlState["apps"]): ReadonlyMap<string, readonly string[]> {
  const found = Object.entries(apps).flatMap(([app, { open }]) => {
    const removals = open.filter(({ kind }) => kind === "removal");
    const sites = [...new Set(removals.flatMap(({ list }) => Object.keys(list)))];
    return sites.length === 0 ? [] : [[app, sites] as const];
  });
  return new Map(found);
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
async function wordsIn(
  rendering: World["rendering"],
  commit: string,
  before: Followed,
): Promise<Words> {
  try {
    return wordsOf(await rendering.glimpse(commit), before);
  } catch (error) {
    if (!(error instanceof FleetError) || error.code !== "INVALID_FLEET") throw error;
    return { verbOf: () => "hold", hasAt: () => () => true, lets: () => false };
  }
}

function wordsOf(loaded: LoadedFleet, before: Followed): Words {
  const said = loaded.ok ? loaded.value : loaded.sound.said;
  const facts = siteFacts(said);
  /** With a mistake; or that is not known. */
  const mayBeThere = (kind: "App" | "Site", name: string): boolean => {
    if (loaded.ok) return false;
    const wasThere = (kind === "App" ? before.model.apps : before.facts).has(name);
    const { sound } = loaded;
    return wasThere ? sound.mayDeclare(kind, name) : sound.mayBringBack(kind, name);
  };
  return {
    verbOf: (app) => {
      const found = said.apps.get(app);
      if (found !== undefined) return found.value.spec.onRemoval ?? "delete";
      return mayBeThere("App", app) ? "hold" : undefined;
    },
    hasAt: (app) => {
      const names = said.apps.get(app)?.value.spec.placement.virtualSites;
      const isKnown = names?.every((name) => said.virtualSites.has(name)) === true;
      if (!isKnown) return () => true;
      const sites = new Set(placeApp(said, app));
      return (site) => sites.has(site) || (!facts.has(site) && mayBeThere("Site", site));
    },
    lets: (site) => {
      const found = facts.get(site);
      return found === undefined ? !mayBeThere("Site", site) : found.decommission === true;
    },
  };
}
