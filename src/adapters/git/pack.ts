/** Packs and their indexes as git reads them: version 2. Equal objects in equal order give equal bytes. */
import { createHash } from "node:crypto";
import { crc32, deflateSync } from "node:zlib";
import type { GitObject, NewObject, ObjectType } from "./object-id.ts";

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
  const header = packHeader(objects.length);
  checksum.update(header);
  yield { bytes: header };
  for (const object of objects) {
    const bytes = encodeEntry(object);
    checksum.update(bytes);
    yield { bytes, oid: object.oid };
  }
  yield { bytes: checksum.digest() };
}

/** A git pack of entries that were encoded before. */
export function joinPack(entries: readonly Buffer[]): readonly Buffer[] {
  const pieces = [packHeader(entries.length), ...entries];
  const checksum = createHash("sha1");
  for (const piece of pieces) checksum.update(piece);
  return [...pieces, checksum.digest()];
}

function packHeader(count: number): Buffer {
  const header = Buffer.alloc(12);
  header.write("PACK", "latin1");
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(count, 8);
  return header;
}

/** The entry of a whole object. */
export function encodeEntry({ type, bytes }: GitObject): Buffer {
  return Buffer.concat([
    entryHeader(typeNumbers[type], bytes.length),
    isSmall(type, bytes) ? storedZlib(bytes) : deflateSync(bytes, { level: 1 }),
  ]);
}

/** The entry of an object that is told as what has changed of another one, which is in the pack or at the reader. */
export function encodeDeltaEntry(base: string, delta: Buffer): Buffer {
  return Buffer.concat([
    entryHeader(refDelta, delta.length),
    Buffer.from(base, "hex"),
    delta.length <= maxStored ? storedZlib(delta) : deflateSync(delta, { level: 1 }),
  ]);
}

const refDelta = 7;

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
