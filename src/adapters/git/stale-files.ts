import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** Git holds a lock for milliseconds; one this old belongs to a process that was killed. */
const staleMs = 5000;

/**
 * Removes what a killed git left in a bare repository: locks, temporary packs and objects, keep marks. Only what is
 * older than 5 s by the clock of the file system, so that a live writer's lock is never taken away. Gives the number of
 * those that are too young to tell.
 */
export async function removeStaleFiles(dir: string): Promise<number> {
  const now = await fileSystemTime(dir);
  let young = 0;
  for (const path of await leftovers(dir)) {
    const age = await ageOf(path, now);
    if (age === undefined) continue;
    if (age >= staleMs) await rm(path, { force: true });
    else young += 1;
  }
  return young;
}

async function leftovers(dir: string): Promise<string[]> {
  const [top, refs, objects] = await Promise.all([
    names(dir, false),
    names(join(dir, "refs"), true),
    names(join(dir, "objects"), true),
  ]);
  return [
    ...top.filter((name) => name.endsWith(".lock")).map((name) => join(dir, name)),
    ...refs.filter((name) => name.endsWith(".lock")).map((name) => join(dir, "refs", name)),
    ...objects.filter(isTemporary).map((name) => join(dir, "objects", name)),
  ];
}

function isTemporary(name: string): boolean {
  return /(^|\/)tmp_[^/]*$|^pack\/(\.tmp-[^/]*|[^/]*\.(lock|keep))$/.test(name);
}

async function names(dir: string, recursive: boolean): Promise<string[]> {
  try {
    return await readdir(dir, { recursive });
  } catch (error) {
    // A folder that vanishes meanwhile holds nothing.
    if (isMissing(error)) return [];
    throw error;
  }
}

async function ageOf(path: string, now: number): Promise<number | undefined> {
  try {
    return now - (await stat(path)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Time as the file system writes it: it may be another machine's. */
async function fileSystemTime(dir: string): Promise<number> {
  const probe = join(dir, "flotilla.probe");
  const handle = await open(probe, "w");
  try {
    await handle.write("probe\n");
    return (await handle.stat()).mtimeMs;
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
