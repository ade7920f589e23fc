/**
 * The pack that brings somebody from a commit to a later one, made of what was written a short time ago: no process, and
 * nothing is read from the disk. In: the commits that the reader has, and the one that it wants. Out: the pack's bytes,
 * with lists as what has changed of them; null, where it is not that simple (the reader is far behind, something in
 * between was written long ago): git is to make it then.
 *
 * A pack may hold more than is needed, never less: what it names is in it, or at the reader. Of each commit, what stands
 * at the same path in the commit that the reader has is left out, and so is a tree that stands there elsewhere.
 */
import type { CommitInfo } from "./object-store.ts";
import { emptyTree, newObject } from "./object-id.ts";
import { encodeDeltaEntry, encodeEntry, joinPack } from "./pack.ts";
import type { RecentEntries } from "./recent-entries.ts";
import { treeDelta } from "./tree-delta.ts";
import type { ReadTrees } from "./tree-edit.ts";
import { encodeTree, type TreeItem, treeMode } from "./tree-object.ts";

/** What a reader of a repository wants, and what it has: commits. */
export interface NewsRange {
  readonly want: string;
  readonly haves: ReadonlySet<string>;
}

/** Where commits, trees and what was written last come from. */
export interface NewsSource {
  commit(oid: string): Promise<CommitInfo | null>;
  readonly readTrees: ReadTrees;
  readonly recent: RecentEntries;
}

/** Who is further behind, or would get more, is answered by git. */
const maxCommits = 32;
const maxBytes = 8 * 1024 * 1024;

export async function newsPack(
  source: NewsSource,
  range: NewsRange,
): Promise<readonly Buffer[] | null> {
  const commits = await commitsSince(source, range);
  if (commits === null) return null;
  const [had, ...news] = commits;
  const changed = new Map<string, ChangedTree>();
  for (const { tree } of news) {
    await findChanged(source, { before: had.tree, after: tree }, changed);
  }
  const held = await treesHeld(source, had.tree, changed);
  const entries = new Map<string, Buffer>();
  const isTaken = news.every(
    ({ oid, tree }) =>
      takeRecent(source, oid, entries) && takeTree(tree, { source, changed, held, entries }),
  );
  if (!isTaken) return null;
  const bytes = [...entries.values()].reduce((sum, { length }) => sum + length, 0);
  return bytes > maxBytes ? null : joinPack([...entries.values()]);
}

/** The commit that the reader has, and those after it, in order; null where the wanted one does not come after it. */
async function commitsSince(
  source: NewsSource,
  { want, haves }: NewsRange,
): Promise<readonly [CommitInfo, ...CommitInfo[]] | null> {
  const found: CommitInfo[] = [];
  let next: string | undefined = want;
  while (next !== undefined && found.length <= maxCommits) {
    const commit: CommitInfo | null = await source.commit(next);
    if (commit === null) return null;
    if (haves.has(next)) return [commit, ...found];
    found.unshift(commit);
    next = commit.parents.length === 1 ? commit.parents[0] : undefined;
  }
  return null;
}

/** A tree that the reader does not have at its path. */
interface ChangedTree extends Tree {
  /** What the reader has at its path, if that is a tree. */
  readonly before: Tree | undefined;
}

interface Tree {
  readonly oid: string;
  readonly items: readonly TreeItem[];
}

/** Trees, each with what the reader has at its path. */
type Level = ReadonlyMap<string, string | undefined>;

/** Adds the trees of one tree that are not at their paths in the other, level by level. */
async function findChanged(
  source: NewsSource,
  roots: { readonly before: string; readonly after: string },
  changed: Map<string, ChangedTree>,
): Promise<void> {
  let level: Level = new Map([[roots.after, roots.before]]);
  while (level.size > 0) {
    const news = new Map([...level].filter(([oid, old]) => oid !== old && !changed.has(oid)));
    const trees = await readLevel(source, news);
    for (const tree of trees) changed.set(tree.oid, tree);
    level = new Map(trees.flatMap((tree) => treesBelow(tree)));
  }
}

