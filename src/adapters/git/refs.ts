import { type FileHandle, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FleetError } from "../../core/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import { refRace } from "./backend-store.ts";
import { syncPath } from "./durable.ts";
import type { Git } from "./git-process.ts";
import { removeStaleFiles } from "./stale-files.ts";

const noObject = "0".repeat(40);
const lockRetryMs = 250;
/** Longer than a lock takes to be known as stale. */
const lockRetries = 40;

/** What the functions below need of a repository. */
export interface RefContext {
  readonly git: Git;
  readonly gitDir: string;
  readonly clock: Clock;
}

/** The id a ref holds, whether or not its object is there; null when there is no such ref, GIT_CORRUPT when torn. */
export async function readRef(context: RefContext, ref: string): Promise<string | null> {
  const { git, gitDir } = context;
  const args = ["rev-parse", "--quiet", "--verify", "--end-of-options", ref];
  const { code, stdout } = await git({ args, gitDir, codes: [0, 1, 128] });
  const oid = stdout.toString("utf8").trim();
  if (code === 0 && /^[0-9a-f]{40}$/.test(oid)) return oid;
  // A power cut can leave an empty file: that is damage, not absence.
  if (await isFile(join(gitDir, ref))) {
    throw new FleetError("GIT_CORRUPT", `${ref} in ${gitDir} cannot be read`, {
      hint: "restore the ref from a replica or by hand",
      retry: "never",
    });
  }
  if (code === 128) await git({ args, gitDir, codes: [0, 1] });
  return null;
}

/** Moves a ref from `expected` (null: must not exist) to `target`; durable when it resolves, REF_RACE when it is elsewhere. */
export async function swapRef(
  context: RefContext,
  ref: string,
  move: { readonly target: string; readonly expected: string | null },
): Promise<void> {
  const { git, gitDir, clock } = context;
  if (await swapRefFile(join(gitDir, ref), move)) return;
  const args = ["update-ref", "--no-deref", ref, move.target, move.expected ?? noObject];
  let last = false;
  for (let attempt = 0; ; attempt += 1) {
    const { code } = await git({ args, gitDir, codes: last ? [0] : [0, 1, 128] });
    if (code === 0) return syncPath(dirname(join(gitDir, ref)));
    const actual = await readRef(context, ref);
    if (actual !== move.expected) throw refRace(ref, move.expected, actual);
    // Not moved and yet refused: a lock, of a live writer or of one that was killed. Or git has something else to say,
    // which the last attempt throws.
    const young = await removeStaleFiles(gitDir);
    last = attempt >= lockRetries || (young === 0 && attempt > 1);
    await clock.sleep(lockRetryMs);
  }
}

/** The id in a ref's own file; null where it is not that simple: packed, symbolic, torn, not there. */
export async function readRefFile(gitDir: string, ref: string): Promise<string | null> {
  try {
    const text = await readFile(join(gitDir, ref), "latin1");
    return /^[0-9a-f]{40}\n$/.test(text) ? text.slice(0, 40) : null;
  } catch {
    return null;
  }
}

/**
 * Moves a ref that has a file of its own, as git does it: under its lock, by rename, on the disk. False, and nothing
 * moved, whenever it is not that simple (a lock, another value, no file): git itself is asked then.
 */
async function swapRefFile(
  path: string,
  { target, expected }: { readonly target: string; readonly expected: string | null },
): Promise<boolean> {
  if (expected === null) return false;
  const lock = `${path}.lock`;
  let file: FileHandle;
  try {
    file = await open(lock, "wx");
  } catch {
    return false;
  }
  try {
    const isExpected = (await readFile(path, "latin1")) === `${expected}\n`;
    if (isExpected) {
      await file.writeFile(`${target}\n`);
      await file.sync();
    }
    await file.close();
    if (isExpected) await rename(lock, path);
    else await rm(lock);
    if (!isExpected) return false;
  } catch {
    await file.close().catch(() => undefined);
    await rm(lock, { force: true });
    return false;
  }
  await syncPath(dirname(path));
  return true;
}

/** All refs under a prefix (`refs/flotilla/source/`) with their ids. */
export async function listRefs(
  context: RefContext,
  prefix: string,
): Promise<ReadonlyMap<string, string>> {
  const args = ["for-each-ref", "--format=%(refname) %(objectname)", prefix];
  const { stdout } = await context.git({ args, gitDir: context.gitDir });
  const lines = stdout.toString("utf8").split("\n").filter(Boolean);
  return new Map(
    lines.map((line) => {
      const [ref = "", oid = ""] = line.split(" ");
      return [ref, oid] as const;
    }),
  );
}

/** Creates and deletes refs in one transaction. */
export async function updateRefs(
  context: RefContext,
  change: { readonly create: ReadonlyMap<string, string>; readonly remove: readonly string[] },
): Promise<void> {
  if (change.create.size === 0 && change.remove.length === 0) return;
  const lines = [
    ...[...change.create].map(([ref, oid]) => `update ${ref} ${oid}`),
    ...change.remove.map((ref) => `delete ${ref}`),
  ];
  const { git, gitDir } = context;
  try {
    await git({ args: ["update-ref", "--stdin"], gitDir, input: `${lines.join("\n")}\n` });
  } catch (error) {
    // It may have been the lock of a killed git: the next attempt must not meet it again.
    await removeStaleFiles(gitDir);
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw error;
  }
}
