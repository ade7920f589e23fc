/** What mirrors have at commits, as the simulation reads it: what has the same id is read once, and is the same object. */
import type { ObjectStore, TreeEntry } from "../../src/adapters/git/object-store.ts";
import { nameOf } from "../../src/controller/mirror-snapshot.ts";
import {
  type LeavingMarker,
  type MirrorTrailers,
  parseTrailers,
} from "../../src/core/protocol/mirror-layout.ts";
import type { MirrorEntry } from "../../src/core/rollout/planner-types.ts";

/** What stands at a site. */
export interface SiteTrees {
  readonly apps: ReadonlyMap<string, MirrorEntry>;
  /** App -> those that it had had where the site came from. */
  readonly came: ReadonlyMap<string, readonly string[]>;
  /** App -> these, and the good tree. */
  readonly beside: ReadonlyMap<string, readonly string[]>;
}

export interface MirrorCommit {
  readonly parent: string | undefined;
  readonly trailers: MirrorTrailers | null;
  readonly sites: ReadonlyMap<string, SiteTrees>;
}

interface Given {
  /** `<site> <app>` */
  readonly place: string;
  readonly trees: Set<string>;
  /** What stood beside it in the oldest commit. */
  beside: readonly string[];
}

/** Commits come newest first. */
function noteGiven(given: Map<string, Given>, place: string, sites: MirrorCommit["sites"]): void {
  const [site = "", app = ""] = place.split(" ");
  const { apps, beside } = sites.get(site) ?? {};
  const entry = apps?.get(app);
  const known = given.get(place) ?? { place, trees: new Set<string>(), beside: [] };
  given.set(place, known);
  if (entry !== undefined && "tree" in entry) known.trees.add(entry.tree);
  known.beside = beside?.get(app) ?? [];
}

export class MirrorReader {
  readonly #commits = new Map<string, Promise<MirrorCommit>>();
  /** By the ids of the folders of a site. */
  readonly #sites = new Map<string, Promise<SiteTrees>>();
  readonly #objects = new Map<string, Promise<ReadonlySet<string>>>();
  readonly #texts = new Map<string, Promise<string>>();

  at(store: ObjectStore, commit: string): Promise<MirrorCommit> {
    return readOnce(this.#commits, commit, () => this.#read(store, commit));
  }

  /** Ids of the objects of an app's tree. */
  objectsOf(store: ObjectStore, tree: string): Promise<ReadonlySet<string>> {
    return readOnce(this.#objects, tree, async () => {
      const files = await store.children(tree);
      return new Set(files.map(({ path }) => path.replace(/\.yaml$/, "")));
    });
  }

  /** An object's file in an app's tree; "" where it has none. */
  textIn(store: ObjectStore, tree: string, object: string): Promise<string> {
    return readOnce(this.#texts, `${tree} ${object}`, async () => {
      const files = await store.children(tree);
      const oid = files.find(({ path }) => path === `${object}.yaml`)?.oid;
      return oid === undefined ? "" : ((await store.read([oid])).get(oid) ?? "");
    });
  }

  /**
   * The trees that each app had at each site after a time; before it too, as long as it had been there then and went on
   * to be there; and those that came along with it.
   */
  async givenAt(
    store: ObjectStore,
    head: string | null,
    isAfter: (commit: string) => boolean,
  ): Promise<readonly Given[]> {
    const given = new Map<string, Given>();
    let were: ReadonlySet<string> | undefined;
    let next: ReadonlySet<string> | undefined;
    for (let commit: string | null | undefined = head; commit;) {
      const { parent, sites } = await this.at(store, commit);
      const named = new Set(
        [...sites].flatMap(([site, { apps }]) => [...apps.keys()].map((app) => `${site} ${app}`)),
      );
      if (!isAfter(commit)) were = (were ?? next)?.intersection(named) ?? named;
      next = named;
      for (const place of were ?? named) noteGiven(given, place, sites);
      commit = parent;
    }
    return [...given.values()];
  }

  async #read(store: ObjectStore, commit: string): Promise<MirrorCommit> {
    const info = await store.commit(commit);
    if (info === null) throw new Error(`there is no commit ${commit}`);
    const [apps, good, came] = [
      await folders(store, commit, "sites"),
      await folders(store, commit, "good"),
      await folders(store, commit, "came"),
    ];
    const metas = await store.children(commit, "meta");
    const assigned = metas.map(({ path }) => nameOf(path).replace(/\.json$/, ""));
    const sites = new Map<string, SiteTrees>();
    for (const site of [...new Set([...apps.keys(), ...good.keys(), ...assigned])].toSorted()) {
      const ids = [apps.get(site) ?? "", good.get(site) ?? "", came.get(site) ?? ""] as const;
      sites.set(site, await readOnce(this.#sites, ids.join(" "), () => readSite(store, ids)));
    }
    return { parent: info.parents[0], trailers: parseTrailers(info.message) ?? null, sites };
  }
}

function readOnce<T>(known: Map<string, T>, key: string, read: () => T): T {
  const found = known.get(key) ?? read();
  known.set(key, found);
  return found;
}

async function folders(
  store: ObjectStore,
  commit: string,
  folder: string,
): Promise<ReadonlyMap<string, string>> {
  const entries = await store.children(commit, folder);
  return new Map(entries.map(({ path, oid }) => [nameOf(path), oid]));
}

async function readSite(
  store: ObjectStore,
  [apps, good, came]: readonly [apps: string, good: string, came: string],
): Promise<SiteTrees> {
  const entries = await childrenOf(store, apps);
  const found = await Promise.all(entries.map((entry) => readEntry(store, entry)));
  const beside = new Map(
    (await childrenOf(store, good)).map(({ path, oid }) => [nameOf(path), [oid]]),
  );
  const companions = new Map<string, readonly string[]>();
  for (const { path, oid } of await childrenOf(store, came)) {
    const trees = (await store.children(oid)).map((tree) => tree.oid);
    companions.set(nameOf(path), trees);
    beside.set(nameOf(path), [...(beside.get(nameOf(path)) ?? []), ...trees]);
  }
  return { apps: new Map(found), came: companions, beside };
}

async function childrenOf(store: ObjectStore, folder: string): Promise<readonly TreeEntry[]> {
  return folder === "" ? [] : store.children(folder);
}

async function readEntry(
  store: ObjectStore,
  { path, type, oid }: TreeEntry,
): Promise<[string, MirrorEntry]> {
  if (type === "tree") return [nameOf(path), { tree: oid }];
  const text = (await store.read([oid])).get(oid) ?? "";
  const { expected: _, ...leaving } = JSON.parse(text) as LeavingMarker; // no other file lies there
  return [nameOf(path).replace(/\.leaving$/, ""), { leaving }];
}
