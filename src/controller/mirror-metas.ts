/** The meta files of one mirror commit: facts of the followed head, and what each hand-over brings along. */
import { mirrorBranch, type SiteMeta } from "../core/protocol/mirror-layout.ts";
import type { App } from "../core/model/kinds.ts";
import type { TreeId } from "../core/render/rendered.ts";
import { own } from "../core/rollout/own.ts";
import type { AppControl, HandOver, FactsBySite, SiteMove } from "../core/rollout/planner-types.ts";
import type { ObjectStore } from "../adapters/git/object-store.ts";
import { entitledRelease } from "../core/rollout/entitled-release.ts";
import { accountIn, fleetFacts } from "./fleet-facts.ts";
import { readMeta } from "./mirror-snapshot.ts";
import type { Mirrors } from "./mirrors.ts";
import type { ReadState } from "./planner-input.ts";
import { type AppFacts, type FleetAccount, siteMeta } from "./site-meta.ts";

/** Commits of a mirror that are looked through for a site that left it. */
const maxAge = 10_000;

/** A site that comes to a mirror from another. */
export type Enter = Extract<SiteMove, { enter: string }>;

/** What the old mirror said of sites that come from it, just before they left. */
export async function readMovedMetas(
  enters: readonly Enter[],
  mirrors: Mirrors,
): Promise<ReadonlyMap<string, SiteMeta>> {
  const metas = new Map<string, SiteMeta>();
  for (const { site, fromMirror, trees } of enters) {
    // It brings nothing of which that mirror would have to say something.
    if (Object.keys(trees).length === 0) continue;
    const mirror = mirrors.get(fromMirror);
    // One that was found unreadable in this pass is not asked again: its git may not answer.
    if (mirror !== undefined && mirror.unreadable !== null) throw mirror.unreadable;
    const meta = mirror === undefined ? null : await lastMeta(mirror.store, site);
    if (meta !== null) metas.set(site, meta);
  }
  return metas;
}

/** The newest meta file of a site in a mirror's history; null when it never was there, or too long ago. */
async function lastMeta(store: ObjectStore, site: string): Promise<SiteMeta | null> {
  let commit = await store.resolve(mirrorBranch);
  for (let age = 0; commit !== null && age < maxAge; age += 1) {
    const entry = await store.at(commit, `meta/${site}.json`);
    if (entry !== null) {
      return readMeta((await store.read([entry.oid])).get(entry.oid) ?? "", entry.path);
    }
    commit = (await store.commit(commit))?.parents[0] ?? null;
  }
  return null;
}

/** What stood there, and what moves in this commit. */
export interface MetaSources {
  /** Of the followed head: the same for all mirrors. */
  readonly facts: FactsBySite;
  readonly before: ReadonlyMap<string, { readonly meta: SiteMeta | null }>;
  readonly movedMetas: ReadonlyMap<string, SiteMeta>;
  readonly handOvers: readonly HandOver[];
}

/** Makes the meta files of one mirror commit. */
export function metaMaker(
  read: ReadState,
  { facts, before, movedMetas, handOvers }: MetaSources,
): (site: string, apps: readonly string[]) => SiteMeta | null {
  const fleet = fleetFacts(read.head.model);
  const handed = handedFacts(read, handOvers);
  return (site, apps) => {
    const known = facts.get(site);
    if (known === undefined) return null;
    return siteMeta({
      site,
      fleet,
      facts: known,
      assignment: own(read.control.state.sites, site),
      old: movedMetas.get(site) ?? before.get(site)?.meta ?? null,
      apps,
      handed: handed.get(site) ?? {},
      releasedAs: (app) => accountAt(read, site, app),
    });
  };
}

/** The account of an app, as the release that the site is entitled to has it. */
function accountAt(
  { control, rendering }: ReadState,
  site: string,
  app: string,
): FleetAccount | null | undefined {
  const state = own(control.state.apps, app);
  const release = state === undefined ? null : entitledRelease(state.current, site);
  const model = release === null ? undefined : rendering.knownModel(release.source);
  return model === undefined ? undefined : accountIn(model, app);
}

/** What each hand-over says of its app: the release, and namespace and account as that release has them. */
function handedFacts(
  read: ReadState,
  handOvers: readonly HandOver[],
): ReadonlyMap<string, Record<string, AppFacts>> {
  const handed = new Map<string, Record<string, AppFacts>>();
  for (const { site, apps } of handOvers) {
    const facts = handed.get(site) ?? {};
    for (const { app, release, set } of apps) {
      if (!("tree" in set)) continue;
      const said = factsOf(read, { site, app, release, tree: set.tree });
      if (said !== undefined) facts[app] = said;
    }
    handed.set(site, facts);
  }
  return handed;
}

function factsOf(
  read: ReadState,
  { site, app, release, tree }: { site: string; app: string; release: string | null; tree: TreeId },
): AppFacts | undefined {
  const state = own(read.control.state.apps, app);
  const source = sourceOf(state, site, release) ?? read.head.commit;
  const spec = specOf(read, app, source);
  const namespace = read.rendering.movedTo({ app, site, tree, source }) ?? spec?.namespace;
  if (namespace === undefined) return undefined;
  const minReadyMs = minReadyOf(state, release);
  const account = spec?.serviceAccountName;
  return {
    namespace,
    release,
    ...(minReadyMs !== undefined && { minReadyMs }),
    ...(account !== undefined && { serviceAccountName: account }),
  };
}

function specOf(
  { head, rendering }: ReadState,
  app: string,
  source: string,
): App["spec"] | undefined {
  const model = rendering.knownModel(source) ?? head.model;
  return (model.apps.get(app) ?? head.model.apps.get(app))?.value.spec;
}

function minReadyOf(state: AppControl | undefined, release: string | null): number | undefined {
  const open = state?.open.find(({ id }) => id === release);
  return open?.minReadyMs ?? state?.current.openList?.minReadyMs;
}

/** The commit that an app's tree is rendered from: its candidate's, else the one of what the site is entitled to. */
function sourceOf(
  state: AppControl | undefined,
  site: string,
  release: string | null,
): string | undefined {
  if (state === undefined) return undefined;
  const candidate = state.open.find(({ id, kind }) => id === release && kind === "app");
  return candidate?.source ?? entitledRelease(state.current, site)?.source;
}
