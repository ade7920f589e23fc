import { FleetError } from "../../core/errors.ts";
import { readLine } from "./commit-line.ts";
import { encodeCommit, parseCommit } from "./commit-object.ts";
import { checkRef, pathSegments } from "./git-path.ts";
import { emptyTree, type GitObject, isObjectId, newObject, type NewObject } from "./object-id.ts";
import type {
  CommitInfo,
  CommitRequest,
  LineOptions,
  ObjectStore,
  TreeChange,
  TreeEntry,
} from "./object-store.ts";
import { isStored, listTree } from "./list-tree.ts";
import { editTree, type ReadTrees } from "./tree-edit.ts";
import { parseTree, type TreeItem, treeMode } from "./tree-object.ts";

/** What an ObjectStore stands on: objects by id and refs. */
export interface StoreBackend {
  /** The commit a ref points at, null when there is no such ref. */
  refTarget(ref: string): Promise<string | null>;
  /** Moves a ref by compare-and-swap; REF_RACE. */
  swapRef(ref: string, target: string, expected: string | null): Promise<void>;
  /** Objects by id; those that are not there are absent. Damaged ones are GIT_CORRUPT. */
  objects(oids: readonly string[]): Promise<ReadonlyMap<string, GitObject>>;
  /** The types of those that are there. */
  types(oids: readonly string[]): Promise<ReadonlyMap<string, GitObject["type"]>>;
  /** Stores objects; durable when it resolves. All that they name is there or among them. */
  write(objects: readonly NewObject[]): Promise<void>;
  /** The ids of `ObjectStore.line`, at most so many; the commit is there. */
  line(from: string, options: LineOptions & { readonly most: number }): Promise<readonly string[]>;
  /** Both commits are there. */
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  close(): Promise<void>;
}

const maxCachedItems = 300_000;
const maxCachedCommits = 16;

/** An ObjectStore that gives trees as they are, too. */
export interface TreeStore extends ObjectStore {
  /** Trees by id; one that is not there is GIT_CORRUPT. */
  readonly readTrees: ReadTrees;
}

/** The one implementation of ObjectStore: trees and commits are made here, so that every backend gives the same ids. */
export function createStore(backend: StoreBackend): TreeStore {
  const trees = createTreeReader(backend);
  const context: StoreContext = { backend, trees, commits: new Map() };
  return {
    resolve: async (ref) => {
      checkRef(ref);
      return backend.refTarget(ref);
    },
    commit: (oid) => readCommit(context, oid),
    line: (from, options = {}) => readLine(backend, from, options),
    list: async (treeish, prefix = "") => {
      const entry = await entryAt(context, treeish, prefix);
      if (entry === null) return [];
      if (entry.type === "blob") return [entry];
      return listTree(entry.oid, prefix, trees.read);
    },
    children: (treeish, folder = "") => children(context, treeish, folder),
    read: (oids) => readTexts(context, oids),
    at: (treeish, path) => entryAt(context, treeish, path),
    readTrees: trees.read,
    isAncestor: (ancestor, descendant) => isAncestor(context, ancestor, descendant),
    writeTree: async (files) => {
      const edited = await editTree(emptyTree, files, trees.read);
      if (trees.has(edited.tree)) return edited.tree;
      const there = await backend.types([edited.tree]);
      if (!there.has(edited.tree)) await writeNew(context, edited.objects);
      for (const [oid, items] of edited.trees) trees.remember(oid, items);
      return edited.tree;
    },
    commitChanges: (request) => commitChanges(context, request),
    setRef: async (ref, target, expected) => {
      checkRef(ref);
      if (!isObjectId(target)) throw new Error(`not a commit id: ${target}`);
      if ((await readCommit(context, target)) === null) {
        throw new FleetError("GIT_NOT_FOUND", `${ref} cannot move: there is no commit ${target}`);
      }
      await backend.swapRef(ref, target, expected);
    },
    close: () => backend.close(),
  };
}

