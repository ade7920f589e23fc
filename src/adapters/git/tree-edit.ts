import type { TreeChange } from "./object-store.ts";
import { FleetError } from "../../core/errors.ts";
import { pathSegments } from "./git-path.ts";
import { emptyTree, newObject, type NewObject } from "./object-id.ts";
import { blobMode, encodeTree, sortTree, type TreeItem, treeMode } from "./tree-object.ts";

/** Reads trees by id, several at once; one that is missing is an error of the reader. */
export type ReadTrees = (
  oids: readonly string[],
) => Promise<ReadonlyMap<string, readonly TreeItem[]>>;

/**
 * In: a tree and changes. Out: the id of the changed tree and the objects that are new in it. Only the folders on the
 * paths of the changes are read and written, whatever else the tree holds. Trees named by a change must exist: the
 * caller checks it.
 */
export async function editTree(
  root: string,
  changes: readonly TreeChange[],
  read: ReadTrees,
): Promise<EditedTree> {
  const steps = changes.map((change) => ({ change, segments: pathSegments(change.path) }));
  const objects = new Map<string, NewObject>();
  const trees = new Map<string, readonly TreeItem[]>();
  const loader = await prefetch(root, steps, read);
  const top: Folder = { oid: root, items: await loader(root), dirty: false };
  for (const step of steps) await applyStep(top, step, { loader, objects });
  const tree = seal(top, { objects, trees }) ?? keepTree([], { objects, trees });
  return { tree, objects, trees };
}

/** A changed tree with what is new in it. */
export interface EditedTree {
  readonly tree: string;
  readonly objects: ReadonlyMap<string, NewObject>;
  /** The new trees among the objects, as items. */
  readonly trees: ReadonlyMap<string, readonly TreeItem[]>;
}

interface Step {
  readonly change: TreeChange;
  readonly segments: readonly string[];
}

/** A folder that was opened: its entries are ids, or folders that were opened themselves. */
interface Folder {
  /** Its tree before the changes; undefined when it was made by them. */
  readonly oid: string | undefined;
  readonly items: Map<string, TreeItem | Folder>;
  dirty: boolean;
}

type Loader = (oid: string) => Promise<Map<string, TreeItem | Folder>>;

/** Reads all folders on the paths of the steps, level by level: one round trip for each depth. */
async function prefetch(root: string, steps: readonly Step[], read: ReadTrees): Promise<Loader> {
  const trees = new Map<string, ReadonlyMap<string, TreeItem>>([[emptyTree, new Map()]]);
  const load = async (oids: readonly string[]): Promise<void> => {
    const missing = [...new Set(oids)].filter((oid) => !trees.has(oid));
    if (missing.length === 0) return;
    for (const [oid, items] of await read(missing)) trees.set(oid, byName(items));
  };
  let open = steps.map(({ segments }) => ({ segments, oid: root }));
  for (let depth = 0; open.length > 0; depth += 1) {
    await load(open.map(({ oid }) => oid));
    open = open.flatMap(({ segments, oid }) => {
      const next = trees.get(oid)?.get(segments[depth] ?? "");
      const inside = next?.mode === treeMode && depth + 1 < segments.length;
      return inside ? [{ segments, oid: next.oid }] : [];
    });
  }
  return async (oid) => {
    await load([oid]);
    return new Map(trees.get(oid));
  };
}

function byName(items: readonly TreeItem[]): ReadonlyMap<string, TreeItem> {
  return new Map(items.map((item) => [item.name, item]));
}

interface EditContext {
  readonly loader: Loader;
  readonly objects: Map<string, NewObject>;
}

interface OpenContext extends EditContext {
  /** Make folders that are not there (in place of files too). */
  readonly create: boolean;
}

async function applyStep(top: Folder, step: Step, context: EditContext): Promise<void> {
  const { change, segments } = step;
  const removes = "remove" in change || ("tree" in change && change.tree === emptyTree);
  const opened = await openFolders(top, segments.slice(0, -1), { ...context, create: !removes });
  const last = opened?.at(-1);
  if (opened === undefined || last === undefined) return;
  const name = segments.at(-1) ?? "";
  if (!removes) last.items.set(name, itemOf(change, name, context.objects));
  else if (!last.items.delete(name)) return;
  for (const folder of opened) folder.dirty = true;
}

/** The folders from the top along the names. Undefined when one is not there and may not be made. */
async function openFolders(
  top: Folder,
  names: readonly string[],
  context: OpenContext,
): Promise<readonly Folder[] | undefined> {
  const opened = [top];
  let parent = top;
  for (const name of names) {
    const folder = await openFolder(parent, name, context);
    if (folder === undefined) return undefined;
    opened.push(folder);
    parent = folder;
  }
  return opened;
}

function itemOf(change: TreeChange, name: string, objects: Map<string, NewObject>): TreeItem {
  if ("tree" in change) return { mode: treeMode, name, oid: change.tree };
  if ("remove" in change) throw new FleetError("GIT_FAILED", "a removal makes no entry");
  const blob = newObject("blob", Buffer.from(change.content, "utf8"));
  return { mode: blobMode, name, oid: keep(blob, objects) };
}

async function openFolder(
  parent: Folder,
  name: string,
  context: OpenContext,
): Promise<Folder | undefined> {
  const item = parent.items.get(name);
  if (item !== undefined && "items" in item) return item;
  const isTree = item?.mode === treeMode;
  if (!isTree && !context.create) return undefined;
  const items = isTree ? await context.loader(item.oid) : new Map<string, TreeItem | Folder>();
  const folder: Folder = { oid: isTree ? item.oid : undefined, items, dirty: false };
  parent.items.set(name, folder);
  return folder;
}

interface Made {
  readonly objects: Map<string, NewObject>;
  readonly trees: Map<string, readonly TreeItem[]>;
}

/** Turns an opened folder into a tree, innermost first. Undefined when nothing is left in it. */
function seal(folder: Folder, made: Made): string | undefined {
  if (!folder.dirty && folder.oid !== undefined) return folder.oid;
  const items: TreeItem[] = [];
  for (const [name, item] of folder.items) {
    if (!("items" in item)) {
      items.push(item);
      continue;
    }
    const oid = seal(item, made);
    if (oid !== undefined) items.push({ mode: treeMode, name, oid });
  }
  return items.length === 0 ? undefined : keepTree(items, made);
}

function keepTree(items: readonly TreeItem[], { objects, trees }: Made): string {
  const sorted = sortTree(items);
  const oid = keep(newObject("tree", encodeTree(sorted)), objects);
  trees.set(oid, sorted);
  return oid;
}

function keep(object: NewObject, objects: Map<string, NewObject>): string {
  objects.set(object.oid, object);
  return object.oid;
}
