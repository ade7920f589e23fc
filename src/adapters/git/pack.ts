import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import type { NewObject, ObjectType } from "./object-id.ts";

const typeNumbers: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 };

/** A git pack (version 2, no deltas) of these objects, chunk by chunk. Equal objects in equal order give equal bytes. */
export function* encodePack(objects: readonly NewObject[]): Generator<Uint8Array> {
  const checksum = createHash("sha1");
  const header = Buffer.alloc(12);
  header.write("PACK", "latin1");
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(objects.length, 8);
  checksum.update(header);
  yield header;
  for (const { type, bytes } of objects) {
    const entry = Buffer.concat([
      entryHeader(typeNumbers[type], bytes.length),
      // Speed over size: packs are written once here and rewritten by the repack.
      deflateSync(bytes, { level: 1 }),
    ]);
    checksum.update(entry);
    yield entry;
  }
  yield checksum.digest();
}

/** Type and size: 4 bits of size in the first byte, then 7 in each. */
function entryHeader(type: number, size: number): Buffer {
  const bytes: number[] = [];
  let rest = Math.floor(size / 16);
  let byte = (type << 4) | (size & 0x0f);
  while (rest > 0) {
    bytes.push(byte | 0x80);
    byte = rest & 0x7f;
    rest = Math.floor(rest / 128);
  }
  bytes.push(byte);
  return Buffer.from(bytes);
}
