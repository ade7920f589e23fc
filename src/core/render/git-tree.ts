import { hash } from "node:crypto";
import type { TreeId } from "./rendered.ts";

/** A file of a tree: a name without `/`, and its text. */
export interface TreeFile {
  readonly name: string;
  readonly text: string;
}

/** The id (SHA-1) that git gives a blob with this text. */
export function blobId(text: string): string {
  return blobHash(text).toString("hex");
}

/** The same, as its bytes. */
export function blobHash(text: string): Buffer {
  return hash("sha1", `blob ${Buffer.byteLength(text)}\0${text}`, "buffer");
}

/** The id that git gives a tree of ordinary files; their order does not matter. */
export function treeId(files: readonly TreeFile[]): TreeId {
  return treeIdOfEntries(files.map(({ name, text }) => treeEntry({ name, blob: blobHash(text) })));
}

/** A file of a tree as git hashes it. */
export interface TreeFileEntry {
  readonly name: Buffer;
  readonly bytes: Buffer;
}

/** The entry of a file whose hash is known. */
export function treeEntry({ name, blob }: { name: string; blob: Buffer }): TreeFileEntry {
  const bytes = Buffer.from(name);
  return { name: bytes, bytes: Buffer.concat([Buffer.from("100644 "), bytes, zero, blob]) };
}

const zero = Buffer.from([0]);

/** The id of a tree with these entries. */
export function treeIdOfEntries(entries: readonly TreeFileEntry[]): TreeId {
  const sorted = entries.toSorted((a, b) => Buffer.compare(a.name, b.name)); // git orders names by bytes
  const length = sorted.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const header = Buffer.from(`tree ${length}\0`);
  return hash("sha1", Buffer.concat([header, ...sorted.map(({ bytes }) => bytes)]), "hex");
}
