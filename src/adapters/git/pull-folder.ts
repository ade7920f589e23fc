import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SourceFile } from "../../core/model/fleet-model.ts";
import type { Clock } from "../../runtime/clock.ts";
import { safeUrl } from "../charts/safe-url.ts";
import { createGit } from "./git-process.ts";
import { defaultSourceLimits } from "./source-files.ts";
import { readSourceTree } from "./source-tree.ts";

/**
 * The files of a folder of a remote repository at a commit; GIT_NOT_FOUND where there is none, VENDOR_FAILED for a URL
 * that is not fetched.
 */
export async function pullFolder(
  { url, commit, path }: { readonly url: string; readonly commit: string; readonly path: string },
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal | undefined },
): Promise<readonly SourceFile[]> {
  const protocols = safeUrl(url).protocol === "https:" ? "https" : "http";
  const git = createGit({ clock, signal });
  const gitDir = await mkdtemp(join(tmpdir(), "flotilla-pull-"));
  try {
    await git({ args: ["init", "--quiet", "--bare", gitDir] });
    const args = ["fetch", "--quiet", "--depth=1", "--no-tags", "--end-of-options", url, commit];
    await git({ args, gitDir, protocols });
    const treeish = path === "" ? commit : `${commit}:${path}`;
    return (
      await readSourceTree({ git, gitDir, treeish, limits: defaultSourceLimits, clock, signal })
    ).files;
  } finally {
    await rm(gitDir, { recursive: true, force: true });
  }
}
