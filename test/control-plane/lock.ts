/** A lock file for work that is only wasteful, not wrong, when done twice. */
import { open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

const heartbeatMs = 5_000;
const staleAfterMs = 30_000;
const pollMs = 500;

/**
 * Runs `work` while holding the lock file at `path`, waiting for another holder first.
 * A holder that is dead, or has not touched the file for 30 s, loses it. Two processes that take
 * over a dead holder's lock in the same instant may both run.
 */
export async function withLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  await acquire(path);
  const heartbeat = setInterval(() => {
    const now = new Date();
    // A lock that was taken over has another owner's heartbeat; nothing to do about a failure.
    utimes(path, now, now).catch(() => undefined);
  }, heartbeatMs);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if ((await readOwner(path)) === ownName()) await rm(path, { force: true });
  }
}

async function acquire(path: string): Promise<void> {
  let hasSaidSo = false;
  while (!(await create(path))) {
    const owner = await readOwner(path);
    if (await isStale(path, owner)) {
      await takeAway(path, owner);
      continue;
    }
    if (!hasSaidSo) process.stderr.write(`waiting for another process (${owner}) to build\n`);
    hasSaidSo = true;
    await sleep(pollMs);
  }
}

async function create(path: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    await file.writeFile(ownName());
    await file.close();
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
}

async function isStale(path: string, owner: string | undefined): Promise<boolean> {
  if (owner === undefined) return false; // gone in the meantime: try to create it
  const [host, pid] = owner.split(" ");
  if (host === hostname() && pid !== undefined && !isAlive(Number(pid))) return true;
  try {
    return Date.now() - (await stat(path)).mtimeMs > staleAfterMs;
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, "EPERM");
  }
}

/** Renames before removing, so that a lock made by a third process meanwhile is put back. */
async function takeAway(path: string, owner: string | undefined): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
    if ((await readOwner(aside)) !== owner) await rename(aside, path);
    else await rm(aside, { force: true });
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error;
  }
}

async function readOwner(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function ownName(): string {
  return `${hostname()} ${process.pid}`;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
