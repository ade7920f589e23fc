/**
 * The demo's fleet repository: a checkout of the template, or of a fleet of the reader's own, that the reader edits. The
 * controller follows its branch where it lies, so that a commit is all that it takes.
 */
import { cp, lstat, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkGitVersion } from "../adapters/git/bare-repository.ts";
import { createGit } from "../adapters/git/git-process.ts";
import { FleetError } from "../core/errors.ts";
import type { Clock } from "../runtime/clock.ts";

const template = fileURLToPath(new URL("../../fleet-repo-template", import.meta.url));
const branchFile = ".git/refs/heads/main";

/** A commit, and when it became the branch's head (ms, by the file system's clock, which is this machine's). */
export interface Pushed {
  readonly commit: string;
  readonly at: number;
}

/** An edit that may be made to the fleet: the next version of the storefront's web server. */
export interface Suggestion {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface FleetFolder {
  /** Absolute path of the checkout. */
  readonly path: string;
  /** The branch's head now; null while git writes it. */
  head(): Promise<Pushed | null>;
  /** What to edit next; null when the reader has changed that place, or the fleet is not the template. */
  suggestion(): Promise<Suggestion | null>;
  /** Makes the edit and commits it. */
  edit(suggestion: Suggestion): Promise<Pushed>;
}

/**
 * Makes the checkout with its first commit, out of the files of `source` (default: the template), which stays as it is.
 * GIT_FAILED when git is missing or too old.
 */
export async function createFleetFolder(
  path: string,
  { clock, source }: { readonly clock: Clock; readonly source?: string | undefined },
): Promise<FleetFolder> {
  const git = createGit({ clock });
  await checkGitVersion(git);
  const inside = async (...args: string[]): Promise<void> =>
    void (await git({ args, workDir: path }));
  const commit = async (message: string, ...files: string[]): Promise<Pushed> => {
    await inside("commit", "--quiet", "--message", message, "--", ...files);
    const pushed = await headOf(path);
    if (pushed !== null) return pushed;
    throw new FleetError("GIT_FAILED", `${path} has no ${branchFile} after a commit`);
  };
  await copyFiles(source ?? template, path);
  await git({ args: ["init", "--quiet", "--template=", "--initial-branch=main", path] });
  // Whoever has no name for git yet, or signs commits by a program that asks, can commit here all the same.
  await inside("config", "user.name", "Demo Reader");
  await inside("config", "user.email", "reader@example.com");
  await inside("config", "commit.gpgSign", "false");
  await inside("add", "--all");
  await commit(source === undefined ? "Start the fleet from the template" : "Start the fleet");
  return {
    path,
    head: () => headOf(path),
    suggestion: async () => (source === undefined ? suggest(path) : null),
    edit: async ({ file, from, to }) => {
      const text = await readFile(join(path, file), "utf8");
      await writeFile(join(path, file), text.replace(from, to));
      // Nothing else that the reader has edited meanwhile.
      return commit(`Update the storefront's web server to ${to}`, file);
    },
  };
}

/** All but the history. Links stay as they are, but for `source` itself: what is done in the copy is done there alone. */
async function copyFiles(source: string, path: string): Promise<void> {
  const real = await realpath(source);
  const history = join(real, ".git");
  const filter = (file: string): boolean => file !== history;
  await cp(real, path, { recursive: true, verbatimSymlinks: true, filter });
  if ((await lstat(path)).isDirectory()) return;
  throw new Error(`${path} is no folder of its own`);
}

async function headOf(path: string): Promise<Pushed | null> {
  const file = join(path, branchFile);
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(file, "utf8"), stat(file)]);
    const commit = text.trim();
    return /^[0-9a-f]{40}$/.test(commit) ? { commit, at: Math.round(mtimeMs) } : null;
  } catch {
    // Packed by a `git gc` of the reader's: known again with the next commit.
    return null;
  }
}

const suggestedFile = "apps/storefront/manifests/deployment.yaml";

async function suggest(path: string): Promise<Suggestion | null> {
  const text = await readFile(join(path, suggestedFile), "utf8").catch(() => "");
  const found = /nginx-unprivileged:(?<from>1\.(?<minor>\d+)-alpine)/.exec(text)?.groups;
  if (found === undefined) return null;
  const { from = "", minor = "0" } = found;
  return { file: suggestedFile, from, to: `1.${Number(minor) + 1}-alpine` };
}

/** The edit in words: file, from and to. */
export function editInWords({ file, from, to }: Suggestion): string {
  return `${file}, ${from} to ${to}`;
}

/** The edit as a command for a shell. */
export function editCommand(path: string, { file, from, to }: Suggestion): string {
  const inPlace = process.platform === "darwin" ? "sed -i ''" : "sed -i";
  const place = /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
  return `cd ${place} && ${inPlace} 's/${from}/${to}/' ${file} && git commit -am 'Update nginx to ${to}'`;
}