interface TreeReader {
  readonly read: ReadTrees;
  /** True for a tree that was read a short time ago. */
  readonly has: (oid: string) => boolean;
  /** Takes in a tree that was written. */
  readonly remember: (oid: string, items: readonly TreeItem[]) => void;
}

interface StoreContext {
  readonly backend: StoreBackend;
  readonly trees: TreeReader;
  /** The last commits that were read or made: they never change under their id. */
  readonly commits: Map<string, CommitInfo>;
}

/** Reads trees and keeps the last used ones: they never change under their id. */
function createTreeReader(backend: StoreBackend): TreeReader {
  const cache = new Map<string, readonly TreeItem[]>([[emptyTree, []]]);
  let cachedItems = 0;
  const remember = (oid: string, items: readonly TreeItem[]): void => {
    if (cache.has(oid)) return;
    cache.set(oid, items);
    cachedItems += items.length;
    for (const [oldest, old] of cache) {
      if (cachedItems <= maxCachedItems) return;
      cache.delete(oldest);
      cachedItems -= old.length;
    }
  };
  const read: ReadTrees = async (oids) => {
    const found = new Map<string, readonly TreeItem[]>();
    const missing: string[] = [];
    for (const oid of oids) {
      const items = cache.get(oid);
      if (items === undefined) missing.push(oid);
      else found.set(oid, items);
    }
    for (const [oid, object] of await readObjects(backend, missing, "tree")) {
      const items = parseTree(oid, object.bytes);
      found.set(oid, items);
      remember(oid, items);
    }
    return found;
  };
  return { read, remember, has: (oid) => cache.has(oid) };
}

/** Objects that must be there, and of this type. */
async function readObjects(
  backend: StoreBackend,
  oids: readonly string[],
  type: GitObject["type"],
): Promise<ReadonlyMap<string, GitObject>> {
  if (oids.length === 0) return new Map();
  const objects = await backend.objects(oids);
  for (const oid of oids) {
    const object = objects.get(oid);
    if (object?.type === type) continue;
    const what = object === undefined ? "is missing" : `is a ${object.type}`;
    throw new FleetError("GIT_CORRUPT", `${type} ${oid} ${what}`);
  }
  return objects;
}

async function readCommit(context: StoreContext, oid: string): Promise<CommitInfo | null> {
  checkId(oid);
  const known = context.commits.get(oid);
  if (known !== undefined) return known;
  const object = (await context.backend.objects([oid])).get(oid);
  if (object?.type !== "commit") return null;
  return rememberCommit(context, parseCommit(oid, object.bytes));
}

function rememberCommit({ commits }: StoreContext, commit: CommitInfo): CommitInfo {
  commits.set(commit.oid, commit);
  const [oldest] = commits.keys();
  if (commits.size > maxCachedCommits && oldest !== undefined) commits.delete(oldest);
  return commit;
}

async function readTexts(
  context: StoreContext,
  oids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  for (const oid of oids) checkId(oid);
  const objects = await readObjects(context.backend, [...new Set(oids)], "blob");
  return new Map([...objects].map(([oid, { bytes }]) => [oid, bytes.toString("utf8")]));
}

/** The tree of a tree-ish; GIT_NOT_FOUND when it is not in the store. */
async function rootTree(context: StoreContext, treeish: string): Promise<string> {
  checkId(treeish);
  if (treeish === emptyTree || context.trees.has(treeish)) return treeish;
  const known = context.commits.get(treeish);
  if (known !== undefined) return known.tree;
  const object = (await context.backend.objects([treeish])).get(treeish);
  if (object?.type === "tree") return treeish;
  if (object?.type === "commit") return parseCommit(treeish, object.bytes).tree;
  throw new FleetError("GIT_NOT_FOUND", `there is no commit or tree ${treeish}`);
}

async function entryAt(
  context: StoreContext,
  treeish: string,
  path: string,
): Promise<TreeEntry | null> {
  let oid = await rootTree(context, treeish);
  if (path === "") return { path, type: "tree", oid };
  let type: TreeEntry["type"] = "tree";
  for (const name of pathSegments(path)) {
    if (type !== "tree") return null;
    const item = (await context.trees.read([oid])).get(oid)?.find((entry) => entry.name === name);
    if (item === undefined || !isStored(item)) return null;
    oid = item.oid;
    type = item.mode === treeMode ? "tree" : "blob";
  }
  return { path, type, oid };
}