async function readLevel({ readTrees }: NewsSource, level: Level): Promise<ChangedTree[]> {
  const olds = [...level.values()].filter((oid) => oid !== undefined);
  const trees = await readTrees([...new Set([...level.keys(), ...olds])]);
  const treeOf = (oid: string): Tree => ({ oid, items: trees.get(oid) ?? [] });
  return [...level].map(([oid, old]) => ({
    ...treeOf(oid),
    before: old === undefined ? undefined : treeOf(old),
  }));
}

function treesBelow(tree: ChangedTree): [string, string | undefined][] {
  return [...newItems(tree)]
    .filter(([{ mode }]) => mode === treeMode)
    .map(([{ oid }, old]) => [oid, old?.mode === treeMode ? old.oid : undefined]);
}

/** The items that were not so before, each with what was there. */
function* newItems({
  items,
  before,
}: ChangedTree): Iterable<readonly [TreeItem, TreeItem | undefined]> {
  const byName = new Map(before?.items.map((item) => [item.name, item]));
  for (const item of items) {
    const old = byName.get(item.name);
    if (old?.oid !== item.oid) yield [item, old];
  }
}

/** How deep trees of mirrors are that may stand at several places: `sites/SITE/APP`. */
const depths = 3;

/** Which of the changed trees stand anywhere in a tree, as deep as they do in mirrors. */
async function treesHeld(
  source: NewsSource,
  root: string,
  changed: ReadonlyMap<string, ChangedTree>,
): Promise<ReadonlySet<string>> {
  const held = new Set([emptyTree]);
  let level = [root];
  for (let depth = 0; depth < depths; depth += 1) {
    const items = [...(await source.readTrees(level)).values()].flat();
    level = [...new Set(items.filter(({ mode }) => mode === treeMode).map(({ oid }) => oid))];
    for (const oid of level) if (changed.has(oid)) held.add(oid);
  }
  return held;
}

interface Taking {
  readonly source: NewsSource;
  readonly changed: ReadonlyMap<string, ChangedTree>;
  readonly held: ReadonlySet<string>;
  readonly entries: Map<string, Buffer>;
}

/** Takes a tree with what is new in it; false: something is not at hand. */
function takeTree(oid: string, taking: Taking): boolean {
  const { source, changed, held, entries } = taking;
  if (held.has(oid) || entries.has(oid)) return true;
  const tree = changed.get(oid);
  // The reader has it at this path.
  if (tree === undefined) return true;
  const entry = deltaOf(tree) ?? source.recent.get(oid) ?? wholeTree(tree);
  if (entry === undefined) return false;
  entries.set(oid, entry);
  for (const [item] of newItems(tree)) {
    const isTaken =
      item.mode === treeMode ? takeTree(item.oid, taking) : takeRecent(source, item.oid, entries);
    if (!isTaken) return false;
  }
  return true;
}

function takeRecent({ recent }: NewsSource, oid: string, entries: Map<string, Buffer>): boolean {
  if (entries.has(oid)) return true;
  const entry = recent.get(oid);
  if (entry !== undefined) entries.set(oid, entry);
  return entry !== undefined;
}

/** Of a long list that changed little only the change is sent. */
function deltaOf({ items, before }: ChangedTree): Buffer | undefined {
  if (before === undefined || items.length < worthALook) return undefined;
  const delta = treeDelta(before.items, items);
  return delta.length * 2 < items.length * itemBytes
    ? encodeDeltaEntry(before.oid, delta)
    : undefined;
}

const worthALook = 8;
/** About, of an item in a tree. */
const itemBytes = 40;

/** A tree that was read and not written here; undefined for one with what mirrors do not have. */
function wholeTree({ oid, items }: ChangedTree): Buffer | undefined {
  const tree = newObject("tree", encodeTree(items));
  return tree.oid === oid ? encodeEntry(tree) : undefined;
}
