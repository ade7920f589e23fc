import { hash } from "node:crypto";
import type { TreeId } from "./rendered.ts";

/** A file of a tree: a name without `/`, and its text. */
export interface TreeFile {
  readonly name: string;
  readonly text: string;
}

/** The id (SHA-1) that git gives a blob with this text. */
export function blobId(text: string): string {
  return hash("sha1", blobOf(text), "hex");
}

/** The id that git gives a tree of ordinary files; their order does not matter. */
export function treeId(files: readonly TreeFile[]): TreeId {
  return new TreeEntries(files.map(treeEntry)).idWith([]);
}

/** A file of a tree as git hashes it: bytes, each as a character of that code. */
export interface TreeFileEntry {
  readonly name: string;
  readonly bytes: string;
}

/** The entry of a file. */
export function treeEntry({ name, text }: TreeFile): TreeFileEntry {
  const bytes = Buffer.from(name).toString("latin1");
  return { name: bytes, bytes: `100644 ${bytes}\0${hash("sha1", blobOf(text), "binary")}` };
}

function blobOf(text: string): string {
  return `blob ${Buffer.byteLength(text)}\0${text}`;
}

/** Entries that many trees have in common. */
export class TreeEntries {
  /** git orders names by bytes. */
  readonly #sorted: readonly TreeFileEntry[];
  readonly #bytes: string;

  constructor(entries: readonly TreeFileEntry[]) {
    this.#sorted = sortedEntries(entries);
    this.#bytes = this.#sorted.map(({ bytes }) => bytes).join("");
  }

  /** The id of the tree with these entries, and others. */
  idWith(others: readonly TreeFileEntry[]): TreeId {
    const bytes = others.length === 0 ? this.#bytes : this.#bytesWith(sortedEntries(others));
    return hash("sha1", Buffer.from(`tree ${bytes.length}\0${bytes}`, "latin1"), "hex");
  }

  #bytesWith(others: readonly TreeFileEntry[]): string {
    let all = "";
    let [index, from, to] = [0, 0, 0];
    for (const other of others) {
      let next = this.#sorted[index];
      while (next !== undefined && next.name < other.name) {
        to += next.bytes.length;
        index += 1;
        next = this.#sorted[index];
      }
      all += this.#bytes.slice(from, to) + other.bytes;
      from = to;
    }
    return all + this.#bytes.slice(from);
  }
}

function sortedEntries(entries: readonly TreeFileEntry[]): readonly TreeFileEntry[] {
  return entries.length < 2 ? entries : entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
