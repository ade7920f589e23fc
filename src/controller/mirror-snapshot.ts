/** What stands in a mirror, read from its head: the truth about what was handed over. */
import {
  cameFolder,
  goodFolder,
  LeavingMarker,
  type MirrorTrailers,
  parseTrailers,
  SiteMeta,
} from "../core/protocol/mirror-layout.ts";
import type { MirrorEntry } from "../core/rollout/planner-types.ts";
import type { TreeId } from "../core/render/rendered.ts";
import type { ObjectStore, TreeEntry } from "../adapters/git/object-store.ts";
import { recordReader } from "./record-check.ts";

/** Reads a `meta/<site>.json`. */
export const readMeta = recordReader(SiteMeta);
const readMarker = recordReader(LeavingMarker);

/** Everything of one site in a mirror. */
export interface SiteContent {
  readonly apps: ReadonlyMap<string, MirrorEntry>;
  readonly good: ReadonlyMap<string, TreeId>;
  /** Apps that have brought along what they had in another mirror. */
  readonly came: ReadonlySet<string>;
  readonly meta: SiteMeta | null;
}

export interface MirrorSnapshot {
  /** null: the mirror has no commit yet. */
  readonly head: string | null;
  readonly trailers: MirrorTrailers | null;
  readonly sites: ReadonlyMap<string, SiteContent>;
}

/** A site of which nothing stands. */
export const noContent: SiteContent = {
  apps: new Map(),
  good: new Map(),
  came: new Set(),
  meta: null,
};

/** A mirror of which nothing stands, or is known. */
export const noSnapshot: MirrorSnapshot = { head: null, trailers: null, sites: new Map() };

/** Reads a mirror at one commit. STATE_CORRUPT when a file in it cannot be read. */
export async function readSnapshot(
  store: ObjectStore,
  head: string | null,
): Promise<MirrorSnapshot> {
  if (head === null) return noSnapshot;
  const [commit, folders, goods, comers, metas] = await Promise.all([
    store.commit(head),
    foldersIn(store, head, "sites"),
    foldersIn(store, head, goodFolder),
    foldersIn(store, head, cameFolder),
    readMetas(store, head),
  ]);
  const names = [...new Set([...folders, ...goods, ...comers, ...metas.keys()])].toSorted();
  const sites = new Map<string, SiteContent>();
  const contents = await Promise.all(
    names.map((site) =>
      readSite(store, head, {
        site,
        hasApps: folders.has(site),
        hasGood: goods.has(site),
        hasCame: comers.has(site),
        meta: metas.get(site) ?? null,
      }),
    ),
  );
  for (const [index, site] of names.entries()) sites.set(site, contents[index] ?? noContent);
  return { head, trailers: parseTrailers(commit?.message ?? "") ?? null, sites };
}

async function foldersIn(store: ObjectStore, head: string, folder: string): Promise<Set<string>> {
  const entries = await store.children(head, folder);
  return new Set(entries.filter(({ type }) => type === "tree").map(({ path }) => nameOf(path)));
}

async function readMetas(store: ObjectStore, head: string): Promise<Map<string, SiteMeta>> {
  const entries = await store.children(head, "meta");
  const texts = await store.read(entries.map(({ oid }) => oid));
  return new Map(
    entries.map(({ path, oid }) => [
      nameOf(path).replace(/\.json$/, ""),
      readMeta(texts.get(oid) ?? "", path),
    ]),
  );
}

interface SiteFolders {
  readonly site: string;
  readonly hasApps: boolean;
  readonly hasGood: boolean;
  readonly hasCame: boolean;
  readonly meta: SiteMeta | null;
}

async function readSite(
  store: ObjectStore,
  head: string,
  { site, hasApps, hasGood, hasCame, meta }: SiteFolders,
): Promise<SiteContent> {
  const [entries, good, came] = await Promise.all([
    hasApps ? store.children(head, `sites/${site}`) : [],
    hasGood ? store.children(head, `${goodFolder}/${site}`) : [],
    hasCame ? store.children(head, `${cameFolder}/${site}`) : [],
  ]);
  const trees = entries.filter(({ type }) => type === "tree");
  return {
    apps: new Map([
      ...trees.map(({ path, oid }): [string, MirrorEntry] => [nameOf(path), { tree: oid }]),
      ...(await readMarkers(store, entries)),
    ]),
    good: new Map(good.map(({ path, oid }) => [nameOf(path), oid])),
    came: new Set(came.map(({ path }) => nameOf(path))),
    meta,
  };
}

async function readMarkers(
  store: ObjectStore,
  entries: readonly TreeEntry[],
): Promise<[string, MirrorEntry][]> {
  const markers = entries.filter(({ path, type }) => type === "blob" && path.endsWith(".leaving"));
  if (markers.length === 0) return [];
  const texts = await store.read(markers.map(({ oid }) => oid));
  return markers.map(({ path, oid }) => {
    const { expected: _, ...leaving } = readMarker(texts.get(oid) ?? "", path);
    return [nameOf(path).replace(/\.leaving$/, ""), { leaving }];
  });
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
