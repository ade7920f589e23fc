import { createHash } from "node:crypto";
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
  return objectHash("blob", Buffer.from(text));
}

/** The id that git gives a tree of ordinary files; their order does not matter. */
export function treeId(files: readonly TreeFile[]): TreeId {
  return treeIdOf(files.map(({ name, text }) => ({ name, blob: blobHash(text) })));
}

/** The same, of files whose hashes are known. */
export function treeIdOf(files: readonly { name: string; blob: Buffer }[]): TreeId {
  const entries = files
    .map(({ name, blob }) => ({ name: Buffer.from(name), blob }))
    .toSorted((a, b) => Buffer.compare(a.name, b.name)) // git orders names by bytes
    .flatMap(({ name, blob }) => [Buffer.from("100644 "), name, Buffer.from([0]), blob]);
  return objectHash("tree", Buffer.concat(entries)).toString("hex");
}

function objectHash(type: "blob" | "tree", content: Buffer): Buffer {
  return createHash("sha1").update(`${type} ${content.length}\0`).update(content).digest();
}
