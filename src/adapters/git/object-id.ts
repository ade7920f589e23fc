import { createHash } from "node:crypto";

export type ObjectType = "blob" | "tree" | "commit" | "tag";

/** An object as git stores it: its type and its bytes. */
export interface GitObject {
  readonly type: ObjectType;
  readonly bytes: Buffer;
}

/** A new object with the id that git gives it. */
export interface NewObject extends GitObject {
  readonly oid: string;
}

/** The id of the tree without entries; git knows it without storing it. */
export const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/** The SHA-1 object id (40 hex digits) that git gives these bytes. */
export function objectId(type: ObjectType, bytes: Uint8Array): string {
  return createHash("sha1").update(`${type} ${bytes.length}\0`).update(bytes).digest("hex");
}

/** An object with its id. */
export function newObject(type: ObjectType, bytes: Buffer): NewObject {
  return { oid: objectId(type, bytes), type, bytes };
}

/** True for a full object id. */
export function isObjectId(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}