async function children(
  context: StoreContext,
  treeish: string,
  folder: string,
): Promise<readonly TreeEntry[]> {
  const entry = await entryAt(context, treeish, folder);
  if (entry?.type !== "tree") return [];
  const items = (await context.trees.read([entry.oid])).get(entry.oid) ?? [];
  const under = folder === "" ? "" : `${folder}/`;
  return items.filter(isStored).map(({ mode, name, oid }) => ({
    path: under + name,
    type: mode === treeMode ? "tree" : "blob",
    oid,
  }));
}

async function isAncestor(
  context: StoreContext,
  ancestor: string,
  descendant: string,
): Promise<boolean> {
  const commit = await readCommit(context, descendant);
  if (commit === null) {
    throw new FleetError("GIT_NOT_FOUND", `there is no commit ${descendant}`);
  }
  if (ancestor === descendant || commit.parents.includes(ancestor)) return true;
  if ((await readCommit(context, ancestor)) === null) return false;
  return context.backend.isAncestor(ancestor, descendant);
}

async function commitChanges(context: StoreContext, request: CommitRequest): Promise<string> {
  const { ref, parent, changes } = request;
  checkRef(ref);
  const base = parent === null ? emptyTree : await parentTree(context, parent);
  await checkTrees(context, changes);
  const { tree, objects, trees } = await editTree(base, changes, context.trees.read);
  if (parent !== null && tree === base) {
    const head = await context.backend.refTarget(ref);
    if (head !== parent) throw refRace(ref, parent, head);
    return parent;
  }
  const { author, at, message } = request;
  const parents = parent === null ? [] : [parent];
  const commit = newObject("commit", encodeCommit({ tree, parents, author, at, message }));
  // To ask which of them are there already would cost more than to write those few again.
  await context.backend.write([...objects.values(), commit]);
  rememberCommit(context, parseCommit(commit.oid, commit.bytes));
  // The next commit most likely changes these again.
  for (const [oid, items] of trees) context.trees.remember(oid, items);
  await context.backend.swapRef(ref, commit.oid, parent);
  return commit.oid;
}

async function parentTree(context: StoreContext, parent: string): Promise<string> {
  const commit = await readCommit(context, parent);
  if (commit !== null) return commit.tree;
  throw new FleetError("GIT_NOT_FOUND", `there is no commit ${parent} to build on`);
}

/** Trees that are put in by their id must be there, or the commit would have a hole. */
async function checkTrees(context: StoreContext, changes: readonly TreeChange[]): Promise<void> {
  const named = changes.filter((change) => "tree" in change);
  for (const { tree } of named) checkId(tree);
  const unknown = new Set(named.map(({ tree }) => tree).filter((tree) => !context.trees.has(tree)));
  const types = await context.backend.types([...unknown]);
  for (const { path, tree } of named) {
    if (tree === emptyTree || !unknown.has(tree) || types.get(tree) === "tree") continue;
    throw new FleetError("GIT_NOT_FOUND", `there is no tree ${tree} to put at ${path}`);
  }
}

async function writeNew(
  context: StoreContext,
  objects: ReadonlyMap<string, NewObject>,
): Promise<void> {
  const there = await context.backend.types([...objects.keys()]);
  const missing = [...objects.values()].filter(({ oid }) => !there.has(oid));
  if (missing.length > 0) await context.backend.write(missing);
}

function checkId(oid: string): void {
  if (!isObjectId(oid)) throw new Error(`not an object id: ${JSON.stringify(oid)}`);
}

/** The error of a lost compare-and-swap. */
export function refRace(ref: string, expected: string | null, actual: string | null): FleetError {
  return new FleetError(
    "REF_RACE",
    `${ref} is at ${actual ?? "nothing"}, not at ${expected ?? "nothing"}: another writer was first`,
  );
}
