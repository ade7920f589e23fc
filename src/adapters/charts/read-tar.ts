/** The plain files of a packed tar archive, within bounds. Nothing is written: names are only names here. */
import { gunzipSync } from "node:zlib";
import { FleetError } from "../../core/errors.ts";

/** One file of an archive. */
export interface TarFile {
  readonly path: string;
  readonly bytes: Buffer;
}

/** What an archive may have, unpacked, together with the archives in it. */
export interface TarLimits {
  readonly maxBytes: number;
  readonly maxFiles: number;
}

const mebibyte = 1024 * 1024;
const defaultTarLimits: TarLimits = { maxBytes: 64 * mebibyte, maxFiles: 10_000 };

/** What is left of the limits: each archive that is read takes from it. */
export interface TarBudget {
  readonly limits: TarLimits;
  bytes: number;
  files: number;
}

/** A budget of which nothing is taken yet; without limits: 64 MiB and 10,000 files. */
export function tarBudget(limits: TarLimits = defaultTarLimits): TarBudget {
  return { limits, bytes: limits.maxBytes, files: limits.maxFiles };
}

const block = 512;
/** Of the length of a record in an extended header. */
const maxDigits = 20;

/**
 * Reads a .tgz. VENDOR_FAILED, which tells its name, for one that is damaged or more than is left of the budget, or that
 * holds links or devices.
 */
export function readTar(packed: Buffer, name: string, budget: TarBudget): TarFile[] {
  try {
    return readFiles(packed, budget);
  } catch (cause) {
    if (!(cause instanceof UnusedArchive)) throw cause;
    const message = `the archive ${JSON.stringify(name)} is not used: ${cause.message}`;
    throw new FleetError("VENDOR_FAILED", message, { cause, retry: "never" });
  }
}

/** Why an archive is not used. */
class UnusedArchive extends Error {}

function readFiles(packed: Buffer, budget: TarBudget): TarFile[] {
  const tar = unpack(packed, budget);
  const files: TarFile[] = [];
  let longName: string | undefined;
  for (let at = 0; at + block <= tar.length;) {
    const entry = entryAt(tar, at);
    if (entry === undefined) break;
    at = entry.end;
    const { type, bytes } = entry;
    const path = longName ?? entry.path;
    longName = extendedName(type, bytes);
    if (!isPlainFile(type, path)) continue;
    budget.files -= 1;
    if (budget.files < 0) throw tooMuch(`${budget.limits.maxFiles} files`);
    files.push({ path, bytes });
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

/** All that is unpacked counts, whether it belongs to a file or not. */
function unpack(packed: Buffer, budget: TarBudget): Buffer {
  try {
    const tar = gunzipSync(packed, { maxOutputLength: Math.max(1, budget.bytes) });
    budget.bytes -= tar.length;
    return tar;
  } catch (cause) {
    if (!isTooLarge(cause)) throw damaged("it cannot be unpacked", cause);
    throw tooMuch(`${budget.limits.maxBytes / mebibyte} MiB, unpacked`);
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}

function tooMuch(limit: string): UnusedArchive {
  return damaged(`with it, the chart and the archives in it have more than ${limit}`);
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

function damaged(why: string, cause?: unknown): UnusedArchive {
  return new UnusedArchive(why, { cause });
}
