/**
 * Outcomes that were found before, in memory and in a folder. What is wrong with a file there (cut off, changed) makes it
 * a miss, never an outcome. Both are bounded.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ToolOutput } from "../../core/render/tools/tool-output.ts";
import type { Clock } from "../../runtime/clock.ts";
import { makeFolder } from "../../runtime/make-folder.ts";

/** Bounds in bytes of JSON. */
export interface CacheLimits {
  readonly memory: number;
  readonly disk: number;
}

/** 128 MiB in memory, 512 MiB on disk. */
export const defaultCacheLimits: CacheLimits = {
  memory: 128 * 1024 * 1024,
  disk: 512 * 1024 * 1024,
};

export class OutputCache {
  readonly #folder: string | undefined;
  readonly #limits: CacheLimits;
  readonly #clock: Clock;
  /** In the order of their last use. */
  readonly #kept = new Map<string, { readonly output: ToolOutput; readonly size: number }>();
  #keptBytes = 0;
  #diskBytes: number | undefined;

  constructor(options: { folder: string | undefined; limits: CacheLimits; clock: Clock }) {
    this.#folder = options.folder;
    this.#limits = options.limits;
    this.#clock = options.clock;
  }

  /** What is known of a request. */
  async get(key: string): Promise<ToolOutput | undefined> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept.output;
    }
    const text = await this.#read(key);
    const output = text === undefined ? undefined : parseEntry(text);
    if (output !== undefined) this.#remember(key, output, text?.length ?? 0);
    return output;
  }

  /** Keeps an outcome; one that refuses its source in memory only, since a mistake is mended. */
  async set(key: string, output: ToolOutput): Promise<void> {
    const text = entryText(output);
    this.#remember(key, output, text.length);
    if (output.problems.length === 0) await this.#write(key, text);
  }

  #remember(key: string, output: ToolOutput, size: number): void {
    this.#keptBytes += size - (this.#kept.get(key)?.size ?? 0);
    this.#kept.delete(key);
    this.#kept.set(key, { output, size });
    for (const [oldest, { size }] of this.#kept) {
      if (this.#keptBytes <= this.#limits.memory || this.#kept.size === 1) return;
      this.#kept.delete(oldest);
      this.#keptBytes -= size;
    }
  }

  async #read(key: string): Promise<string | undefined> {
    if (this.#folder === undefined) return undefined;
    const path = join(this.#folder, `${key}.json`);
    try {
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
    try {
      await makeFolder(this.#folder, 0o700);
      const path = join(this.#folder, `${key}.json`);
      const partial = `${path}.${process.pid}.part`;
      await writeFile(partial, text, { mode: 0o600 });
      await rename(partial, path);
      await this.#bound(Buffer.byteLength(text));
    } catch {
      // A cache that cannot be written costs time at the next start, and nothing else.
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

/** First line: the hash of the rest. */
function entryText(output: ToolOutput): string {
  const body = JSON.stringify(output);
  return `${hashOf(body)}\n${body}`;
}

function parseEntry(text: string): ToolOutput | undefined {
  const end = text.indexOf("\n");
  const body = text.slice(end + 1);
  if (end < 0 || hashOf(body) !== text.slice(0, end)) return undefined;
  return JSON.parse(body) as ToolOutput; // its hash says that we wrote it
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
