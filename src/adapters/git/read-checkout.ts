import { resolve } from "node:path";
import type { SourceFile } from "../../core/model/fleet-model.ts";
import type { Clock } from "../../runtime/clock.ts";
import { systemClock } from "../../runtime/system-clock.ts";
import { gitVersion, isRecentEnough } from "./bare-repository.ts";
import { readIsomorphicTree, resolveIsomorphicRevision } from "./checkout-isomorphic.ts";
import { readNativeTree, resolveNativeRevision } from "./checkout-native.ts";
import { createGit, type Git, isGitMissing } from "./git-process.ts";
import { ignoredFiles } from "./ignored-files.ts";
import { defaultSourceLimits, type SourceLimits } from "./source-files.ts";
import { readWorkTree } from "./work-tree.ts";

/** How a checkout is read. */
export interface CheckoutOptions {
  readonly clock?: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly limits?: Partial<SourceLimits>;
  /** Default: native git where there is one that is new enough, else isomorphic-git. Both give the same. */
  readonly reader?: "native" | "isomorphic";
}

/**
 * The files of a checkout, sorted by path, with paths relative to `dir` (which may be a folder inside a
 * repository). Without `revision` those that lie there now, tracked or not, but for what git ignores; with it those of that commit. Dot-folders,
 * node_modules, links, submodules and files that are no text are left out; YAML and JSON files that cannot be read (links,
 * too large, not UTF-8) have a `problem`. In charts and kustomizations bytes are carried along, and what cannot be has
 * its reason in `leftOut`. Too many files, or too large together, are INVALID_FLEET. An unknown revision, folder or repository is GIT_NOT_FOUND.
 */
export async function readCheckout(
  dir: string,
  options: CheckoutOptions & { readonly revision?: string | undefined } = {},
): Promise<readonly SourceFile[]> {
  const limits = { ...defaultSourceLimits, ...options.limits };
  const folder = resolve(dir);
  const files =
    options.revision === undefined
      ? await readWorkTree(folder, {
          limits,
          ignored: () => ignoredFiles(checkoutGit(options), folder),
          signal: options.signal,
        })
      : await readRevision(folder, options.revision, { ...options, limits });
  return files.toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
}

/** The commit (full id) that a revision names in the repository of a checkout; GIT_NOT_FOUND when it names none. */
export async function resolveRevision(
  dir: string,
  revision: string,
  options: CheckoutOptions = {},
): Promise<string> {
  const git = checkoutGit(options);
  const folder = resolve(dir);
  return (await readerOf(options, git)) === "native"
    ? resolveNativeRevision(git, folder, revision)
    : resolveIsomorphicRevision(folder, revision);
}

async function readRevision(
  folder: string,
  revision: string,
  options: CheckoutOptions & { readonly limits: SourceLimits },
): Promise<readonly SourceFile[]> {
  const git = checkoutGit(options);
  const { limits, signal } = options;
  if ((await readerOf(options, git)) === "isomorphic") {
    return readIsomorphicTree(folder, { revision, limits, signal });
  }
  const clock = options.clock ?? systemClock();
  return readNativeTree(git, folder, { revision, limits, signal, clock });
}

function checkoutGit({ clock, signal }: CheckoutOptions): Git {
  return createGit({ clock: clock ?? systemClock(), signal });
}

async function readerOf(options: CheckoutOptions, git: Git): Promise<"native" | "isomorphic"> {
  if (options.reader !== undefined) return options.reader;
  try {
    return isRecentEnough(await gitVersion(git)) ? "native" : "isomorphic";
  } catch (error) {
    if (isGitMissing(error)) return "isomorphic";
    throw error;
  }
}
