import { isInSource } from "../app-sources.ts";
import type { SourceFile } from "../fleet-model.ts";

/** The files of a repository, to be asked for by path. */
export interface FileIndex {
  readonly files: readonly SourceFile[];
  readonly byPath: ReadonlyMap<string, SourceFile>;
  readonly folders: ReadonlySet<string>;
}

/** Makes the index of a repository's files. */
export function indexFiles(files: readonly SourceFile[]): FileIndex {
  const folders = new Set([""]);
  for (const { path } of files) {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return { files, byPath: new Map(files.map((file) => [file.path, file])), folders };
}

/** Everything in a folder and below it. */
export function filesBelow({ files, folders }: FileIndex, folder: string): readonly SourceFile[] {
  if (!folders.has(folder)) return [];
  return files.filter(({ path }) => isInSource(folder, path));
}

/** A path that another one names from a folder: undefined where it leaves the root. */
export function resolveInside(folder: string, reference: string): string | undefined {
  const parts = folder === "" ? [] : folder.split("/");
  for (const part of reference.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}
