/**
 * Git repositories for tests, made with the real git.
 *
 *   const dir = await temporaryFolder();                          // removed at the end of the test file's process
 *   const repo = await createRepository({ "fleet.yaml": "..." }); // a work tree with one commit on main
 *   await repo.commit({ "fleet.yaml": "...", "old.yaml": null }); // null removes; gives the commit id
 *   await repo.git("push", url, "main");
 */
import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Environment of git in tests: no user or system configuration, a fixed author and time. */
const gitTestEnvironment: Readonly<Record<string, string>> = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  GIT_AUTHOR_NAME: "Test",
  GIT_AUTHOR_EMAIL: "test@example.com",
  GIT_COMMITTER_NAME: "Test",
  GIT_COMMITTER_EMAIL: "test@example.com",
  LC_ALL: "C",
};

/** Runs git and gives its stdout, trimmed; a failure throws with stderr. */
export async function git(args: readonly string[], cwd?: string): Promise<string> {
  const { stdout } = await execute("git", args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...gitTestEnvironment },
    maxBuffer: 256 * 1024 * 1024,
  });
  return stdout.trim();
}

/** A new folder under the system's temporary folder; removed when the process ends. */
export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "flotilla-test-"));
  if (folders.size === 0) process.once("exit", removeFolders);
  folders.add(dir);
  return dir;
}

const folders = new Set<string>();

function removeFolders(): void {
  for (const dir of folders) rmSync(dir, { recursive: true, force: true });
}

export interface TestRepository {
  readonly dir: string;
  git(...args: string[]): Promise<string>;
  /** Writes files (null removes), commits everything, gives the commit id. */
  commit(files: Readonly<Record<string, string | Uint8Array | null>>): Promise<string>;
}

/** A repository with a work tree, branch `main`, and one commit with `files` (none when there are none). */
export async function createRepository(
  files: Readonly<Record<string, string | Uint8Array | null>> = {},
): Promise<TestRepository> {
  const dir = await temporaryFolder();
  await git(["init", "-q", "--initial-branch=main", dir]);
  const repository: TestRepository = {
    dir,
    git: (...args) => git(args, dir),
    commit: async (changes) => {
      await writeFiles(dir, changes);
      await git(["add", "-A"], dir);
      await git(["commit", "-q", "--allow-empty", "-m", "change"], dir);
      return git(["rev-parse", "HEAD"], dir);
    },
  };
  if (Object.keys(files).length > 0) await repository.commit(files);
  return repository;
}

/** Writes files under a folder, making folders as needed; null removes. */
export async function writeFiles(
  dir: string,
  files: Readonly<Record<string, string | Uint8Array | null>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const target = join(dir, path);
    if (content === null) {
      await rm(target, { recursive: true, force: true });
      continue;
    }
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}
