import type { ObjectStore, TreeEntry } from "./object-store.ts";

/** One file that differs between two trees: null where it is not there. */
export interface FileDifference {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

/**
 * The files that differ between two tree-ishes, sorted by path. null stands for the empty tree. Only folders that
 * differ are read, so the cost follows the change.
 */
export async function diffTrees(
  store: ObjectStore,
  before: string | null,
  after: string | null,
): Promise<readonly FileDifference[]> {
  const differences =
    before === null || after === null
      ? [...(await oneSided(store, before, "before")), ...(await oneSided(store, after, "after"))]
      : await diffFolders(store, { path: "", oid: before }, { path: "", oid: after });
  return differences.toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
}

type Folder = Pick<TreeEntry, "path" | "oid">;

async function diffFolders(
  store: ObjectStore,
  before: Folder,
  after: Folder,
): Promise<readonly FileDifference[]> {
  if (before.oid === after.oid) return [];
  const [old, now] = await Promise.all([childrenOf(store, before), childrenOf(store, after)]);
  const paths = new Set([...old.keys(), ...now.keys()]);
  const parts: Promise<readonly FileDifference[]>[] = [];
  for (const path of paths) {
    const pair = [old.get(path), now.get(path)] as const;
    if (pair[0]?.oid !== pair[1]?.oid || pair[0]?.type !== pair[1]?.type) {
      parts.push(diffEntries(store, ...pair));
    }
  }
  return (await Promise.all(parts)).flat();
}

async function diffEntries(
  store: ObjectStore,
  before: TreeEntry | undefined,
  after: TreeEntry | undefined,
): Promise<readonly FileDifference[]> {
  if (before === undefined || after === undefined || before.type !== after.type) {
    return [...(await whole(store, before, "before")), ...(await whole(store, after, "after"))];
  }
  if (after.type === "tree") return diffFolders(store, before, after);
  return [{ path: after.path, before: before.oid, after: after.oid }];
}

async function whole(
  store: ObjectStore,
  entry: TreeEntry | undefined,
  side: "before" | "after",
): Promise<readonly FileDifference[]> {
  if (entry === undefined) return [];
  if (entry.type === "blob") return [sided(entry.path, entry.oid, side)];
  const files = await oneSided(store, entry.oid, side);
  return files.map((file) => Object.assign({}, file, { path: `${entry.path}/${file.path}` }));
}

async function oneSided(
  store: ObjectStore,
  treeish: string | null,
  side: "before" | "after",
): Promise<readonly FileDifference[]> {
  const entries = treeish === null ? [] : await store.list(treeish);
  return entries.map(({ path, oid }) => sided(path, oid, side));
}

function sided(path: string, oid: string, side: "before" | "after"): FileDifference {
  return side === "before"
    ? { path, before: oid, after: null }
    : { path, before: null, after: oid };
}

async function childrenOf(
  store: ObjectStore,
  folder: Folder,
): Promise<ReadonlyMap<string, TreeEntry>> {
  const entries = await store.children(folder.oid);
  const under = folder.path === "" ? "" : `${folder.path}/`;
  return new Map(
    entries.map((entry) => {
      const path = under + entry.path;
      return [path, { path, type: entry.type, oid: entry.oid }] as const;
    }),
  );
}
