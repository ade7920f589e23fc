/** The plain files of a packed tar archive, within bounds. Nothing is written: names are only names here. */
import { gunzipSync } from "node:zlib";
import { FleetError } from "../../core/errors.ts";

/** One file of an archive. */
export interface TarFile {
  readonly path: string;
  readonly bytes: Buffer;
}

/** Bounds of an archive, unpacked. */
export interface TarLimits {
  readonly maxBytes: number;
  readonly maxFiles: number;
}

/** 64 MiB, 10,000 files. */
export const defaultTarLimits: TarLimits = { maxBytes: 64 * 1024 * 1024, maxFiles: 10_000 };

const block = 512;
/** Of the length of a record in an extended header. */
const maxDigits = 20;

/** Reads a .tgz. VENDOR_FAILED for one that is damaged or too large, or that holds links or devices. */
export function readTar(packed: Buffer, limits: TarLimits = defaultTarLimits): TarFile[] {
  const tar = unpack(packed, limits);
  const files: TarFile[] = [];
  let longName: string | undefined;
  for (let at = 0; at + block <= tar.length;) {
    const entry = entryAt(tar, at);
    if (entry === undefined) break;
    at = entry.end;
    const { type, bytes } = entry;
    const path = longName ?? entry.path;
    longName = extendedName(type, bytes);
    if (isPlainFile(type, path)) files.push({ path, bytes });
    if (files.length > limits.maxFiles) throw damaged(`it has more than ${limits.maxFiles} files`);
  }
  return files;
}

interface TarEntry extends TarFile {
  readonly type: string;
  /** Where the next one begins. */
  readonly end: number;
}

/** undefined: the archive ends here. */
function entryAt(tar: Buffer, at: number): TarEntry | undefined {
  const header = tar.subarray(at, at + block);
  if (header.every((byte) => byte === 0)) return undefined;
  const size = readSize(header);
  const bytes = tar.subarray(at + block, at + block + size);
  if (bytes.length < size) throw damaged("it ends in the middle of a file");
  const end = at + block + Math.ceil(size / block) * block;
  return { path: nameOf(header), type: String.fromCharCode(header[156] ?? 0), bytes, end };
}

function isPlainFile(type: string, path: string): boolean {
  if (type === "0" || type === "\0") return true;
  if (ignoredTypes.has(type)) return false;
  throw damaged(`${JSON.stringify(path)} is a link or a device`);
}

/** Folders, and headers that speak of the next entry or of all. */
const ignoredTypes = new Set(["5", "x", "g", "L"]);

function unpack(packed: Buffer, { maxBytes }: TarLimits): Buffer {
  try {
    return gunzipSync(packed, { maxOutputLength: maxBytes });
  } catch (cause) {
    throw damaged(`it cannot be unpacked to at most ${maxBytes} bytes`, cause);
  }
}

function readSize(header: Buffer): number {
  const text = textOf(header.subarray(124, 136)).trim();
  if (!/^[0-7]+$/.test(text)) throw damaged("a size in it cannot be read");
  const sum = header.reduce(
    (total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte),
    0,
  );
  if (Number.parseInt(textOf(header.subarray(148, 156)).trim(), 8) !== sum) {
    throw damaged("the checksum of a header is wrong");
  }
  return Number.parseInt(text, 8);
}

function nameOf(header: Buffer): string {
  const name = textOf(header.subarray(0, 100));
  const isUstar = header.subarray(257, 262).toString("latin1") === "ustar";
  const prefix = isUstar ? textOf(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** The name of the next entry, where this one is there to tell it. */
function extendedName(type: string, content: Buffer): string | undefined {
  if (type === "L") return textOf(content);
  if (type !== "x") return undefined;
  for (let at = 0; at < content.length;) {
    const length = Number.parseInt(content.subarray(at, at + maxDigits).toString("latin1"), 10);
    if (!(length > 0)) throw damaged("a header in it cannot be read");
    const record = content.subarray(at, at + length).toString("utf8");
    const path = /^\d+ path=([^]*)\n$/.exec(record)?.[1];
    if (path !== undefined) return path;
    at += length;
  }
  return undefined;
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.subarray(0, end < 0 ? bytes.length : end).toString("utf8");
}

function damaged(why: string, cause?: unknown): FleetError {
  return new FleetError("VENDOR_FAILED", `the archive is not used: ${why}`, {
    cause,
    retry: "never",
  });
}
