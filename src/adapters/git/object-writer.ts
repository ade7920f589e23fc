import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { FleetError } from "../../core/errors.ts";
import { syncPath } from "./durable.ts";
import type { NewObject } from "./object-id.ts";
import { encodePack, encodePackIndex, maxPackBytes, type PackEntry, packEntry } from "./pack.ts";
import type { RecentEntries } from "./recent-entries.ts";

interface Batch {
  readonly objects: Map<string, NewObject>;
  readonly written: Promise<void>;
}

/**
 * Writes objects as packs, without a git process. A pack comes into place by rename, whole and on the disk, and counts
 * from when its index is there too. What comes in while one pack is being written goes into the next one together. What
 * was written is kept in `recent`, if there is one.
 */
export function createObjectWriter(
  gitDir: string,
  recent?: RecentEntries,
): (objects: readonly NewObject[]) => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: Batch | undefined;
  const startBatch = (): Batch => {
    const objects = new Map<string, NewObject>();
    const written = running.then(() => {
      next = undefined;
      return writePack(join(gitDir, "objects", "pack"), [...objects.values()], recent);
    });
    // A pack that failed is told to those who wait for it, and does not hold up the next.
    running = written.catch(() => undefined);
    return { objects, written };
  };
  return (objects) => {
    next ??= startBatch();
    for (const object of objects) next.objects.set(object.oid, object);
    return next.written;
  };
}

/** Names of files that a killed writer leaves behind: they are cleared away like git's own. */
const temporary = (folder: string, kind: "pack" | "idx", mark: string): string =>
  join(folder, `tmp_${kind}_${mark}`);

async function writePack(
  folder: string,
  objects: readonly NewObject[],
  recent: RecentEntries | undefined,
): Promise<void> {
  const mark = randomBytes(6).toString("hex");
  const pack = temporary(folder, "pack", mark);
  const index = temporary(folder, "idx", mark);
  try {
    const { entries, checksum } = await writeSynced(pack, (file) =>
      writePieces(file, objects, recent),
    );
    await writeSynced(index, (file) => file.writeFile(encodePackIndex(entries, checksum)));
    const name = join(folder, `pack-${checksum.toString("hex")}`);
    await rename(pack, `${name}.pack`);
    await rename(index, `${name}.idx`);
    await syncPath(folder);
  } catch (error) {
    await Promise.all([rm(pack, { force: true }), rm(index, { force: true })]);
    throw cannotWrite(error);
  }
}

/** Makes a file that is on the disk, with git's mode for what never changes. */
async function writeSynced<T>(path: string, write: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, "wx", 0o444);
  try {
    const result = await write(file);
    await file.sync();
    return result;
  } finally {
    await file.close();
  }
}

const chunkBytes = 256 * 1024;

async function writePieces(
  file: FileHandle,
  objects: readonly NewObject[],
  recent: RecentEntries | undefined,
): Promise<{ readonly entries: readonly PackEntry[]; readonly checksum: Buffer }> {
  const entries: PackEntry[] = [];
  let offset = 0;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let checksum: Buffer = Buffer.alloc(0);
  const flush = async (): Promise<void> => {
    await file.writeFile(Buffer.concat(waiting));
    waiting = [];
    waitingBytes = 0;
  };
  for (const { bytes, oid } of encodePack(objects)) {
    if (oid !== undefined) {
      entries.push(packEntry(oid, bytes, offset));
      recent?.keep(oid, bytes);
    }
    offset += bytes.length;
    if (offset > maxPackBytes) throw new Error(`more than ${maxPackBytes} bytes at once`);
    waiting.push(bytes);
    waitingBytes += bytes.length;
    checksum = bytes;
    // Others get their turn between two chunks of a large pack.
    if (waitingBytes >= chunkBytes) await flush();
  }
  await flush();
  return { entries, checksum };
}

function cannotWrite(cause: unknown): FleetError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FleetError("GIT_FAILED", `objects cannot be written: ${reason}`, { cause });
}
