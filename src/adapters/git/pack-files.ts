import { type InflateRaw, inflateSync } from "node:zlib";
import { objectId } from "./object-id.ts";

/**
 * The files that a pack holds whole, each its id (made of its bytes) and its text. What is told as a change of another
 * object is left out. It ends at whatever is not as git packs it, and after 16 MiB of objects: git says what is wrong
 * there, and whoever misses a file asks git for it.
 */
export function* filesInPack(pack: Buffer): Generator<readonly [oid: string, text: string]> {
  const end = pack.length - checksumBytes;
  let at = headerBytes;
  let left = maxBytes;
  while (at < end) {
    const { type, start, size } = entryAt(pack, at);
    left -= size;
    if (left < 0) return;
    const object = inflateAt(pack.subarray(start, end), size);
    if (object === undefined) return;
    const { bytes, read } = object;
    if (type === blob) yield [objectId("blob", bytes), bytes.toString("utf8")];
    at = start + read;
  }
}

const headerBytes = 12;
const checksumBytes = 20;
const blob = 3;
const deltaByOffset = 6;
const deltaById = 7;
const idBytes = 20;
const maxBytes = 16 * 1024 * 1024;

interface Entry {
  readonly type: number;
  /** Where its compressed bytes start. */
  readonly start: number;
  /** Of its bytes as they are. */
  readonly size: number;
}

/** The header of an entry: type and 4 bits of the size in the first byte, then 7 bits in each that follows. */
function entryAt(pack: Buffer, at: number): Entry {
  const first = pack[at] ?? 0;
  const type = (first >> 4) & 7;
  let size = first & 0x0f;
  let next = at + 1;
  let unit = 16;
  for (let byte = first; (byte & 0x80) !== 0; next++) {
    byte = pack[next] ?? 0;
    size += (byte & 0x7f) * unit;
    unit *= 128;
  }
  if (type === deltaById) next += idBytes;
  if (type === deltaByOffset) {
    while (((pack[next] ?? 0) & 0x80) !== 0) next += 1;
    next += 1;
  }
  return { type, start: next, size };
}

/** The bytes of a zlib stream that is to give so many, and how long it is. */
function inflateAt(
  stream: Buffer,
  size: number,
): { readonly bytes: Buffer; readonly read: number } | undefined {
  try {
    const options = { info: true, maxOutputLength: Math.max(size, 1), chunkSize: roomFor(size) };
    const { buffer, engine } = inflateSync(stream, options) as unknown as Inflated;
    if (buffer.length !== size) return undefined;
    return { bytes: buffer, read: engine.bytesWritten };
  } catch {
    return undefined;
  }
}

/** All of it, and a byte more by which zlib knows that it has ended. By default each file, however small, takes 16 KiB. */
function roomFor(size: number): number {
  return Math.min(Math.max(size + 1, 64), 64 * 1024);
}

/** What `info: true` makes of the answer; the types of Node do not say so. */
interface Inflated {
  readonly buffer: Buffer;
  readonly engine: Pick<InflateRaw, "bytesWritten">;
}
