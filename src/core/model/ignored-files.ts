import { Minimatch } from "minimatch";

/** A test for files that `Fleet.spec.ignore` leaves alone: a pattern matches a file, or a folder with all in it. */
export function createIgnore(patterns: readonly string[]): (path: string) => boolean {
  const matchers = patterns.map(
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
