import { FleetError } from "../../core/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import { createStore, type StoreBackend } from "./backend-store.ts";
import { openBareRepository } from "./bare-repository.ts";
import { createGit, type Git } from "./git-process.ts";
import { ObjectReader } from "./object-reader.ts";
import { newsPack, type NewsRange } from "./news-pack.ts";
import type { ObjectStore } from "./object-store.ts";
import { createObjectWriter } from "./object-writer.ts";
import type { RecentEntries } from "./recent-entries.ts";
import { readRef, readRefFile, type RefContext, swapRef } from "./refs.ts";
import { writeTo } from "./system-failure.ts";

/** An ObjectStore on a bare repository, with upkeep. */
export interface NativeStore extends ObjectStore {
  /** The bare repository, absolute. */
  readonly dir: string;
  /** The pack for who has a commit and wants another one, see `newsPack`; null: git is to make it. */
  news(range: NewsRange): Promise<readonly Buffer[] | null>;
  /** Gathers packs (geometric repack). Nothing is ever dropped; readers and writers go on meanwhile. */
  maintain(signal?: AbortSignal): Promise<void>;
}

/**
 * Opens a bare repository through native git (2.36 or newer, else FleetError). `create` makes it where there is none;
 * without it a missing one is GIT_NOT_FOUND. `toleratesDamage` opens one that is damaged, too: what is asked of it
 * fails as long as it is so. `signal` ends every git process of the store.
 */
export async function openStore(
  dir: string,
  options: {
    readonly create?: boolean;
    readonly toleratesDamage?: boolean;
    readonly clock: Clock;
    readonly signal?: AbortSignal | undefined;
    /** For one answer of git, default 60,000. */
    readonly timeoutMs?: number;
    /** Keeps what is written, for `news`; it may be shared by many stores. Without it git makes all packs. */
    readonly recent?: RecentEntries;
  },
): Promise<NativeStore> {
  const { clock, signal, recent } = options;
  const git = createGit({ clock, signal });
  await openBareRepository(git, dir, {
    create: options.create ?? false,
    toleratesDamage: options.toleratesDamage,
  });
  const reader = new ObjectReader({
    gitDir: dir,
    clock,
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  });
  const onAbort = (): void => void reader.close();
  signal?.addEventListener("abort", onAbort, { once: true });
  const close = async (): Promise<void> => {
    signal?.removeEventListener("abort", onAbort);
    await reader.close();
  };
  const write = createObjectWriter(dir, recent);
  const store = createStore(nativeBackend({ git, gitDir: dir, clock }, { reader, write, close }));
  return Object.assign(store, {
    dir,
    news: async (range: NewsRange) =>
      recent === undefined ? null : newsPack({ ...store, recent }, range),
    maintain: async (stop?: AbortSignal) => {
      await repack(git, dir, stop);
      reader.restart();
    },
  });
}

/** Rolls small packs and loose objects up into larger ones, keeping everything. */
export async function repack(git: Git, gitDir: string, signal?: AbortSignal): Promise<void> {
  await git({
    args: ["repack", "--quiet", "-d", "-l", "--geometric=2", "--no-write-bitmap-index"],
    gitDir,
    signal,
    timeoutMs: 3_600_000,
  });
}

function nativeBackend(
  context: RefContext,
  parts: Pick<StoreBackend, "write" | "close"> & { readonly reader: ObjectReader },
): StoreBackend {
  const { reader, write, close } = parts;
  const { git, gitDir } = context;
  // A ref that has not moved since git was asked about it is read from its file, without git.
  const known = new Map<string, string>();
  return {
    refTarget: async (ref) => {
      const inFile = await readRefFile(gitDir, ref);
      if (inFile !== null && known.get(ref) === inFile) return inFile;
      const target = await refTarget(context, reader, ref);
      if (target !== null) known.set(ref, target);
      return target;
    },
    swapRef: async (ref, target, expected) => {
      await writeTo(gitDir, () => swapRef(context, ref, { target, expected }));
      known.set(ref, target);
    },
    objects: (oids) => reader.contents(oids),
    types: async (oids) => {
      const found = await reader.info(oids);
      return new Map(
        found.flatMap((object) => (object === undefined ? [] : [[object.oid, object.type]])),
      );
    },
    write: (objects) => writeTo(gitDir, () => write(objects)),
    line: async (from, { telling, most, signal }) => {
      const those = telling === undefined ? [] : ["--fixed-strings", `--grep=${telling}`];
      const args = ["rev-list", "--first-parent", `--max-count=${most}`, ...those, from, "--"];
      const { stdout } = await git({ args, gitDir, signal });
      return stdout.toString("latin1").split("\n").filter(Boolean);
    },
    isAncestor: async (ancestor, descendant) => {
      const args = ["merge-base", "--is-ancestor", ancestor, descendant];
      return (await git({ args, gitDir, codes: [0, 1] })).code === 0;
    },
    close,
  };
}

async function refTarget(
  context: RefContext,
  reader: ObjectReader,
  ref: string,
): Promise<string | null> {
  const [found] = await reader.info([ref]);
  if (found !== undefined) return found.oid;
  // The quick way does not tell a ref that is not there from one that points at nothing.
  const oid = await readRef(context, ref);
  if (oid === null) return null;
  const [object] = await reader.info([oid]);
  if (object !== undefined) return oid;
  throw new FleetError("GIT_CORRUPT", `${ref} points at ${oid}, which is not there`);
}
