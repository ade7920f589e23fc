import { FleetError } from "../../core/errors.ts";

/** One line of a git tree: a mode as git writes it (`100644`, `40000`, …), a name and an id. */
export interface TreeItem {
  readonly mode: string;
  readonly name: string;
  readonly oid: string;
}

export const blobMode = "100644";
export const treeMode = "40000";

/** Reads the bytes of a tree object; GIT_CORRUPT when they are none. */
export function parseTree(oid: string, bytes: Buffer): readonly TreeItem[] {
  const items: TreeItem[] = [];
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const end = bytes.indexOf(0, at);
    if (space < 0 || end < space || end + 21 > bytes.length) {
      throw new FleetError("GIT_CORRUPT", `tree ${oid} cannot be read`);
    }
    items.push({
      mode: bytes.toString("latin1", at, space),
      name: bytes.toString("utf8", space + 1, end),
      oid: bytes.toString("hex", end + 1, end + 21),
    });
    at = end + 21;
  }
  return items;
}

/** Items in the order in which git keeps them: by bytes, a folder as if its name ended with `/`. */
export function sortTree(items: readonly TreeItem[]): readonly TreeItem[] {
  const keyed = items.map((item) => ({ item, key: sortKey(item) }));
  keyed.sort((a, b) => compareBytes(a.key, b.key));
  return keyed.map(({ item }) => item);
}

/** The bytes of a tree object; items in git's order. */
export function encodeTree(sorted: readonly TreeItem[]): Buffer {
  const heads = sorted.map(({ mode, name }) => `${mode} ${name}\0`);
  const size = heads.reduce((sum, head) => sum + Buffer.byteLength(head) + 20, 0);
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const [index, { oid }] of sorted.entries()) {
    at += bytes.write(heads[index] ?? "", at, "utf8");
    at += bytes.write(oid, at, "hex");
  }
  return bytes;
}

function sortKey({ mode, name }: TreeItem): string {
  return mode === treeMode ? `${name}/` : name;
}

/** Strings compare as their UTF-8 bytes do, but for characters outside the basic plane. */
function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  if (/[\ud800-\udfff]/.test(a + b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}
