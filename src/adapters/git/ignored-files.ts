import { type Git, isGitMissing } from "./git-process.ts";

/**
 * What lies in a folder of a checkout and no commit will hold, as git ignores it: paths relative to the folder, those of
 * whole folders with `/` at the end. None where there is no git or no repository, or where all of the folder is ignored:
 * then nobody means to commit it there.
 */
export async function ignoredFiles(git: Git, dir: string): Promise<ReadonlySet<string>> {
  const args = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"];
  const secretConfig = { "safe.bareRepository": "explicit" };
  try {
    const { code, stdout } = await git({ args, workDir: dir, secretConfig, codes: [0, 128] });
    const paths = code === 0 ? stdout.toString("utf8").split("\0") : [];
    return new Set(paths.includes("./") ? [] : paths);
  } catch (error) {
    if (isGitMissing(error)) return new Set();
    throw error;
  }
}
