/** A real fleet repository for end-to-end tests: a bare repository and a work tree that pushes to it. */
import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** New texts by path; null removes a file. */
export type Edits = Readonly<Record<string, string | null>>;

export interface FleetRepo {
  /** Path of the bare repository: what the controller follows. */
  readonly url: string;
  /** Path of the work tree, for CLI commands on a checkout. */
  readonly checkout: string;
  /** Commits the edits on main and pushes; gives the commit's id. */
  commit(edits: Edits, message?: string): Promise<string>;
  /** Any git command in the work tree. */
  git(...args: string[]): Promise<string>;
}

/** Creates both in `dir`, with no commit yet. */
export async function createFleetRepo(dir: string): Promise<FleetRepo> {
  const url = join(dir, "fleet.git");
  const checkout = join(dir, "fleet");
  const identity = { name: "Ada Author", email: "ada@example.com" };
  const env = {
    PATH: process.env["PATH"] ?? "",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: identity.name,
    GIT_AUTHOR_EMAIL: identity.email,
    GIT_COMMITTER_NAME: identity.name,
    GIT_COMMITTER_EMAIL: identity.email,
  };
  const git = async (...args: string[]): Promise<string> => {
    const { stdout } = await run("git", args, { cwd: checkout, env });
    return stdout.trim();
  };
  await mkdir(checkout, { recursive: true });
  await run("git", ["init", "-q", "--bare", "-b", "main", url], { env });
  await git("init", "-q", "-b", "main");
  await git("remote", "add", "origin", url);
  const commit = async (edits: Edits, message = "Change the fleet"): Promise<string> => {
    for (const [path, text] of Object.entries(edits)) {
      const file = join(checkout, path);
      if (text === null) {
        await rm(file, { force: true });
        continue;
      }
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    await git("add", "-A");
    await git("commit", "-q", "--allow-empty", "-m", message);
    await git("push", "-q", "-f", "origin", "HEAD:main");
    return git("rev-parse", "HEAD");
  };
  return { url, checkout, commit, git };
}
