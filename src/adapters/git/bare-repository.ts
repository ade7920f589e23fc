import { mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { FleetError } from "../../core/errors.ts";
import { makeFolder, syncPath } from "./durable.ts";
import type { Git } from "./git-process.ts";
import { removeStaleFiles } from "./stale-files.ts";

const oldest = { major: 2, minor: 36 };

/** Checks that git is there and new enough (2.36, for `cat-file --batch-command`). */
export async function checkGitVersion(git: Git): Promise<void> {
  const version = await gitVersion(git);
  if (isRecentEnough(version)) return;
  throw new FleetError("GIT_FAILED", `git ${version} is too old`, {
    hint: `install git ${oldest.major}.${oldest.minor} or newer`,
    retry: "never",
  });
}

/** The version of the git that is installed. */
export async function gitVersion(git: Git): Promise<string> {
  const { stdout } = await git({ args: ["version"] });
  return /git version (\S+)/.exec(stdout.toString("utf8"))?.[1] ?? "unknown";
}

/** True for a version of git that has all that is used here. */
export function isRecentEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return major > oldest.major || (major === oldest.major && minor >= oldest.minor);
}

/**
 * Makes a bare repository ready for use: git is checked, leftovers of killed processes are removed, and with `create`
 * it is made where there is none: aside and renamed, so that a half-made one is never found. `toleratesDamage`: a folder
 * of which something is there and that cannot be made ready stays as it is, and what is asked of it fails.
 */
export async function openBareRepository(
  git: Git,
  dir: string,
  options: { readonly create: boolean; readonly toleratesDamage?: boolean | undefined },
): Promise<void> {
  if (!isAbsolute(dir)) throw new Error(`not an absolute path: ${dir}`);
  await checkGitVersion(git);
  try {
    await makeReady(git, dir, options.create);
  } catch (error) {
    if (options.toleratesDamage !== true || !(await isInUse(dir))) throw error;
  }
}

async function makeReady(git: Git, dir: string, create: boolean): Promise<void> {
  if (!(await isRepository(dir))) {
    if (!create) throw new FleetError("GIT_NOT_FOUND", `there is no git repository in ${dir}`);
    await createRepository(git, dir);
  }
  await removeStaleFiles(dir);
}

/** Something is there, be it no folder or one that cannot be read. */
async function isInUse(dir: string): Promise<boolean> {
  try {
    return (await readdir(dir)).length > 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}

async function isRepository(dir: string): Promise<boolean> {
  const found = await Promise.all(
    ["HEAD", "objects", "refs"].map((name) => exists(join(dir, name))),
  );
  return found.every(Boolean);
}

async function createRepository(git: Git, dir: string): Promise<void> {
  await makeFolder(dirname(dir));
  const aside = await mkdtemp(`${dir}.new-`);
  try {
    const args = ["init", "--quiet", "--bare", "--template=", "--initial-branch=main"];
    await git({ args: [...args, "--object-format=sha1", aside] });
    for (const name of ["HEAD", "config", "objects", "refs", "."])
      await syncPath(join(aside, name));
    await rename(aside, dir);
    await syncPath(dirname(dir));
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    // Another process made it at the same moment.
    if (await isRepository(dir)) return;
    throw notEmpty(error) ?? error;
  }

  function notEmpty(error: unknown): FleetError | undefined {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOTDIR") return undefined;
    return new FleetError("GIT_FAILED", `${dir} is not empty and is no git repository`, {
      cause: error,
      hint: "name an empty folder",
      retry: "never",
    });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
