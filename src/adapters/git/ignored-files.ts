import { FleetError } from "../../core/errors.ts";
import { type Git, isGitMissing } from "./git-process.ts";

/**
 * What lies in a folder of a checkout and no commit will hold, as git ignores it: paths relative to the folder, those of
 * whole folders with `/` at the end. None where there is no git or no repository, or where all of the folder is ignored:
 * then nobody means to commit it there. Where git cannot read the repository, nobody knows: GIT_FAILED, GIT_CORRUPT.
 */
export async function ignoredFiles(git: Git, dir: string): Promise<ReadonlySet<string>> {
  const args = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"];
  try {
    const { stdout } = await git({ args, workDir: dir, secretConfig });
    const paths = stdout.toString("utf8").split("\0");
    return new Set(paths.includes("./") ? [] : paths);
  } catch (error) {
    if (isGitMissing(error)) return new Set();
    if (!(error instanceof FleetError)) throw error;
    if (isOutside(error) || (await isIgnored(git, dir))) return new Set();
    const { code, retry, hint } = error;
    throw new FleetError(code, `what git ignores in ${dir} is not known: ${error.message}`, {
      cause: error,
      retry,
      ...(hint !== undefined && { hint }),
    });
  }
}

const secretConfig = { "safe.bareRepository": "explicit" };

/** There is no repository, or one without a work tree, which is not heeded. */
function isOutside({ code, message }: FleetError): boolean {
  return code === "GIT_NOT_FOUND" || message.includes("cannot use bare repository");
}

/** Deep in a folder that is ignored as a whole, git breaks off instead of listing it. */
async function isIgnored(git: Git, dir: string): Promise<boolean> {
  const args = ["check-ignore", "--quiet", "."];
  try {
    const { code } = await git({ args, workDir: dir, secretConfig, codes: [0, 1] });
    return code === 0;
  } catch (error) {
    if (error instanceof FleetError) return false; // as the failure that led here says
    throw error;
  }
}
