/**
 * Results that were found before, in memory and in a folder. What is wrong with a file there (cut off, changed, of another
 * name) makes it a miss, never a result. Both are bounded.
 */
import { createHash } from "node:crypto";
import { lstat, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../runtime/clock.ts";
import { makeFolder } from "../../runtime/make-folder.ts";

/** Bounds in bytes of JSON. */
export interface CacheLimits {
  readonly memory: number;
  readonly disk: number;
}

/** JSON by names that are hashes of what it was made of. */
export class ResultCache<Result extends object> {
  readonly #folder: string | undefined;
  readonly #limits: CacheLimits;
  readonly #clock: Clock;
  readonly #isLasting: (result: Result) => boolean;
  /** In the order of their last use. */
  readonly #kept = new Map<string, { readonly result: Result; readonly size: number }>();
  #keptBytes = 0;
  #diskBytes: number | undefined;

  /** `isLasting`: whether a result is kept in the folder too. Default: all are. */
  constructor(options: {
    folder: string | undefined;
    limits: CacheLimits;
    clock: Clock;
    isLasting?: (result: Result) => boolean;
  }) {
    this.#folder = options.folder;
    this.#limits = options.limits;
    this.#clock = options.clock;
    this.#isLasting = options.isLasting ?? (() => true);
  }

  /** The result with this name, as it was written. */
  async get(key: string): Promise<Result | undefined> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept.result;
    }
    const text = await this.#read(key);
    const result = text === undefined ? undefined : (parseEntry(key, text) as Result | undefined); // its hash says that we wrote it
    if (result !== undefined) this.#remember(key, result, text?.length ?? 0);
    return result;
  }

  /** Keeps a result. */
  async set(key: string, result: Result): Promise<void> {
    const text = entryText(key, result);
    this.#remember(key, result, text.length);
    if (this.#isLasting(result)) await this.#write(key, text);
  }

  #remember(key: string, result: Result, size: number): void {
    this.#keptBytes += size - (this.#kept.get(key)?.size ?? 0);
    this.#kept.delete(key);
    this.#kept.set(key, { result, size });
    for (const [oldest, { size }] of this.#kept) {
      if (this.#keptBytes <= this.#limits.memory) return;
      this.#kept.delete(oldest);
      this.#keptBytes -= size;
    }
  }

  async #read(key: string): Promise<string | undefined> {
    if (this.#folder === undefined) return undefined;
    const path = join(this.#folder, `${key}.json`);
    try {
      // Reading a pipe would wait for ever.
      if (!(await lstat(path)).isFile()) return undefined;
      const text = await readFile(path, "utf8");
      const seconds = this.#clock.now() / 1000;
      await utimes(path, seconds, seconds); // what is used stays longest
      return text;
    } catch {
      return undefined; // a cache that cannot be read is an empty one
    }
  }

  async #write(key: string, text: string): Promise<void> {
    if (this.#folder === undefined) return;
    const path = join(this.#folder, `${key}.json`);
    const partial = `${path}.${process.pid}.part`;
    try {
      await makeFolder(this.#folder, 0o700);
      await writeFile(partial, text, { mode: 0o600 });
      await rename(partial, path);
      await this.#bound(Buffer.byteLength(text));
    } catch {
      // A cache that cannot be written costs time at the next start, and nothing else.
      await rm(partial, { force: true }).catch(() => undefined); // nor can it be taken away, then
    }
  }

  /** Takes the oldest away when there is too much, down to three quarters. */
  async #bound(added: number): Promise<void> {
    const { disk } = this.#limits;
    // The first time it is measured, with what has just been written.
    this.#diskBytes =
      this.#diskBytes === undefined ? (await this.#list()).total : this.#diskBytes + added;
    if (this.#diskBytes <= disk) return;
    const { files, total } = await this.#list();
    let left = total;
    for (const { path, size } of files.toSorted((a, b) => a.at - b.at)) {
      if (left <= disk * 0.75) break;
      await rm(path, { force: true });
      left -= size;
    }
    this.#diskBytes = left;
  }

  async #list(): Promise<{ files: { path: string; size: number; at: number }[]; total: number }> {
    const folder = this.#folder ?? "";
    const files = [];
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined); // another process took it away
      if (found?.isFile() === true) files.push({ path, size: found.size, at: found.mtimeMs });
    }
    return { files, total: files.reduce((sum, { size }) => sum + size, 0) };
  }
}

/** First line: the hash of the key and the rest. */
function entryText(key: string, result: object): string {
  const body = JSON.stringify(result);
  return `${hashOf(key, body)}\n${body}`;
}

function parseEntry(key: string, text: string): unknown {
  const end = text.indexOf("\n");
  const body = text.slice(end + 1);
  if (end < 0 || hashOf(key, body) !== text.slice(0, end)) return undefined;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined; // not ours, whatever its hash says
  }
}

function hashOf(key: string, body: string): string {
  return createHash("sha256").update(`${key}\n`).update(body).digest("hex");
}
