import type { TreeEntry } from "./object-store.ts";
import type { ReadTrees } from "./tree-edit.ts";
import { type TreeItem, treeMode } from "./tree-object.ts";

const submoduleMode = "160000";

/** False for a submodule: its commit is in another repository. */
export function isStored(item: TreeItem): boolean {
  return item.mode !== submoduleMode;
}

/** All blobs under a tree, in git's order of paths. Trees that were read a short time ago cost nothing. */
export async function listTree(
  root: string,
  under: string,
  read: ReadTrees,
): Promise<readonly TreeEntry[]> {
  const trees = await readAll(root, read);
  const entries: TreeEntry[] = [];
  const visit = (tree: string, prefix: string): void => {
    for (const item of trees.get(tree) ?? []) {
      const path = prefix + item.name;
      if (item.mode === treeMode) visit(item.oid, `${path}/`);
      else if (isStored(item)) entries.push({ path, type: "blob", oid: item.oid });
    }
  };
  visit(root, under === "" ? "" : `${under}/`);
  return entries;
}

/** All trees under one, read level by level. */
async function readAll(root: string, read: ReadTrees): Promise<Map<string, readonly TreeItem[]>> {
  const trees = new Map<string, readonly TreeItem[]>();
  let open = [root];
  while (open.length > 0) {
    const level = await read(open);
    for (const [oid, items] of level) trees.set(oid, items);
    const folders = [...level.values()].flat().filter(({ mode }) => mode === treeMode);
    open = [...new Set(folders.map(({ oid }) => oid))].filter((oid) => !trees.has(oid));
  }
  return trees;
}
