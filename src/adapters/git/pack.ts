/** Packs and their indexes as git reads them: version 2, no deltas. Equal objects in equal order give equal bytes. */
import { createHash } from "node:crypto";
import { crc32, deflateSync } from "node:zlib";
import type { NewObject, ObjectType } from "./object-id.ts";

const typeNumbers: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 };

/** A piece of a pack: its header, the entry of one object, or its checksum at the end. */
export interface PackPiece {
  readonly bytes: Buffer;
  /** The object that it holds; absent for header and checksum. */
  readonly oid?: string;
}

/** A git pack of these objects, piece by piece. */
export function* encodePack(objects: readonly NewObject[]): Generator<PackPiece> {
  const checksum = createHash("sha1");
  const header = Buffer.alloc(12);
  header.write("PACK", "latin1");
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(objects.length, 8);
  checksum.update(header);
  yield { bytes: header };
  for (const { oid, type, bytes } of objects) {
    const entry = Buffer.concat([
      entryHeader(typeNumbers[type], bytes.length),
      isSmall(type, bytes) ? storedZlib(bytes) : deflateSync(bytes, { level: 1 }),
    ]);
    checksum.update(entry);
    yield { bytes: entry, oid };
  }
  yield { bytes: checksum.digest() };
}

/**
 * Speed over size: ids in trees cannot be compressed, and setting up a compressor for a small object costs more than
 * all else that is done with it.
 */
function isSmall(type: ObjectType, { length }: Buffer): boolean {
  return length <= (type === "tree" ? maxStored : 512);
}

/** The most that one stored block of a zlib stream holds. */
const maxStored = 65_535;

/** A zlib stream of one stored block. */
function storedZlib(bytes: Buffer): Buffer {
  const { length } = bytes;
  const stream = Buffer.allocUnsafe(length + 11);
  stream.writeUInt16BE(0x7801, 0);
  stream[2] = 1;
  stream.writeUInt16LE(length, 3);
  stream.writeUInt16LE(maxStored - length, 5);
  bytes.copy(stream, 7);
  stream.writeUInt32BE(adler32(bytes), length + 7);
  return stream;
}

function adler32(bytes: Buffer): number {
  let low = 1;
  let high = 0;
  for (const byte of bytes) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return high * 65_536 + low;
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

/** Where an object lies in a pack. */
export interface PackEntry {
  readonly oid: string;
  readonly offset: number;
  /** Of its bytes in the pack. */
  readonly crc: number;
}

/** The entry that a piece makes at an offset. */
export function packEntry(oid: string, bytes: Buffer, offset: number): PackEntry {
  return { oid, offset, crc: crc32(bytes) };
}

/** Offsets are kept in 31 bits: what lies further behind would need another table. */
export const maxPackBytes = 2 ** 31 - 1;

/** The index of a pack: ids in order with a table of their first bytes, checksums, offsets. */
export function encodePackIndex(entries: readonly PackEntry[], packChecksum: Buffer): Buffer {
  const sorted = entries.toSorted((a, b) => (a.oid < b.oid ? -1 : 1));
  const count = sorted.length;
  const index = Buffer.alloc(8 + 1024 + count * 28 + 40);
  index.writeUInt32BE(0xff744f63, 0);
  index.writeUInt32BE(2, 4);
  const ids = 8 + 1024;
  const crcs = ids + count * 20;
  const offsets = crcs + count * 4;
  for (const [at, { oid, crc, offset }] of sorted.entries()) {
    index.write(oid, ids + at * 20, "hex");
    index.writeUInt32BE(crc, crcs + at * 4);
    index.writeUInt32BE(offset, offsets + at * 4);
  }
  let below = 0;
  for (let byte = 0; byte < 256; byte += 1) {
    while (below < count && (index[ids + below * 20] ?? 0) <= byte) below += 1;
    index.writeUInt32BE(below, 8 + byte * 4);
  }
  packChecksum.copy(index, offsets + count * 4);
  const body = index.subarray(0, -20);
  createHash("sha1").update(body).digest().copy(index, body.length);
  return index;
}
