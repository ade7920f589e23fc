import { KnownNames } from "./closest-name.ts";
import type { SourceFile } from "./fleet-model.ts";
import { keptFor } from "./known-fleet.ts";
import { shortText } from "./short-text.ts";

/** A path of the repository that an App's source names. "" is the root. */
export type SourcePath =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly message: string; readonly hint: string };

const manifestExtension = /\.(ya?ml|json)$/i;

/** A path as a user writes it (`./manifests/web/`) without what does not matter; refuses one that leaves the root. */
export function sourcePath(written: string): SourcePath {
  const hint = "write a path from the root of the repository, such as manifests/web";
  if (/^([/\\]|[A-Za-z]:)/.test(written)) {
    return { ok: false, message: `the path "${shortText(written)}" is absolute`, hint };
  }
  const parts = written.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) {
    const why = leavesRoot(parts) ? "leaves the repository" : 'goes up again by ".."';
    return { ok: false, message: `the path "${shortText(written)}" ${why}`, hint };
  }
  return { ok: true, path: parts.join("/") };
}

function leavesRoot(parts: readonly string[]): boolean {
  let depth = 0;
  return parts.some((part) => {
    depth += part === ".." ? -1 : 1;
    return depth < 0;
  });
}

/** True when the path is the source itself or inside of it. */
export function isInSource(source: string, path: string): boolean {
  return source === "" || path === source || path.startsWith(`${source}/`);
}

/** The manifest files of a source: .yaml, .yml and .json, not in dot-folders below it. `files`: sorted by path. */
export function manifestFiles(source: string, files: readonly SourceFile[]): SourceFile[] {
  return filesInSource(source, files).filter(
    ({ path }) => manifestExtension.test(path) && !hasDotPart(path.slice(source.length)),
  );
}

/** The files of a source, of files that are sorted by path: found without looking at all of them. */
export function filesInSource(source: string, files: readonly SourceFile[]): readonly SourceFile[] {
  if (source === "") return files;
  const own = files[firstFrom(source, files)];
  const folder = firstFrom(`${source}/`, files);
  let end = folder;
  while (files[end]?.path.startsWith(`${source}/`) === true) end += 1;
  return [...(own?.path === source ? [own] : []), ...files.slice(folder, end)];
}

/** Where the files begin whose paths are not before this one. */
function firstFrom(path: string, files: readonly SourceFile[]): number {
  let [low, high] = [0, files.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((files[middle]?.path ?? "") < path) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** True for a path in a dot-folder (`.github/…`), or of a dot-file. */
export function hasDotPart(path: string): boolean {
  return /(^|\/)\./.test(path);
}

/** The folder or file that a mistyped source most likely means. */
export function nearestSource(source: string, files: readonly SourceFile[]): string | undefined {
  return sourcesIn(files).closest(source);
}

const sourcesIn = keptFor((files: readonly SourceFile[]): KnownNames => {
  const known = new Set<string>();
  for (const { path } of files) {
    if (!manifestExtension.test(path) || hasDotPart(path)) continue;
    known.add(path);
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      known.add(path.slice(0, end));
    }
  }
  return new KnownNames(known);
});
