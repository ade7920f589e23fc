import { Minimatch, braceExpand } from "minimatch";

/** Longest pattern of `Fleet.spec.ignore`. */
export const longestIgnore = 1_000;

/** Most patterns that they stand for together, with `{a,b}` written out: each file of a repository is held against all. */
export const mostIgnores = 1_000;

/** How many patterns there are, from the first one on, up to one that is beyond these bounds. */
export function countBoundedIgnores(patterns: readonly string[]): number {
  let left = mostIgnores;
  const beyond = patterns.findIndex((pattern) => {
    if (pattern.length > longestIgnore) return true;
    left -= braceExpand(pattern, { braceExpandMax: left + 1 }).length;
    return left < 0;
  });
  return beyond < 0 ? patterns.length : beyond;
}

/**
 * A test for files that `Fleet.spec.ignore` leaves alone: a pattern matches a file, or a folder with all in it. What is
 * beyond the bounds matches nothing.
 */
export function createIgnore(patterns: readonly string[]): (path: string) => boolean {
  const bounded = patterns.slice(0, countBoundedIgnores(patterns));
  const matchers = bounded.map(
    (pattern) => new Minimatch(pattern.replace(/^\.?\//, "").replace(/\/$/, ""), { dot: true }),
  );
  if (matchers.length === 0) return () => false;
  return (path) =>
    pathAndFolders(path).some((part) => matchers.some((matcher) => matcher.match(part)));
}

function pathAndFolders(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}
