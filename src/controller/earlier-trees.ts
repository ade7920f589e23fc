/** What apps had at sites that have left a mirror, from the history of that mirror. */
import { broughtAlong } from "../adapters/git/brought-along.ts";
import type { ObjectStore } from "../adapters/git/object-store.ts";
import { mirrorBranch } from "../core/protocol/mirror-layout.ts";
import type { TreeId } from "../core/render/rendered.ts";
import { own } from "../core/rollout/own.ts";
import { nameOf } from "./mirror-snapshot.ts";

/** Commits that are looked through. */
const maxAge = 10_000;
/** Commits of a site's stay that are looked through. */
const maxStay = 200;
/** Folders of sites that are asked for one by one. */
const maxAsked = 20;
/** Trees of one app. */
const maxTrees = 20;

/** App -> trees of it, newest first. */
type EarlierTrees = ReadonlyMap<string, readonly TreeId[]>;

/** An app that every commit had so far, from the newest on. */
interface AppStay {
  readonly trees: Set<TreeId>;
  oldest: string;
}

/** A site that every commit had so far since the one that it left with. */
interface SiteStay {
  readonly apps: ReadonlyMap<string, AppStay>;
  /** Those of its apps that were there all the time. */
  readonly staying: Set<string>;
  /** As the last of these commits has it. */
  folder: { readonly oid: string; readonly apps: SiteApps };
  commits: number;
}

/**
 * Site -> app -> the trees that it had there before the one that it takes along, since it last came there, newest first,
 * none twice, then those which it had brought along. The site may have left the mirror since. What the mirror did not name
 * for a while was let go of then: older trees of it are not among them. Nor is anything of an app whose tree was not the last
 * there: control or a mirror has been lost, and what stood later may have had again what that tree had dropped.
 */
export async function earlierTrees(
  store: ObjectStore,
  taken: ReadonlyMap<string, Readonly<Record<string, TreeId>>>,
): Promise<ReadonlyMap<string, EarlierTrees>> {
  const found = new Map<string, EarlierTrees>();
  for (const [site, { apps }] of await staysOf(store, new Set(taken.keys()))) {
    const earlier = new Map<string, readonly TreeId[]>();
    for (const [app, stay] of apps) {
      const tree = own(taken.get(site) ?? {}, app);
      const [last] = stay.trees;
      if (tree === undefined || tree !== last) continue;
      earlier.set(app, await treesBefore(store, tree, { ...stay, site, app }));
    }
    found.set(site, earlier);
  }
  return found;
}

async function treesBefore(
  store: ObjectStore,
  tree: TreeId,
  { trees, oldest, site, app }: AppStay & { readonly site: string; readonly app: string },
): Promise<readonly TreeId[]> {
  const before = new Set(trees);
  for (const other of await broughtAlong(store, oldest, { site, app })) before.add(other);
  before.delete(tree);
  return [...before].slice(0, maxTrees);
}

/** Reads the history once for all of them. */
async function staysOf(
  store: ObjectStore,
  sites: ReadonlySet<string>,
): Promise<ReadonlyMap<string, SiteStay>> {
  const stays = new Map<string, SiteStay>();
  const open = new Set(sites);
  let commit = await store.resolve(mirrorBranch);
  for (let age = 0; commit !== null && age < maxAge && open.size > 0; age += 1) {
    const oids = await foldersOf(store, commit, open);
    for (const site of open) {
      const stay = await goOn(store, stays.get(site), { commit, oid: oids.get(site) });
      if (stay === "over") open.delete(site);
      else if (stay !== undefined) stays.set(site, stay);
    }
    commit = (await store.commit(commit))?.parents[0] ?? null;
  }
  return stays;
}

/** The folders of the sites that a commit has; a few of many are asked for one by one. */
async function foldersOf(
  store: ObjectStore,
  commit: string,
  sites: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  const places = [...sites].map((site) => `sites/${site}`);
  const entries =
    places.length > maxAsked
      ? await store.children(commit, "sites")
      : await Promise.all(places.map((path) => store.at(commit, path)));
  return new Map(entries.flatMap((each) => (each === null ? [] : [[nameOf(each.path), each.oid]])));
}

/** A site's stay with one older commit, which has this folder of it; undefined: it had left by then. */
async function goOn(
  store: ObjectStore,
  stay: SiteStay | undefined,
  { commit, oid }: { readonly commit: string; readonly oid: string | undefined },
): Promise<SiteStay | "over" | undefined> {
  if (oid === undefined) return stay === undefined ? undefined : "over";
  if (stay?.commits === maxStay) return "over";
  const folder = stay?.folder.oid === oid ? stay.folder : { oid, apps: await appsIn(store, oid) };
  const next = stay ?? newStay(folder, commit);
  next.folder = folder;
  noteApps(next, commit);
  return next;
}

function newStay(folder: SiteStay["folder"], oldest: string): SiteStay {
  const names = [...folder.apps.keys()];
  const stays = names.map((app): [string, AppStay] => [app, { trees: new Set(), oldest }]);
  return { apps: new Map(stays), staying: new Set(names), folder, commits: 0 };
}

function noteApps(stay: SiteStay, commit: string): void {
  stay.commits += 1;
  for (const app of stay.staying) {
    const known = stay.apps.get(app);
    const tree = stay.folder.apps.get(app);
    if (tree === undefined || known === undefined) {
      stay.staying.delete(app);
      continue;
    }
    known.oldest = commit;
    if (tree !== null) known.trees.add(tree);
  }
}

/** App -> its tree; null: it is marked as leaving. */
type SiteApps = ReadonlyMap<string, TreeId | null>;

async function appsIn(store: ObjectStore, folder: string): Promise<SiteApps> {
  const entries = await store.children(folder);
  return new Map(
    entries.map(({ path, type, oid }) =>
      type === "tree" ? [nameOf(path), oid] : [nameOf(path).replace(/\.leaving$/, ""), null],
    ),
  );
}
