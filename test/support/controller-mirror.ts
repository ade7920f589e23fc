/** A mirror as a test looks at it: with the real git. */
import { git } from "./git-repository.ts";

export interface MirrorReader {
  readonly dir: string;
  /** "" before the first commit. */
  head(): Promise<string>;
  /** Paths of all files at the head. */
  files(): Promise<string[]>;
  /** A file's text; null when it is not there. */
  file(path: string): Promise<string | null>;
  git(...args: string[]): Promise<string>;
}

export function openMirror(dir: string): MirrorReader {
  const run = (...args: string[]): Promise<string> => git(args, dir);
  const head = (): Promise<string> =>
    run("rev-parse", "--quiet", "--verify", "refs/heads/main").catch(() => "");
  return {
    dir,
    head,
    files: async () => {
      if ((await head()) === "") return [];
      const list = await run("ls-tree", "-r", "--name-only", "main");
      return list === "" ? [] : list.split("\n");
    },
    file: (path) => run("show", `main:${path}`).catch(() => null),
    git: run,
  };
}

/** Waits until `probe` gives something else than false, null or undefined. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | false | null | undefined>,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < deadline) {
    last = await probe();
    if (last !== false && last !== null && last !== undefined) return last as T;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`not within ${timeoutMs} ms: ${what} (last: ${JSON.stringify(last)})`);
}
