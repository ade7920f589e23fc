import { FleetError } from "../../core/errors.ts";
import type { SourceFile } from "../../core/model/fleet-model.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Git } from "./git-process.ts";
import type { SourceLimits } from "./source-files.ts";
import { readSourceTree } from "./source-tree.ts";

/** Where a folder lies: the `.git` folder of its repository, and its path in there ("" for the root). */
interface Location {
  readonly gitDir: string;
  readonly prefix: string;
}

/** The text files of a folder of a checkout at a revision, by native git. */
export async function readNativeTree(
  git: Git,
  dir: string,
  options: {
    readonly revision: string;
    readonly limits: SourceLimits;
    readonly clock: Clock;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<readonly SourceFile[]> {
  const { revision, limits, clock, signal } = options;
  const location = await locate(git, dir);
  const commit = await resolveIn(git, location, revision);
  const { gitDir, prefix } = location;
  try {
    const treeish = await folderAt(git, location, commit);
    if (treeish !== undefined) {
      return (await readSourceTree({ git, gitDir, treeish, limits, clock, signal })).files;
    }
    // Fails where a folder is not known, so that nobody can say what is not in it.
    await git({ args: ["ls-tree", "-d", "-r", "--full-tree", commit], gitDir, signal });
  } catch (error) {
    if (!(error instanceof FleetError) || !error.message.includes("promisor remote")) throw error;
    throw missingObjects(revision, error);
  }
  throw new FleetError("GIT_NOT_FOUND", `there is no folder ${prefix} in ${revision}`, {
    retry: "never",
  });
}

/** The error of a revision of which not all is in the repository. */
export function missingObjects(revision: string, cause: unknown): FleetError {
  return new FleetError("GIT_CORRUPT", `objects of ${revision} are missing or damaged`, {
    cause,
    hint: "nothing is fetched for it: a partial clone (`--filter`) is made whole by git fetch --refetch --no-filter",
    retry: "never",
  });
}

/** The commit that a revision names, by native git. */
export async function resolveNativeRevision(
  git: Git,
  dir: string,
  revision: string,
): Promise<string> {
  return resolveIn(git, await locate(git, dir), revision);
}

async function locate(git: Git, dir: string): Promise<Location> {
  const args = ["rev-parse", "--absolute-git-dir", "--show-prefix"];
  // A folder that looks like a repository may well be files that somebody committed: its configuration is not read.
  const secretConfig = { "safe.bareRepository": "explicit" };
  const { stdout } = await git({ args, workDir: dir, secretConfig });
  const [gitDir = "", prefix = ""] = stdout.toString("utf8").split("\n");
  return { gitDir, prefix: prefix.replace(/\/$/, "") };
}

async function resolveIn(git: Git, { gitDir }: Location, revision: string): Promise<string> {
  const found = await verify(git, gitDir, `${revision}^{commit}`);
  if (found !== undefined) return found;
  const isBegun = (await verify(git, gitDir, "HEAD^{commit}")) ?? (await anyRef(git, gitDir));
  throw isBegun === undefined ? noCommit(revision) : unknownRevision(revision);
}

async function anyRef(git: Git, gitDir: string): Promise<string | undefined> {
  const { stdout } = await git({ args: ["for-each-ref", "--count=1"], gitDir });
  return stdout.toString("utf8") || undefined;
}

/** The error of a revision in a repository without any commit. */
export function noCommit(revision: string): FleetError {
  const message = `there is no commit here, and so no revision ${JSON.stringify(revision)}`;
  return new FleetError("GIT_NOT_FOUND", message, {
    hint: "commit the fleet (git add, git commit), or leave the revision out: then what lies here is read",
    retry: "never",
  });
}

/** The error of a revision that names no commit. */
export function unknownRevision(revision: string): FleetError {
  return new FleetError("GIT_NOT_FOUND", `unknown revision ${JSON.stringify(revision)}`, {
    hint: "name a branch, tag or commit that this checkout has (a shallow clone has only the newest ones)",
    retry: "never",
  });
}

/** The tree of the folder at a commit. Undefined when there is none, or a file. */
async function folderAt(
  git: Git,
  { gitDir, prefix }: Location,
  commit: string,
): Promise<string | undefined> {
  const oid = prefix === "" ? commit : await verify(git, gitDir, `${commit}:${prefix}`);
  return oid === undefined ? undefined : verify(git, gitDir, `${oid}^{tree}`);
}

async function verify(git: Git, gitDir: string, name: string): Promise<string | undefined> {
  const args = ["rev-parse", "--quiet", "--verify", "--end-of-options", name];
  const { code, stdout } = await git({ args, gitDir, codes: [0, 1, 128] });
  const oid = stdout.toString("utf8").trim();
  return code === 0 && /^[0-9a-f]+$/.test(oid) ? oid : undefined;
}
